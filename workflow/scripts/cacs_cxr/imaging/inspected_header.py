"""What the study makes of a header, step by step, without a word of it that may identify anybody."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.uid import UID

from cacs_cxr.imaging import view
from cacs_cxr.imaging.admission import ENCAPSULATED, FILE_LIMIT, NATIVE, PIXEL_LIMIT, PixelFormat, admit
from cacs_cxr.imaging.codestream import describe as describe_codestream
from cacs_cxr.imaging.codestream import without_box
from cacs_cxr.imaging.encapsulation import read_frame
from cacs_cxr.imaging.header_row import FIELD_OF_VIEW_MM, REGISTERED, describe, read_row
from cacs_cxr.imaging.headers import Header, integer, items, numbers, text, texts
from cacs_cxr.imaging.refusals import REMEDIES, Refused

ABSENT, PRESENT = "absent", "present, not shown"
NOTES = {
    "": "preamble and meta header are there",
    "no-preamble": "the preamble is missing; read all the same",
    "no-meta-header": "the meta header is missing; the encoding of the elements implies the transfer syntax",
}
_CODINGS = {
    "dct": "JPEG, lossy",
    "lossless": "JPEG, lossless",
    "jpeg-ls": "JPEG-LS",
    "jpeg-2000": "JPEG 2000",
    "other": "another JPEG",
}
_BODY_PARTS = frozenset(
    {"CHEST", "THORAX", "LUNG", "HEART", "RIB", "RIBS", "STERNUM", "CLAVICLE", "SHOULDER", "ABDOMEN", "PELVIS", "HIP"}
    | {"SPINE", "CSPINE", "TSPINE", "LSPINE", "SKULL", "NECK", "HAND", "WRIST", "ELBOW", "ARM", "FOOT", "ANKLE", "KNEE"}
    | {"LEG", "BREAST", "JAW"}
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Step:
    """One step of the way from a file to the study.

    Attributes:
        topic: format, bounds, pixels, intensity, view, spacing or use.
        element: keyword of the DICOM element, or what else was looked at.
        found: what stands there, as far as it can identify nobody.
        decision: what came of it.
    """

    topic: str
    element: str
    found: str
    decision: str


def presence(dataset: Any, keyword: str) -> str:
    """Whether an element holds anything, without telling what."""
    return PRESENT if any(texts(dataset, keyword)) else ABSENT


def number_text(dataset: Any, keyword: str) -> str:
    """Numbers of an element with up to six digits each; of anything else whether it is there."""
    found = numbers(dataset, keyword)
    return "\\".join(f"{number:.6g}" for number in found) if found else presence(dataset, keyword)


def uid_text(uid: str) -> str:
    """Name and number of a UID that the standard assigns; another is not shown, for it may lead to a hospital."""
    if not uid.startswith(REGISTERED):
        return "a private UID, not shown" if uid else ABSENT
    name = UID(uid).name
    return f"{name} ({uid})" if name != uid else uid


def tell_format(header: Header) -> Iterator[Step]:
    """Steps of the topic ``format``: that the file is DICOM, its character set, its transfer syntax."""
    yield Step("format", "file", "DICOM", NOTES[header.note])
    yield Step("format", "SpecificCharacterSet", presence(header.dataset, "SpecificCharacterSet"), "for texts only")
    syntax = header.transfer_syntax
    kind = "uncompressed" if syntax in NATIVE else "compressed" if syntax in ENCAPSULATED else "not read"
    yield Step("format", "TransferSyntaxUID", uid_text(syntax), kind)


def tell_codestream(header: Header, path: Path) -> Iterator[Step]:
    """Step of the topic ``format`` of a compressed image: what its own first bytes say it is."""
    if header.pixels is None or header.pixels.length != -1:
        return
    try:
        content = without_box(read_frame(path, offset=header.pixels.offset, limit=FILE_LIMIT).content)
    except Refused as refusal:
        yield Step("format", "compressed image", "", refusal_text(refusal.reason))
        return
    found = describe_codestream(content)
    if found is None:
        yield Step("format", "compressed image", "tells no form", "decoded by the transfer syntax")
        return
    form = f"{_CODINGS[found.kind]}, {found.rows:,} × {found.columns:,}, {found.samples} × {found.precision} bits"
    yield Step("format", "compressed image", form, "decoded as this, whatever the transfer syntax says")


def tell_bounds(header: Header) -> Iterator[Step]:
    """Steps of the topic ``bounds``: everything that is checked before a pixel is decoded."""
    dataset = header.dataset
    rows, columns = (integer(dataset, name, absent=0) for name in ("Rows", "Columns"))
    yield Step("bounds", "Rows, Columns", f"{rows:,} × {columns:,}", f"at most {PIXEL_LIMIT:,} pixels are read")
    yield Step("bounds", "file", f"{header.bytes:,} bytes", f"at most {FILE_LIMIT:,} are read")
    yield Step("bounds", "NumberOfFrames", number_text(dataset, "NumberOfFrames"), "only one frame is read")
    yield Step("bounds", "SamplesPerPixel", number_text(dataset, "SamplesPerPixel"), "only one sample is read")
    if header.pixels is None:
        yield Step("bounds", "PixelData", "deflated", "inflated within bounds")
    elif header.pixels.length == -1:
        yield Step("bounds", "PixelData", "compressed", "its own declared size is compared before it is decoded")
    else:
        wanted = rows * columns * integer(dataset, "BitsAllocated", absent=0) // 8
        there = max(header.bytes - header.pixels.offset, 0)
        found = f"{header.pixels.length:,} bytes declared, {there:,} in the file"
        yield Step("bounds", "PixelData", found, f"{wanted:,} uncompressed")
    yield Step("bounds", "all checks", "", _admission(header))


def _admission(header: Header) -> str:
    try:
        admit(header)
    except Refused as refusal:
        return refusal_text(refusal.reason)
    return "passed"


def admitted(header: Header) -> PixelFormat | None:
    """Form of the pixels; None where the header is refused."""
    try:
        return admit(header)
    except Refused:
        return None


def refusal_text(reason: str) -> str:
    """A reason with its remedy."""
    return f"refused, {reason}. {REMEDIES[reason]}"


def tell_view(header: Header) -> Iterator[Step]:
    """Steps of the topic ``view``: each element that is asked, up to the one that tells the view."""
    dataset = header.dataset
    found, source, element = view.find_view(dataset)
    decided = False
    for keyword in view.TAGS:
        there = bool(items(dataset, keyword)) if keyword == "ViewCodeSequence" else any(texts(dataset, keyword))
        if decided:
            decision = "not asked"
        elif keyword == element:
            decision = f"{found}, by {'a text rule' if source == view.TEXT_RULE else 'its term or code'}"
            decided = True
        else:
            decision = "tells no view" if there else ""
        yield Step("view", keyword, PRESENT if there else ABSENT, decision)
    yield Step("view", "view", "", f"{found} ({source})")


def tell_spacing(header: Header) -> Iterator[Step]:
    """Steps of the topic ``spacing``: the size of a pixel, and whether it can be that of a radiograph."""
    dataset, row = header.dataset, describe(header)
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        yield Step("spacing", keyword, number_text(dataset, keyword), "")
    spacing, (low, high) = row["pixel_spacing_mm"], FIELD_OF_VIEW_MM
    if spacing != spacing:
        yield Step("spacing", "spacing", ABSENT, "")
        return
    sides = f"{row['rows'] * spacing:.0f} × {row['columns'] * spacing:.0f} mm"
    judged = "plausible" if row["spacing_plausible"] else f"implausible: not square, or not {low:.0f}–{high:.0f} mm"
    yield Step("spacing", "spacing", f"{spacing:.6g} mm, image {sides}", judged)


def tell_use(header: Header, path: Path) -> Iterator[Step]:
    """Steps of the topic ``use``: what the index keeps to decide on the file's use, and for whom it counts."""
    dataset, row = header.dataset, describe(header)
    yield Step("use", "Modality", row["modality"] or ABSENT, "`eligibility: modalities` tells which are taken")
    yield Step("use", "SOPClassUID", uid_text(text(dataset, "SOPClassUID")), "kept")
    yield Step("use", "PresentationIntentType", row["intent"] or ABSENT, "for processing is not taken")
    body_part = row["body_part"] if row["body_part"] in _BODY_PARTS | {""} else "another term, not shown"
    yield Step("use", "BodyPartExamined", body_part or ABSENT, "kept")
    yield Step("use", "Laterality", row["laterality"] or ABSENT, "kept")
    yield Step("use", "BurnedInAnnotation", row["burned_in"] or ABSENT, "kept")
    maker = f"named, as {row['vendor']}" if row["vendor"] else ABSENT
    yield Step("use", "Manufacturer", maker, "kept by its common name")
    told = "speaks of a calcium score, not shown" if row["score_text"] else "no word of a calcium score"
    yield Step("use", "free text", told, "`guards: score_in_header` tells what follows")
    yield Step("use", "PatientID", presence(dataset, "PatientID"), "kept as a pseudonym")
    dated = bool(_ISO_DATE.fullmatch(row["study_date"]))
    date = "a date, not shown" if dated else "no date" if row["study_date"] else ABSENT
    yield Step("use", "StudyDate, AcquisitionDate", date, "the first that is there is kept")
    yield Step("use", "SOPInstanceUID", presence(dataset, "SOPInstanceUID"), "kept as a pseudonym, to find copies")
    index = read_row(str(path.parent), {"file": path.name})
    yield Step("use", "index", "", "can be used" if index["readable"] else refusal_text(index["reason"]))
