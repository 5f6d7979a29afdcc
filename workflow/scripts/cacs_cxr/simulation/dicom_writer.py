"""DICOM files of the simulated radiographs, in the variants in which archives hold them.

Every byte follows from the seed: UIDs are digests under the 2.25 root, and no clock is read.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID

from cacs_cxr.simulation.devices import (
    CR_STORAGE,
    DX_FOR_PROCESSING,
    DX_STORAGE,
    IMPLICIT,
    RLE,
    SECONDARY_CAPTURE,
    device_named,
)
from cacs_cxr.simulation.shapes import Plane

WINDOW_START, WINDOW_SHARE = 0.135, 0.73  # of the stored range; the median window of real headers covers 0.73 of it
VIEW_CODES = {"PA": ("272479007", "postero-anterior")}
PATIENT_NAME = "SIMULATED^PATIENT"
IMPLEMENTATION = "CACSCXR_SIM"


@dataclass(frozen=True)
class StoredImage:
    """Stored values with what a viewer needs to display them: a window, a lookup table, or neither.

    Attributes:
        window: centre and width of the linear window, or None.
        table: first mapped value and entries (16 bits) of the lookup table, or None.
    """

    values: npt.NDArray[np.uint16]
    window: tuple[float, float] | None
    table: tuple[int, npt.NDArray[np.uint16]] | None


def simulated_uid(*parts: object) -> str:
    """UID under the root 2.25 (a UUID as decimal) from a digest of the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:16]
    return f"2.25.{int.from_bytes(digest, 'big')}"


def encode(levels: Plane, *, voi: str, bits_stored: int, photometric: str) -> StoredImage:
    """Encode grey levels as stored values.

    Args:
        levels: 0 black to 1 white, a little beyond at both ends.
        voi: ``"window"``, ``"lut"``, or ``"none"``: the stored range is the displayed one.
        bits_stored: bits of a stored value.
        photometric: ``"MONOCHROME2"``, or ``"MONOCHROME1"``: mirrored within the stored range, so that a viewer that
            inverts after its window or table shows exactly the same.
    """
    highest = 2**bits_stored - 1
    values: npt.NDArray[np.floating[Any]]
    if voi == "none":
        values = np.round(np.clip(levels, 0, 1) * highest)
        window, table = None, None
    else:
        first, entries = round(WINDOW_START * highest), round(WINDOW_SHARE * highest)
        values = np.round(np.clip(first + 0.5 + levels * (entries - 1), 0, highest))
        if voi == "window":
            window, table = (first + 0.5 + entries / 2, float(entries)), None
        else:
            share = np.linspace(0, 1, entries)
            curve = np.round(65535 * (share - 0.08 * np.sin(2 * np.pi * share)))
            window, table = None, (first, curve.astype(np.uint16))
    if photometric == "MONOCHROME1":
        values = highest - values
        if window is not None:
            window = (highest - window[0] + 1, window[1])
        if table is not None:
            start, entered = table
            table = (highest - (start + len(entered) - 1), np.asarray(65535 - entered[::-1], dtype=np.uint16))
    return StoredImage(values=values.astype(np.uint16), window=window, table=table)


def _study_module(row: Mapping[str, Any], *, site: str, seed: int, number: int) -> Dataset:
    dataset = Dataset()
    own = row["copy"] == "reheaded"
    exposure = (seed, site, "exposure", int(row["exposure"]), number if own else "")
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPInstanceUID = simulated_uid(*exposure, "instance")
    dataset.SeriesInstanceUID = simulated_uid(*exposure, "series")
    dataset.StudyInstanceUID = simulated_uid(*exposure[:4], "study")
    day = str(row["study_date"]).replace("-", "")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.ContentTime = "120000"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = ""
    dataset.SeriesNumber, dataset.InstanceNumber = "1", "1"
    dataset.StudyDescription = "CHEST" if not own else "CHEST (SENT AGAIN)"
    dataset.PatientName = PATIENT_NAME
    dataset.PatientID = row["patient_id"]
    dataset.PatientBirthDate = ""
    dataset.PatientSex = row["sex"]
    dataset.PatientAge = f"{int(row['age_years']):03d}Y"
    return dataset


