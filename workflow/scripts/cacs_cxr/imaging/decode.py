"""Stored pixels of DICOM files: bounded before they are decoded, by permissively licensed decoders."""

from pathlib import Path
from typing import Any

import gdcm
import numpy as np
import numpy.typing as npt
import openjpeg.utils
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from cacs_cxr.imaging.admission import NATIVE, RLE, PixelFormat, admit
from cacs_cxr.imaging.codestream import codestream_size
from cacs_cxr.imaging.header_intensity import TAGS, declared_intensity
from cacs_cxr.imaging.headers import PIXEL_TAGS, Header, read_header
from cacs_cxr.imaging.intensity import Intensity
from cacs_cxr.imaging.refusals import Refused
from cacs_cxr.imaging.silence import header_values_unspoken

Codes = npt.NDArray[np.unsignedinteger[Any]]
_EXTENDED = "1.2.840.10008.1.2.4.51"
_HIGH_THROUGHPUT = {f"1.2.840.10008.1.2.4.{number}" for number in (201, 202, 203)}
_BIG_ENDIAN = "1.2.840.10008.1.2.2"


def decode_dicom(path: Path) -> tuple[Codes, Intensity]:
    """Pixel codes of a DICOM file [rows, columns], and the intensity transformations that its header declares.

    A code is the unsigned reading of a stored pixel's allocated bits.

    Raises:
        Refused: with the reason; nothing else for whatever the file holds.
    """
    header = read_header(path, tags=(*PIXEL_TAGS, *TAGS))
    with header_values_unspoken():
        try:
            form = admit(header)
            codes = decode_pixels(path, header=header, form=form)
            return codes, declared_intensity(header, form)
        except (Refused, MemoryError):
            raise
        except OSError:
            raise Refused("cannot-open") from None
        except Exception:  # decoders raise whatever the bytes happen to provoke
            raise Refused("damaged-pixels") from None


def decode_pixels(path: Path, *, header: Header, form: PixelFormat) -> Codes:
    """Pixel codes [rows, columns] of an admitted file."""
    pixels, little = header.pixels, header.transfer_syntax != _BIG_ENDIAN
    if header.transfer_syntax in NATIVE and pixels is not None and pixels.length != -1 and little:
        dtype = np.uint8 if form.bits.allocated == 8 else np.dtype("<u2")
        flat: Codes = np.fromfile(path, dtype, form.rows * form.columns, offset=pixels.offset)
        return flat.reshape(form.rows, form.columns)
    dataset = dcmread(path, force=True)
    dataset.file_meta.TransferSyntaxUID = UID(header.transfer_syntax)
    if header.transfer_syntax not in NATIVE | {RLE}:
        codestream = get_frame(dataset.PixelData, 0, number_of_frames=1)
        _check_codestream(codestream, form=form)
        # pydicom offers neither without further packages, though the decoders installed can.
        if header.transfer_syntax == _EXTENDED and form.bits.stored > 8:
            return as_codes(_decode_extended(codestream, form), form)
        if header.transfer_syntax in _HIGH_THROUGHPUT:
            return as_codes(openjpeg.utils.decode(codestream, j2k_format=0), form)
    decoded, _ = get_decoder(dataset.file_meta.TransferSyntaxUID).as_array(dataset, index=0, raw=True)
    return as_codes(decoded, form)


def as_codes(decoded: npt.NDArray[Any], form: PixelFormat) -> Codes:
    """Decoded integers as codes of the allocated bits.

    Raises:
        Refused: where shape or values are not what the header declares.
    """
    if decoded.shape != (form.rows, form.columns):
        raise Refused("size-mismatch")
    allocated = form.bits.allocated
    if decoded.dtype.itemsize * 8 > allocated:
        low, high = int(decoded.min()), int(decoded.max())
        if low < -(1 << (allocated - 1)) or high >= 1 << allocated:
            raise Refused("bits")
    signed, unsigned = (np.int8, np.uint8) if allocated == 8 else (np.int16, np.uint16)
    codes: Codes = decoded.astype(signed if decoded.dtype.kind == "i" else unsigned, copy=False).view(unsigned)
    return codes


def _check_codestream(codestream: bytes, *, form: PixelFormat) -> None:
    """Compare the size in a codestream with the header's, before a decoder allocates it."""
    size = codestream_size(codestream)
    if size is None:
        raise Refused("damaged-pixels")
    rows, columns, samples = size
    if samples != 1:
        raise Refused("colour")
    if (rows, columns) != (form.rows, form.columns):
        raise Refused("size-mismatch")


def _decode_extended(codestream: bytes, form: PixelFormat) -> npt.NDArray[Any]:
    """Decode 12-bit JPEG (process 4) with GDCM."""
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(codestream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((form.columns, form.rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, int(form.bits.signed)))
    buffer = image.GetBuffer()
    if buffer is None:
        raise Refused("damaged-pixels")
    decoded = np.frombuffer(buffer.encode("utf-8", "surrogateescape"), dtype="<u2")
    if decoded.size != form.rows * form.columns:
        raise Refused("size-mismatch")
    return decoded.reshape(form.rows, form.columns)
