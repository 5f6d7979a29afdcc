"""DICOM files of the simulated radiographs, in the variants in which archives hold them.

Every byte follows from the seed: UIDs are digests under the 2.25 root, and no clock is read.
"""

import hashlib
import io
from collections.abc import Mapping
from typing import Any

from pydicom import DataElement, dcmwrite
from pydicom.config import IGNORE
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID

from cacs_cxr.simulation.devices import device_named
from cacs_cxr.simulation.dialects import DIALECTS, SECONDARY_CAPTURE
from cacs_cxr.simulation.headers import EXPLICIT, JPEG_2000, JPEG_BASELINE, RLE
from cacs_cxr.simulation.lossy import jpeg_2000, jpeg_baseline
from cacs_cxr.simulation.shapes import Plane
from cacs_cxr.simulation.stored_values import byte_order, declare_intensity, stored_values

DX_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
VIEW_CODES = {
    "PA": ("272479007", "postero-anterior"),
    "AP": ("399348003", "antero-posterior"),
    "lateral": ("399067008", "lateral"),
}
VIEW_TEXTS = {"PA": "CHEST PA", "AP": "CHEST AP", "lateral": "CHEST LATERAL"}
PATIENT_NAME = "SIMULATED^PATIENT"
IMPLEMENTATION = "CACSCXR_SIM"
NEGATIVE = {"MONOCHROME1": "MONOCHROME2", "MONOCHROME2": "MONOCHROME1"}
IMPLAUSIBLE_SPACINGS = {"zero spacing": "0.000", "implausible spacing": "25.4"}
PREAMBLE_AND_MARK, META_LENGTH_ELEMENT = 132, 12  # bytes
VIEW_TEXT_ELEMENTS = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")


