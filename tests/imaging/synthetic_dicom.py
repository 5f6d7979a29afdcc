"""DICOM files made for tests: any pixels, any header, any of the transfer syntaxes that can be encoded here."""

from collections.abc import Sequence
from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory
from typing import Any

import gdcm
import jpeg_ls
import numpy as np
import numpy.typing as npt
import openjpeg
from lossless_jpeg import encode_lossless_jpeg
from pydicom import Sequence as Items
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

ENCAPSULATED_UNCOMPRESSED = UID("1.2.840.10008.1.2.1.98")
NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
LOSSLESS = (
    *NATIVE,
    ENCAPSULATED_UNCOMPRESSED,
    RLELossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
)
"""Transfer syntaxes that `encode` writes without loss, as the lossy ones allow."""
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
    """Item of a LUT sequence; `vr` is that of the descriptor, data are US for a list and OW for bytes."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [entries, first, depth])
    item.add_new("LUTData", "OW" if isinstance(values, bytes) else "US", values)
    return item


def lut_sequence(item: Dataset) -> Items:
    """Sequence of one item."""
    return Items([item])


def encode(dataset: FileDataset, syntax: str) -> FileDataset:
    """The same data set with its pixels in another transfer syntax, without loss."""
    pixels = dataset.pixel_array
    bits = int(dataset.BitsStored)
    unsigned = pixels.view(f"u{pixels.dtype.itemsize}") & ((1 << bits) - 1)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
        dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=False)
        dataset.file_meta.TransferSyntaxUID = syntax
    elif syntax == RLELossless:
        # GDCM's encoder aborts the process on odd sizes.
        dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    elif syntax == JPEGLosslessSV1:
        wrap(dataset, [get_frame(_jpeg_lossless(dataset), 0, number_of_frames=1)], syntax)
    elif syntax == JPEGLossless:
        wrap(dataset, [encode_lossless_jpeg(unsigned, precision=bits, predictor=6)], syntax)
    elif syntax in (JPEGLSLossless, JPEGLSNearLossless):
        wrap(dataset, [bytes(jpeg_ls.encode(np.ascontiguousarray(unsigned)))], syntax)
    elif syntax in (JPEG2000Lossless, JPEG2000):
        wrap(dataset, [openjpeg.encode(pixels, bits_stored=bits, photometric_interpretation=2)], syntax)
    elif syntax == ENCAPSULATED_UNCOMPRESSED:
        wrap(dataset, [dataset.PixelData], syntax)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def wrap(dataset: FileDataset, fragments: Sequence[bytes], syntax: str) -> FileDataset:
    """The same data set with the fragments of a compressed image, of an even length each, for its pixels."""
    even = [fragment + b"\0" * (len(fragment) % 2) for fragment in fragments]
    dataset.PixelData = item(b"") + b"".join(item(fragment) for fragment in even)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def item(content: bytes) -> bytes:
    """An item of encapsulated pixel data."""
    return b"\xfe\xff\x00\xe0" + pack("<I", len(content)) + content


def _jpeg_lossless(dataset: FileDataset) -> bytes:
    """Encapsulated JPEG lossless (process 14, selection value 1), made by GDCM from a file and into another."""
    with TemporaryDirectory() as folder:
        plain, compressed = Path(folder, "plain"), Path(folder, "compressed")
        save(dataset, plain)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(plain))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(compressed))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return bytes(dcmread(compressed).PixelData)


def save(dataset: FileDataset, path: Path) -> Path:
    """Write a data set as a DICOM file with preamble and meta header."""
    dataset.save_as(path, enforce_file_format=True)
    return path
