"""Stored pixels of DICOM files: bounded before they are decoded, and decoded by what their bytes say they are."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataelem import RawDataElement

from cacs_cxr.imaging.admission import ENCAPSULATED_NATIVE, NATIVE, RLE, PixelFormat, admit
from cacs_cxr.imaging.codestream import describe, is_ended, is_too_short, starts_codestream, without_box
from cacs_cxr.imaging.decoders import Samples, decode_codestream
from cacs_cxr.imaging.encapsulation import ITEM, Frame, read_frame
from cacs_cxr.imaging.header_intensity import TAGS, declared_intensity
from cacs_cxr.imaging.headers import PIXEL_TAGS, Header, PixelElement, read_header
from cacs_cxr.imaging.intensity import Intensity
from cacs_cxr.imaging.refusals import Refused, refusal_by_system
from cacs_cxr.imaging.run_length import decode_run_lengths
from cacs_cxr.imaging.silence import header_values_unspoken

Codes = npt.NDArray[np.unsignedinteger[Any]]
_UNDEFINED = 0xFFFFFFFF
_SLACK = 1 << 20  # bytes of markers and profiles by which a compressed image may exceed twice its pixels


def decode_dicom(path: Path) -> tuple[Codes, Intensity]:
    """Pixel codes of a DICOM file [rows, columns], and the intensity transformations that its header declares.

    A code is the unsigned reading of a stored pixel's allocated bits.

    Raises:
        Refused: with the reason.
        MemoryError: in a process of limited memory; nothing else for whatever the file holds.
    """
    header = read_header(path, tags=(*PIXEL_TAGS, *TAGS))
    with header_values_unspoken():
        try:
            form = admit(header)
            codes = decode_pixels(path, header=header, form=form)
            return codes, declared_intensity(header, form)
        except (Refused, MemoryError):
            raise
        except OSError as error:
            # Without a number it is not the system's: libraries raise it for damage as well.
            raise (Refused("damaged-pixels") if error.errno is None else refusal_by_system(error)) from None
        except Exception:  # decoders raise whatever the bytes happen to provoke
            raise Refused("damaged-pixels") from None


def decode_pixels(path: Path, *, header: Header, form: PixelFormat) -> Codes:
    """Pixel codes [rows, columns] of an admitted file.

    A compressed image is decoded by what its own first bytes say, for the transfer syntax is wrong in files that an
    archive has transcoded; where they say nothing, by the transfer syntax.
    """
    if header.pixels is None:
        return _words(_inflated_pixels(path), form=form)
    if header.pixels.length != -1 and header.transfer_syntax in NATIVE:
        return _native_codes(path, header.pixels, header=header, form=form)
    frame = _encapsulated_frame(path, header.pixels, form=form)
    try:
        return _frame_codes(frame, header=header, form=form)
    except MemoryError:
        raise
    except Exception as error:  # as in `decode_dicom`
        told = isinstance(error, Refused) and error.reason != "damaged-pixels"
        if told or not _is_cut(frame):
            raise
        raise Refused("truncated") from None


def _is_cut(frame: Frame) -> bool:
    return frame.truncated or (starts_codestream(frame.content) and not is_ended(frame.content))


def as_codes(decoded: Samples, form: PixelFormat) -> Codes:
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


def _inflated_pixels(path: Path) -> bytes:
    element = dcmread(path, force=True, specific_tags=["PixelData"]).get_item("PixelData")
    if not isinstance(element, RawDataElement) or not element.value:
        raise Refused("no-pixel-data")
    if element.length == _UNDEFINED:
        raise Refused("unsupported-syntax")
    return element.value


def _native_codes(path: Path, pixels: PixelElement, *, header: Header, form: PixelFormat) -> Codes:
    implicit, little = header.dataset.original_encoding
    count, order = form.rows * form.columns, "<" if little else ">"
    if form.bits.allocated == 16 or little:
        dtype = np.dtype(np.uint8 if form.bits.allocated == 8 else f"{order}u2")
        codes: Codes = np.fromfile(path, dtype, count, offset=pixels.offset)
        if not dtype.isnative:
            codes = codes.byteswap(inplace=True).view(dtype.newbyteorder())
        return codes.reshape(form.rows, form.columns)
    with path.open("rb") as file:
        file.seek(pixels.offset - 8)
        representation = file.read(2)
    octets: Codes = np.fromfile(path, np.uint8, count + count % 2, offset=pixels.offset)
    # Eight-bit pixels lie two to a word (PS3.5 A.3), unless the value representation says that they are bytes.
    if implicit or representation != b"OB":
        octets = octets.view(np.uint16).byteswap().view(np.uint8)
    return octets[:count].reshape(form.rows, form.columns)


def _encapsulated_frame(path: Path, pixels: PixelElement, *, form: PixelFormat) -> Frame:
    """Image of compressed pixel data, also where a writer gave them a length or left out the items."""
    limit = 2 * form.octets + _SLACK
    with path.open("rb") as file:
        file.seek(pixels.offset)
        start = file.read(16)
        if start.startswith(ITEM) or pixels.length == -1:
            return read_frame(path, offset=pixels.offset, limit=limit)
        if pixels.length > limit:
            raise Refused("too-large")
        content = start[: pixels.length] + file.read(max(pixels.length - len(start), 0))
    return Frame(content, truncated=len(content) < pixels.length)


def _frame_codes(frame: Frame, *, header: Header, form: PixelFormat) -> Codes:
    content = without_box(frame.content)
    uncompressed = 0 <= len(content) - form.octets <= 1
    if uncompressed and header.transfer_syntax in NATIVE | {ENCAPSULATED_NATIVE}:
        return _words(content, form=form)
    if starts_codestream(content):
        found = describe(content)
        if found is None:
            raise Refused("damaged-pixels")
        if frame.truncated and not is_ended(content):
            raise Refused("truncated")
        if found.samples != 1:
            raise Refused("colour")
        if (found.rows, found.columns) != (form.rows, form.columns):
            raise Refused("size-mismatch")
        if is_too_short(content, found):
            raise Refused("truncated")
        return as_codes(decode_codestream(content, found), form)
    if header.transfer_syntax == RLE:
        try:
            return decode_run_lengths(content, rows=form.rows, columns=form.columns, allocated=form.bits.allocated)
        except Refused:
            if not uncompressed:
                raise
    if uncompressed:
        return _words(content, form=form)
    raise Refused("damaged-pixels")


def _words(content: bytes, *, form: PixelFormat) -> Codes:
    """Little-endian pixels of bytes that may be followed by padding."""
    if len(content) < form.octets:
        raise Refused("truncated")
    if len(content) >= 2 * form.octets + 2:
        raise Refused("size-mismatch")
    dtype = np.dtype(np.uint8 if form.bits.allocated == 8 else "<u2")
    codes: Codes = np.frombuffer(content, dtype, form.rows * form.columns)
    return codes.reshape(form.rows, form.columns)
