"""DICOM files made for tests: any pixels, any header, any of the transfer syntaxes that can be encoded here."""

from pathlib import Path
from typing import Any

import gdcm
import jpeg_ls
import numpy as np
import numpy.typing as npt
import openjpeg
from pydicom import Sequence
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
LOSSLESS = (*NATIVE, RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"


def radiograph(pixels: npt.NDArray[Any], *, bits_stored: int, **elements: Any) -> FileDataset:
    """Data set of a radiograph with the given pixels; keyword arguments are further elements, None removes one."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CR_STORAGE, "1.2.3.4"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    allocated = pixels.dtype.itemsize * 8
    content: dict[str, Any] = {
        "SOPClassUID": CR_STORAGE,
        "SOPInstanceUID": "1.2.3.4",
        "PatientID": "P1",
        "PatientName": "Confidential^Person",
        "StudyDate": "20190331",
        "Modality": "CR",
        "ViewPosition": "PA",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": allocated,
        "BitsStored": bits_stored,
        "HighBit": bits_stored - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        **elements,
    }
    for keyword, value in content.items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB" if allocated == 8 else "OW"
    return dataset


def lut_item(first: int, values: list[int] | bytes, *, entries: int, depth: int, vr: str = "US") -> Dataset:
    """Item of a modality or VOI LUT sequence; `vr` is that of the descriptor, data are US for a list and OW for bytes."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [entries, first, depth])
    item.add_new("LUTData", "OW" if isinstance(values, bytes) else "US", values)
    return item


def lut_sequence(item: Dataset) -> Sequence:
    """Sequence of one item."""
    return Sequence([item])


def encode(dataset: FileDataset, syntax: str) -> FileDataset:
    """The same data set with its pixels in another lossless transfer syntax."""
    pixels = dataset.pixel_array
    bits = int(dataset.BitsStored)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    elif syntax == RLELossless:
        dataset.compress(RLELossless, encoding_plugin="pydicom")  # GDCM aborts the process on odd sizes
    elif syntax == JPEGLSLossless:
        unsigned = pixels.view(f"u{pixels.dtype.itemsize}") & ((1 << bits) - 1)
        dataset.PixelData = encapsulate([jpeg_ls.encode(np.ascontiguousarray(unsigned))])
    elif syntax == JPEG2000Lossless:
        dataset.PixelData = encapsulate([openjpeg.encode(pixels, bits_stored=bits, photometric_interpretation=2)])
    elif syntax == JPEGLosslessSV1:
        dataset.PixelData = encapsulate([_jpeg_lossless(dataset)])
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax not in NATIVE:
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    return dataset


def _jpeg_lossless(dataset: FileDataset) -> bytes:
    """JPEG lossless (process 14, selection value 1) codestream, encoded by GDCM."""
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((int(dataset.Columns), int(dataset.Rows), 1))
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetByteStringValue(dataset.PixelData)
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    bits = int(dataset.BitsStored)
    image.SetPixelFormat(
        gdcm.PixelFormat(1, int(dataset.BitsAllocated), bits, bits - 1, int(dataset.PixelRepresentation))
    )
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.ExplicitVRLittleEndian))
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(image)
    assert change.Change()
    fragment = change.GetOutput().GetDataElement().GetSequenceOfFragments().GetFragment(0)
    return fragment.GetByteValue().GetBuffer().encode("utf-8", "surrogateescape")


def save(dataset: FileDataset, path: Path) -> Path:
    """Write a data set as a DICOM file with preamble and meta header."""
    dataset.save_as(path, enforce_file_format=True)
    return path