def _image_module(dataset: Dataset, row: Mapping[str, Any], *, spacing: tuple[float, float]) -> None:
    device = device_named(row["device"])
    for_processing = row["purpose"] == "for processing"
    dataset.Modality = row["modality"]
    if row["modality"] == "OT":
        dataset.SOPClassUID = SECONDARY_CAPTURE
        dataset.ConversionType = "DF"
    elif row["modality"] == "DX":
        dataset.SOPClassUID = DX_FOR_PROCESSING if for_processing else DX_STORAGE
        dataset.PresentationIntentType = "FOR PROCESSING" if for_processing else "FOR PRESENTATION"
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = 1 if row["photometric"] == "MONOCHROME2" else -1
        dataset.ImageLaterality = "U"
        dataset.LossyImageCompression = "00"
    else:
        dataset.SOPClassUID = CR_STORAGE
    dataset.ImageType = ["ORIGINAL" if for_processing else "DERIVED", "PRIMARY"]
    dataset.Manufacturer, dataset.ManufacturerModelName = device.manufacturer, device.model
    dataset.BodyPartExamined = "CHEST"
    dataset.BurnedInAnnotation = "NO"
    dataset.KVP = "120"
    if row["view_header"]:
        dataset.ViewPosition = row["view_header"]
    if row["view_code"]:
        item = Dataset()
        item.CodeValue, item.CodeMeaning = VIEW_CODES[row["view"]]
        item.CodingSchemeDesignator = "SCT"
        dataset.ViewCodeSequence = DicomSequence([item])
    if row["view_header"] and row["view"] != "lateral":
        dataset.PatientOrientation = ["L", "F"]
    dataset.ImagerPixelSpacing = [f"{value:.4f}" for value in spacing]
    if row["pixel_spacing"]:
        dataset.PixelSpacing = dataset.ImagerPixelSpacing
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    if row["lut_shape"]:
        dataset.PresentationLUTShape = "IDENTITY" if row["photometric"] == "MONOCHROME2" else "INVERSE"


def _pixel_module(dataset: Dataset, image: StoredImage, *, photometric: str, bits_stored: int) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = photometric
    dataset.Rows, dataset.Columns = image.values.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits_stored, bits_stored - 1
    dataset.PixelRepresentation = 0
    if image.window is not None:
        dataset.WindowCenter, dataset.WindowWidth = (f"{value:g}" for value in image.window)
    if image.table is not None:
        first, entries = image.table
        item = Dataset()
        item.LUTDescriptor = [len(entries), first, 16]
        item.LUTExplanation = "NORMAL"
        item.LUTData = entries.astype("<u2").tobytes()
        item["LUTData"].VR = "OW"
        dataset.VOILUTSequence = DicomSequence([item])


def dicom_bytes(
    levels: Plane, row: Mapping[str, Any], *, site: str, seed: int, number: int, spacing: tuple[float, float]
) -> bytes:
    """A radiograph as the bytes of a DICOM file, with its defect if it has one.

    Args:
        levels: grey levels [rows, columns], 0 black to 1 white.
        row: the radiograph, as `acquisitions.draw_radiographs` gives it.
        site: name of the site.
        seed: the study's seed.
        number: number of the file at its site, which tells a re-headed copy from its original.
        spacing: distance of rows and of columns on the detector, mm.

    Returns:
        The file; a page of HTML where the defect is ``"html"``.
    """
    defect = row["defect"]
    if defect == "html":
        return (
            b"<!DOCTYPE html>\n<html><head><title>504 Gateway Time-out</title></head><body>archive busy</body></html>\n"
        )
    dataset = _study_module(row, site=site, seed=seed, number=number)
    _image_module(dataset, row, spacing=spacing)
    if defect != "header-only":
        bits_stored = int(row["bits_stored"])
        image = encode(levels, voi=row["voi"], bits_stored=bits_stored, photometric=row["photometric"])
        _pixel_module(dataset, image, photometric=row["photometric"], bits_stored=bits_stored)
        dataset.PixelData = image.values.astype("<u2").tobytes()
        dataset["PixelData"].VR = "OW"
    content = _file_bytes(dataset, transfer_syntax=row["transfer_syntax"])
    if defect.startswith("truncated"):
        return content[: len(content) - int(dataset.Rows * dataset.Columns * 0.6)]
    return content


def _file_bytes(dataset: Dataset, *, transfer_syntax: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID = UID(simulated_uid("implementation"))
    meta.ImplementationVersionName = IMPLEMENTATION
    meta.TransferSyntaxUID = UID(IMPLICIT if transfer_syntax == IMPLICIT else "1.2.840.10008.1.2.1")
    dataset.file_meta = meta
    if transfer_syntax == RLE and "PixelData" in dataset:
        dataset.compress(UID(RLE), encoding_plugin="pydicom", generate_instance_uid=False)
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
