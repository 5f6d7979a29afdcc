"""What the study makes of single radiograph files: every step, the picture, and which file is a copy of which.

The steps are told by the functions that index and preprocess a study, in the same guarded process. A value is shown
only where it can identify nobody: numbers of the image, and terms and UIDs that the standard defines. Of names, dates,
identifiers and free text it is told whether they are there, and which rule they met.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cacs_cxr.imaging import header_row
from cacs_cxr.imaging.duplicates import are_alike, centred_box, picture_details
from cacs_cxr.imaging.guard import Lost, guarded
from cacs_cxr.imaging.header_intensity import TAGS as INTENSITY_TAGS
from cacs_cxr.imaging.headers import Header, read_header
from cacs_cxr.imaging.inspected_header import (
    Step,
    admitted,
    refusal_text,
    tell_bounds,
    tell_codestream,
    tell_format,
    tell_spacing,
    tell_use,
    tell_view,
)
from cacs_cxr.imaging.inspected_intensity import tell_intensity, tell_pixels
from cacs_cxr.imaging.likeness import Detail
from cacs_cxr.imaging.radiograph import Border, Radiograph, read_radiograph, refused
from cacs_cxr.imaging.raster import raster_shape, starts_like_raster
from cacs_cxr.imaging.refusals import Refused, refusal_by_system
from cacs_cxr.imaging.silence import header_values_unspoken
from cacs_cxr.imaging.store import SECONDS_PER_FILE

TAGS = tuple(dict.fromkeys((*header_row.TAGS, *INTENSITY_TAGS)))


@dataclass(frozen=True, eq=False)
class Inspection:
    """One inspected file.

    Attributes:
        steps: of the way from the file to the study, in their order.
        radiograph: as the study reads it.
        identical_to: place of the first file with the same pixels among those inspected before, or None.
        nearly_identical_to: the same of a nearly identical picture with other pixels.
    """

    steps: tuple[Step, ...]
    radiograph: Radiograph
    identical_to: int | None = None
    nearly_identical_to: int | None = None


def inspect_files(paths: Sequence[Path], *, size: int, border: Border) -> Iterator[Inspection]:
    """Inspect files one after the other.

    Args:
        size: side of the picture in pixels.
        border: as in `read_radiograph`.
    """
    pixels: dict[str, int] = {}
    pictures: list[list[Detail]] = []
    calls = ({"path": path, "size": size, "border": border} for path in paths)
    for place, result in enumerate(guarded(inspect_file, calls, seconds=SECONDS_PER_FILE)):
        steps, radiograph = ((), refused(result.reason, size=size)) if isinstance(result, Lost) else result
        identical = nearly = None
        details = []
        if not radiograph.reason:
            identical = pixels.get(radiograph.pixel_sha256)
            details = [] if identical is not None else _details(radiograph, size=size)
            nearly = next((earlier for earlier, other in enumerate(pictures) if are_alike(details, other)), None)
            pixels.setdefault(radiograph.pixel_sha256, place)
        pictures.append(details)
        yield Inspection(steps, radiograph, identical_to=identical, nearly_identical_to=nearly)


def _details(radiograph: Radiograph, *, size: int) -> list[Detail]:
    box = radiograph.box
    inside = centred_box(box.bottom - box.top, box.right - box.left, size=size)
    return picture_details(radiograph.levels, inside)


def inspect_file(path: Path, *, size: int, border: Border) -> tuple[tuple[Step, ...], Radiograph]:
    """Steps of one file and its radiograph."""
    radiograph = read_radiograph(path, size=size, border=border)
    with header_values_unspoken():
        return tuple(tell_file(path)), radiograph


def tell_file(path: Path) -> Iterator[Step]:
    """Steps of one file as far as its header goes, topic after topic."""
    try:
        with path.open("rb") as file:
            raster = starts_like_raster(file.read(16))
        if raster:
            yield from _tell_raster(path)
            return
        header = read_header(path, tags=TAGS)
    except Refused as refusal:
        yield Step("format", "file", "", refusal_text(refusal.reason))
        return
    except OSError as error:
        yield Step("format", "file", "", refusal_text(refusal_by_system(error).reason))
        return
    yield from _tell_header(header, path)


def _tell_raster(path: Path) -> Iterator[Step]:
    rows, columns = raster_shape(path)
    yield Step("format", "file", "PNG or JPEG", "read as a picture; nothing in it names patient, date or view")
    yield Step("bounds", "height, width", f"{rows:,} × {columns:,}", "passed")
    yield Step("use", "index", "", "an image table must name its patient")


def _tell_header(header: Header, path: Path) -> Iterator[Step]:
    form = admitted(header)
    topics = [
        ("format", tell_format(header)),
        ("format", tell_codestream(header, path)),
        ("bounds", tell_bounds(header)),
        *([] if form is None else [("pixels", tell_pixels(header, form)), ("intensity", tell_intensity(header, form))]),
        ("view", tell_view(header)),
        ("spacing", tell_spacing(header)),
        ("use", tell_use(header, path)),
    ]
    for topic, steps in topics:
        try:
            yield from steps
        except MemoryError:
            raise
        except Exception:  # a header's values may provoke anything, and what is raised may quote them
            yield Step(topic, "header", "", refusal_text("damaged-header"))
