"""A row of the index of radiographs: what the header of one file tells, or why the file cannot be used.

Rows hold identifiers in the clear. They live in the memory of the index's job alone, which hashes them
(`header_index`) before anything is written.
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from sys import intern
from typing import Any

from cacs_cxr.imaging import score_text, view
from cacs_cxr.imaging.admission import admit
from cacs_cxr.imaging.file_start import PREAMBLE
from cacs_cxr.imaging.headers import PIXEL_TAGS, Header, integer, numbers, parse_header, text
from cacs_cxr.imaging.raster import raster_shape, starts_like_raster
from cacs_cxr.imaging.refusals import Refused, refusal_by_system
from cacs_cxr.imaging.silence import header_values_unspoken
from cacs_cxr.imaging.vendors import vendor_name

TAGS = (
    *PIXEL_TAGS,
    *dict.fromkeys((*view.TAGS, *score_text.TAGS)),
    "SOPClassUID",
    "SOPInstanceUID",
    "PatientID",
    "StudyDate",
    "AcquisitionDate",
    "Laterality",
    "ImageLaterality",
    "BodyPartExamined",
    "Manufacturer",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "PresentationIntentType",
    "BurnedInAnnotation",
)
EMPTY_ROW: dict[str, Any] = {
    "file": "",
    "bytes": 0,
    "readable": False,
    "reason": "",
    "patient": "",
    "study_date": "",
    "modality": "",
    "sop_class": "",
    "view": view.UNKNOWN,
    "view_source": "none",
    "view_element": "",
    "laterality": "",
    "body_part": "",
    "vendor": "",
    "photometric": "",
    "bits_stored": 0,
    "rows": 0,
    "columns": 0,
    "pixel_spacing_mm": float("nan"),
    "spacing_plausible": False,
    "intent": "",
    "transfer_syntax": "",
    "burned_in": "",
    "sop_instance": "",
    "score_text": False,
    "header_note": "",
    "photometric_override": "",
    "rotate": 0,
    "mirror": False,
    "overridden": "",
}
FIELD_OF_VIEW_MM = (100.0, 700.0)
SQUARE = 1.05  # greatest ratio of the two spacings of a detector's pixel
REGISTERED = "1.2.840.10008."  # root of the UIDs that the standard itself assigns (PS3.6)
_DICOM_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")  # PS3.5 6.2, CS
_MODALITIES = frozenset(
    {"CR", "DX", "RG", "RF", "XA", "MG", "IO", "PX", "BMD", "CT", "MR", "US", "NM", "PT", "OT", "SC", "XC", "HC", "ES"}
    | {"GM", "SM", "OP", "DOC", "SR", "PR", "KO", "SEG"}
)
_LATERALITIES = frozenset({"L", "R", "U", "B"})
_INTENTS = frozenset({"FOR PRESENTATION", "FOR PROCESSING"})
_ANSWERS = frozenset({"YES", "NO"})
_PHOTOMETRIC = frozenset(
    {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "HSV", "ARGB", "CMYK", "XYB", "YBR_FULL", "YBR_FULL_422"}
    | {"YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"}
)


def read_rows(folder: str, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Rows of several files, in their order, with identifiers in the clear.

    Args:
        folder: the site's folder.
        records: `file`, relative to the folder, of each; with `patient`, `date` and `view` of an image table.
    """
    with header_values_unspoken():
        return [read_row(folder, record) for record in records]


def read_row(folder: str, record: Mapping[str, str]) -> dict[str, Any]:
    """Row of one file, whatever it is; the caller enters `header_values_unspoken`."""
    row = started_row(record)
    try:
        _fill(row, folder, record)
        row["readable"] = True
    except Refused as refusal:
        row["reason"] = refusal.reason
    except OSError as error:
        row["reason"] = refusal_by_system(error).reason
    except MemoryError:
        raise
    except Exception:  # a header's values may provoke anything, and what is raised may quote them
        row["reason"] = "damaged-header"
    return row | _from_table(record)


def lost_row(record: Mapping[str, str], *, reason: str) -> dict[str, Any]:
    """Row of a file whose header could not be read in time or stopped its reader; the file is not touched again."""
    return started_row(record) | {"reason": Refused(reason).reason} | _from_table(record)


def started_row(record: Mapping[str, str]) -> dict[str, Any]:
    """Row that holds nothing but the file."""
    row = dict(EMPTY_ROW)
    row["file"] = record["file"].encode("utf-8", "backslashreplace").decode()
    return row


