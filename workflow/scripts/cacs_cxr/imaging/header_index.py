"""The index of a site's radiographs: one row a file, from headers only, with a reason where a file cannot be used."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.imaging import view
from cacs_cxr.imaging.admission import admit
from cacs_cxr.imaging.headers import PIXEL_TAGS, PREAMBLE, Header, integer, numbers, read_header, text
from cacs_cxr.imaging.image_table import is_inside
from cacs_cxr.imaging.raster import raster_shape, starts_like_raster
from cacs_cxr.imaging.refusals import REMEDIES, Refused
from cacs_cxr.imaging.silence import header_values_unspoken
from cacs_cxr.imaging.vendors import vendor_name
from cacs_cxr.job import LOGGER, progress

TAGS = (
    *PIXEL_TAGS,
    *view.TAGS,
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
    "patient_id": "",
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
    "intent": "",
    "transfer_syntax": "",
    "burned_in": "",
    "sop_instance": "",
    "header_note": "",
}
FIELD_OF_VIEW_MM = (100.0, 700.0)
_DICOM_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")


def list_files(folder: Path) -> list[str]:
    """Paths of all regular files under a folder, relative to it with forward slashes, sorted.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        fault = Fault(str(folder), None, "", "no such folder", "the site's radiographs", "Mend `radiographs: folder`.")
        raise InputError([fault])
    found = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    return sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())


def index_folder(folder: Path) -> pd.DataFrame:
    """Index of every file under a folder; patients, dates and views come from the headers."""
    files = list_files(folder)
    report = progress(len(files), noun="headers")
    rows = []
    for done, file in enumerate(files, start=1):
        rows.append(index_file(folder, file, tabled={}))
        report(done)
    return pd.DataFrame(rows, columns=list(EMPTY_ROW))


def index_table(folder: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Index of the files that an image table lists; its patient, date and view go before those of the headers.

    Args:
        table: as `image_table.read_image_table` returns it.
    """
    report = progress(len(table), noun="headers")
    rows = []
    for done, tabled in enumerate(table.to_dict("records"), start=1):
        rows.append(index_file(folder, str(tabled["file"]), tabled={str(key): value for key, value in tabled.items()}))
        report(done)
    return pd.DataFrame(rows, columns=list(EMPTY_ROW))


def index_file(folder: Path, file: str, *, tabled: Mapping[str, str]) -> dict[str, Any]:
    """Row of one file, whatever it is.

    Args:
        file: path relative to the folder.
        tabled: patient, date and view of an image table; empty where there is no table.
    """
    row = dict(EMPTY_ROW)
    row["file"] = file.encode("utf-8", "backslashreplace").decode()
    try:
        if row["file"] != file:
            raise Refused("unusable-name")
        if not is_inside(file):
            raise Refused("outside-folder")
        path = folder / file
        row["bytes"] = path.stat().st_size
        with path.open("rb") as opened:
            start = opened.read(PREAMBLE)
        if starts_like_raster(start):
            row["rows"], row["columns"] = raster_shape(path)
            if not tabled:
                raise Refused("no-table")
        else:
            header = read_header(path, tags=TAGS)
            with header_values_unspoken():
                row |= describe(header)
            admit(header)
        row["readable"] = True
    except Refused as refusal:
        row["reason"] = refusal.reason
    except FileNotFoundError:
        row["reason"] = "missing-file"
    except OSError:
        row["reason"] = "cannot-open"
    return row | _from_table(tabled)


def _from_table(tabled: Mapping[str, str]) -> dict[str, str]:
    """Columns that an image table overrides, where it has something to say."""
    found = {}
    if patient := tabled.get("patient", ""):
        found["patient_id"] = patient
    if date := tabled.get("date", ""):
        found["study_date"] = date
    if term := tabled.get("view", ""):
        found |= {"view": view.view_of_term(term), "view_source": "table", "view_element": ""}
    return found


def describe(header: Header) -> dict[str, Any]:
    """Columns of the index that a DICOM header fills."""
    dataset = header.dataset
    found_view, source, element = view.find_view(dataset)
    rows, columns = integer(dataset, "Rows", absent=0), integer(dataset, "Columns", absent=0)
    return {
        "patient_id": text(dataset, "PatientID"),
        "study_date": study_date(dataset),
        "modality": text(dataset, "Modality").upper(),
        "sop_class": text(dataset, "SOPClassUID"),
        "view": found_view,
        "view_source": source,
        "view_element": element,
        "laterality": (text(dataset, "ImageLaterality") or text(dataset, "Laterality")).upper(),
        "body_part": text(dataset, "BodyPartExamined").upper(),
        "vendor": vendor_name(text(dataset, "Manufacturer")),
        "photometric": text(dataset, "PhotometricInterpretation").upper(),
        "bits_stored": integer(dataset, "BitsStored", absent=0),
        "rows": rows,
        "columns": columns,
        "pixel_spacing_mm": pixel_spacing(dataset, rows=rows, columns=columns),
        "intent": text(dataset, "PresentationIntentType").upper(),
        "transfer_syntax": header.transfer_syntax,
        "burned_in": text(dataset, "BurnedInAnnotation").upper(),
        "sop_instance": text(dataset, "SOPInstanceUID"),
        "header_note": header.note,
    }


def study_date(dataset: Any) -> str:
    """Date of the study, or where it is absent of the acquisition, as YYYY-MM-DD; other text as it is."""
    given = text(dataset, "StudyDate") or text(dataset, "AcquisitionDate")
    match = _DICOM_DATE.fullmatch(given)
    return "-".join(match.groups()) if match else given


def pixel_spacing(dataset: Any, *, rows: int, columns: int) -> float:
    """Spacing of the pixels in mm; NaN where absent or where the whole image would not have the size of a detector.

    PixelSpacing goes before ImagerPixelSpacing; a square pixel is asked for within 5 %.
    """
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        spacing = numbers(dataset, keyword)
        if len(spacing) != 2 or min(spacing) <= 0 or max(spacing) > 1.05 * min(spacing):
            continue
        low, high = FIELD_OF_VIEW_MM
        if low <= rows * spacing[0] <= high and low <= columns * spacing[1] <= high:
            return (spacing[0] + spacing[1]) / 2
    return float("nan")


def log_index(index: pd.DataFrame) -> None:
    """Log counts of an index: files, views by source, and the reasons of files that cannot be used."""
    readable = index[index["readable"]]
    LOGGER.info("%d of %d files can be used", len(readable), len(index))
    counts = readable.groupby(["view", "view_source"], sort=True).size().rename("n").reset_index()
    for found, source, n in zip(counts["view"], counts["view_source"], counts["n"], strict=True):
        LOGGER.info("%6d %s (%s)", n, found, source)
    for reason, n in index.loc[~index["readable"], "reason"].value_counts().items():
        LOGGER.info("%6d not used: %s. %s", n, reason, REMEDIES[str(reason)])