def simulated_uid(*parts: object) -> str:
    """UID under the root 2.25 (a UUID as decimal) from a digest of the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:16]
    return f"2.25.{int.from_bytes(digest, 'big')}"


def photometric_of(row: Mapping[str, Any]) -> str:
    """Photometric interpretation that the header states, a lie where the oddity is ``"inverted"``."""
    told = DIALECTS[row["dialect"]].photometric
    return NEGATIVE[told] if row["oddity"] == "inverted" else told


def _study_module(row: Mapping[str, Any], *, site: str, seed: int, number: int) -> Dataset:
    dataset = Dataset()
    # Sent twice or misfiled, the file stays the same instance; any other copy is one of its own.
    own = number if row["copy"].startswith(("reheaded", "recompressed")) else ""
    if character_set := DIALECTS[row["dialect"]].character_set:
        dataset.SpecificCharacterSet = character_set
    dataset.SOPInstanceUID = simulated_uid(seed, site, "instance", int(row["exposure"]), own)
    dataset.SeriesInstanceUID = simulated_uid(seed, site, "series", int(row["exposure"]), own)
    dataset.StudyInstanceUID = simulated_uid(seed, site, "study", int(row["study"]))
    day = str(row["study_date"]).replace("-", "")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.ContentTime = "120000"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = ""
    dataset.SeriesNumber, dataset.InstanceNumber = "1", str(row["instance_number"])
    dataset.StudyDescription = "CHEST (SENT AGAIN)" if own else "CHEST PA AND LATERAL"
    dataset.PatientName = PATIENT_NAME
    dataset.PatientID = row["patient_id"]
    dataset.PatientBirthDate = ""
    dataset.PatientSex = row["sex"]
    if row["oddity"] == "age without unit":
        age = f"{int(row['age_years']):03d}"
        dataset["PatientAge"] = DataElement("PatientAge", "AS", age, validation_mode=IGNORE)
    else:
        dataset.PatientAge = f"{int(row['age_years']):03d}Y"
    return dataset


def _image_module(dataset: Dataset, row: Mapping[str, Any], *, spacing: tuple[float, float]) -> None:
    device, dialect = device_named(row["device"]), DIALECTS[row["dialect"]]
    for_processing = row["purpose"] == "for processing"
    dataset.Modality, dataset.SOPClassUID = dialect.modality, dialect.sop_class
    if row["purpose"] == "other modality":
        dataset.Modality, dataset.SOPClassUID = "OT", SECONDARY_CAPTURE
    if for_processing:
        dataset.Modality, dataset.SOPClassUID = "DX", DX_FOR_PROCESSING
    if dataset.SOPClassUID == SECONDARY_CAPTURE:
        dataset.ConversionType = "DF"
    if dialect.sign:
        dataset.PresentationIntentType = "FOR PROCESSING" if for_processing else "FOR PRESENTATION"
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = dialect.sign
        dataset.ImageLaterality = "U"
    if dialect.image_type:
        dataset.ImageType = ["ORIGINAL", "PRIMARY"] if for_processing else list(dialect.image_type)
    if row["oddity"] != "no manufacturer":
        dataset.Manufacturer, dataset.ManufacturerModelName = device.manufacturer, device.model
    if dialect.body_part:
        dataset.BodyPartExamined = dialect.body_part
    if dialect.burned_in_told:
        dataset.BurnedInAnnotation = "NO"
    if dialect.lossy_told:
        dataset.LossyImageCompression = "00"
    _tell_view(dataset, row)
    if dialect.lut_shape:
        dataset.PresentationLUTShape = "IDENTITY" if photometric_of(row) == "MONOCHROME2" else "INVERSE"
    if dialect.sop_class != SECONDARY_CAPTURE:
        dataset.ImagerPixelSpacing = [f"{value:.4f}" for value in spacing]
    if dialect.spacing_ratio:
        dataset.PixelSpacing = [f"{dialect.spacing_ratio * value:.4f}" for value in spacing]
    if row["oddity"] in IMPLAUSIBLE_SPACINGS:
        dataset.PixelSpacing = [IMPLAUSIBLE_SPACINGS[row["oddity"]]] * 2


def _tell_view(dataset: Dataset, row: Mapping[str, Any]) -> None:
    """Write the view and the orientation that the header tells, right or wrong."""
    dialect, view, source = DIALECTS[row["dialect"]], row["headed_view"], row["view_source"]
    if source == "ViewPosition":
        dataset.ViewPosition = row["view_header"]
        orientation = dialect.lateral_orientation if view == "lateral" else dialect.frontal_orientation
        if orientation:
            dataset.PatientOrientation = list(orientation)
    if source == "ViewCodeSequence" or (source and dialect.voi == "both"):
        item = Dataset()
        item.CodeValue, item.CodeMeaning = VIEW_CODES[view]
        item.CodingSchemeDesignator = "SCT"
        dataset.ViewCodeSequence = DicomSequence([item])
    if source in VIEW_TEXT_ELEMENTS:
        setattr(dataset, source, VIEW_TEXTS[view])


def _pixel_module(dataset: Dataset, levels: Plane, row: Mapping[str, Any]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = levels.shape
    dataset.PixelRepresentation = 0
    if row["transfer_syntax"] == JPEG_BASELINE:
        # What a teleradiology gateway makes of it: the displayed picture, its window burnt in.
        dataset.PhotometricInterpretation, bits = "MONOCHROME2", 8
        _hold_frame(dataset, jpeg_baseline(levels), method="ISO_10918_1")
    else:
        stored = stored_values(levels, row)
        dataset.PhotometricInterpretation, bits = photometric_of(row), stored.bits
        declare_intensity(dataset, stored, row)
        if row["transfer_syntax"] == JPEG_2000:
            _hold_frame(dataset, jpeg_2000(stored.values, bits=bits), method="ISO_15444_1")
        else:
            content = stored.values.astype(f"{byte_order(row)}u{2 if bits > 8 else 1}").tobytes()
            dataset.PixelData = content + b"\0" * (len(content) % 2)
            dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16 if bits > 8 else 8, bits, bits - 1


def _hold_frame(dataset: Dataset, frame: bytes, *, method: str) -> None:
    """Hold a frame that was compressed with loss, and say so."""
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.LossyImageCompression, dataset.LossyImageCompressionMethod = "01", method
    dataset.DerivationDescription = "LOSSY COMPRESSION"


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
        _pixel_module(dataset, levels, row)
    content = _file_bytes(dataset, transfer_syntax=row["transfer_syntax"])
    if defect.startswith("truncated"):
        return content[: len(content) - int(dataset.Rows * dataset.Columns * 0.6)]
    if row["oddity"] == "no preamble":
        return content[PREAMBLE_AND_MARK:]
    if row["oddity"] == "no meta header":
        first = PREAMBLE_AND_MARK + META_LENGTH_ELEMENT
        return content[first + int.from_bytes(content[first - 4 : first], "little") :]
    return content


def _file_bytes(dataset: Dataset, *, transfer_syntax: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID = UID(simulated_uid("implementation"))
    meta.ImplementationVersionName = IMPLEMENTATION
    # Run lengths are made from explicit little endian.
    meta.TransferSyntaxUID = UID(EXPLICIT if transfer_syntax == RLE else transfer_syntax)
    dataset.file_meta = meta
    if transfer_syntax == RLE and "PixelData" in dataset:
        dataset.compress(UID(RLE), encoding_plugin="pydicom", generate_instance_uid=False)
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