def _fill(row: dict[str, Any], folder: str, record: Mapping[str, str]) -> None:
    file = record["file"]
    if row["file"] != file or "\0" in file:
        raise Refused("unusable-name")
    if not is_inside(file):
        raise Refused("outside-folder")
    with open(os.path.join(folder, file), "rb") as opened:
        row["bytes"] = os.fstat(opened.fileno()).st_size
        if starts_like_raster(opened.read(PREAMBLE)):
            row["rows"], row["columns"] = raster_shape(Path(folder, file))
            if "patient" not in record:
                raise Refused("no-table")
            return
        header = parse_header(opened, tags=TAGS)
    row |= describe(header)
    admit(header)


def is_inside(file: str) -> bool:
    """Whether a relative path stays inside the folder it is relative to."""
    path = PurePosixPath(file.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and not any(":" in part for part in path.parts[:1])


def _from_table(record: Mapping[str, str]) -> dict[str, str]:
    """Columns in which an image table goes before the header, where it has something to say."""
    found = {}
    if patient := record.get("patient", ""):
        found["patient"] = patient
    if date := record.get("date", ""):
        found["study_date"] = date
    if term := record.get("view", ""):
        found |= {"view": view.view_of_term(term), "view_source": "table", "view_element": ""}
    return found


def describe(header: Header) -> dict[str, Any]:
    """Columns of the index that a DICOM header fills; patient and sop_instance in the clear.

    Free text passes in no other column: a term that the standard does not define becomes ``OTHER``, and so does a body
    part that is not written as a code string; a UID that the standard did not assign becomes ``private``. Of
    the rest it is only kept whether it speaks of a score.
    """
    dataset = header.dataset
    found_view, source, element = view.find_view(dataset)
    rows, columns = integer(dataset, "Rows", absent=0), integer(dataset, "Columns", absent=0)
    spacing, plausible = pixel_spacing(dataset, rows=rows, columns=columns)
    return {
        "patient": text(dataset, "PatientID"),
        "study_date": study_date(dataset),
        "modality": _term(text(dataset, "Modality"), _MODALITIES),
        "sop_class": _assigned(text(dataset, "SOPClassUID")),
        "view": found_view,
        "view_source": source,
        "view_element": element,
        "laterality": _term(text(dataset, "ImageLaterality") or text(dataset, "Laterality"), _LATERALITIES),
        "body_part": _body_part(text(dataset, "BodyPartExamined")),
        "vendor": vendor_name(text(dataset, "Manufacturer")),
        "photometric": _term(text(dataset, "PhotometricInterpretation"), _PHOTOMETRIC),
        "bits_stored": integer(dataset, "BitsStored", absent=0),
        "rows": rows,
        "columns": columns,
        "pixel_spacing_mm": spacing,
        "spacing_plausible": plausible,
        "intent": _term(text(dataset, "PresentationIntentType"), _INTENTS),
        "transfer_syntax": _assigned(header.transfer_syntax),
        "burned_in": _term(text(dataset, "BurnedInAnnotation"), _ANSWERS),
        "sop_instance": text(dataset, "SOPInstanceUID"),
        "score_text": score_text.header_speaks_of_score(dataset),
        "header_note": header.note,
    }


def _term(given: str, defined: frozenset[str]) -> str:
    upper = given.upper()
    # The same few terms recur in a million rows: one object of each is kept.
    return intern(upper) if upper in defined or not upper else "OTHER"


def _body_part(given: str) -> str:
    upper = given.upper()
    return intern(upper) if _CODE_STRING.fullmatch(upper) or not upper else "OTHER"


def _assigned(uid: str) -> str:
    return intern(uid) if uid.startswith(REGISTERED) or not uid else "private"


def study_date(dataset: Any) -> str:
    """Date of the study, or where it is absent of the acquisition, as YYYY-MM-DD; other text as it is."""
    given = text(dataset, "StudyDate") or text(dataset, "AcquisitionDate")
    match = _DICOM_DATE.fullmatch(given)
    return "-".join(match.groups()) if match else given


def pixel_spacing(dataset: Any, *, rows: int, columns: int) -> tuple[float, bool]:
    """Spacing of the pixels in mm as the header gives it, and whether it can be that of a radiograph.

    PixelSpacing goes before ImagerPixelSpacing, a plausible one before one that is not: square within 5 %, and both
    sides of the whole image within 100 and 700 mm.

    Returns:
        Mean of both directions (NaN where neither element holds two numbers), and its plausibility.
    """
    low, high = FIELD_OF_VIEW_MM
    given = float("nan")
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        spacing = numbers(dataset, keyword)
        if len(spacing) != 2 or not all(map(math.isfinite, spacing)):
            continue
        square = 0 < max(spacing) <= SQUARE * min(spacing)
        if square and low <= rows * spacing[0] <= high and low <= columns * spacing[1] <= high:
            return sum(spacing) / 2, True
        if math.isnan(given):
            given = sum(spacing) / 2
    return given, False
