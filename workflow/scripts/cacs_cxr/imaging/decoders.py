"""Decoders of compressed images, of permissive licences: GDCM (JPEG), CharLS (JPEG-LS), OpenJPEG (JPEG 2000)."""

import ctypes
from collections.abc import Callable
from typing import Any

import gdcm
import jpeg_ls  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import openjpeg.utils

from cacs_cxr.imaging.codestream import Codestream, ended, without_remarks, without_trailing_comment
from cacs_cxr.imaging.refusals import Refused
from cacs_cxr.imaging.silence import messages_of_libraries

Samples = npt.NDArray[np.integer[Any]]
_CUT, _SPOILT = ("premature end", "Premature end"), ("bad Huffman code", "Corrupt JPEG data: found marker")


def decode_codestream(codestream: bytes, form: Codestream) -> Samples:
    """Samples [rows, columns] of a grey image whose form is known; signed where the codestream says so.

    Raises:
        Refused: ``unsupported-syntax``, ``bits``, ``truncated`` or ``damaged-pixels``; decoders raise anything else.
    """
    if form.kind == "other":
        raise Refused("unsupported-syntax")
    if not 2 <= form.precision <= 16:
        raise Refused("bits")
    return _DECODERS[form.kind](codestream, form)


def _decode_jpeg(codestream: bytes, form: Codestream) -> Samples:
    """Baseline, extended and lossless JPEG by GDCM, whose buffer is copied without a text in between."""
    if form.kind == "dct" and form.precision not in (8, 12):
        raise Refused("bits")
    # GDCM has a decoder each for 8, 12 and 16 bits; the lossless one of 16 bits takes all from 9 on.
    allocated = 8 if form.precision <= 8 else 12 if form.kind == "dct" else 16
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(ended(without_remarks(codestream)))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    compressed, plain = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010)), gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    compressed.SetValue(fragments.__ref__())
    codec = gdcm.JPEGCodec()
    codec.SetNumberOfDimensions(2)
    codec.SetDimensions((form.columns, form.rows, 1))
    codec.SetPlanarConfiguration(0)
    codec.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    # Fewer bits stored than allocated would make GDCM clear the others, or abort the process.
    codec.SetPixelFormat(gdcm.PixelFormat(1, allocated, allocated, allocated - 1, 0))
    with messages_of_libraries() as messages:
        decoded = codec.Decode(compressed, plain)
    spoken = "".join(messages)
    if any(phrase in spoken for phrase in _CUT):
        raise Refused("truncated")
    if not decoded or any(phrase in spoken for phrase in _SPOILT):
        raise Refused("damaged-pixels")
    dtype = np.dtype(np.uint8 if allocated == 8 else "<u2")
    buffer = plain.GetByteValue()
    if int(str(buffer.GetLength())) < form.rows * form.columns * dtype.itemsize:
        raise Refused("truncated")
    samples = np.empty((form.rows, form.columns), dtype=dtype)
    ctypes.memmove(samples.ctypes.data, int(buffer.GetVoidPointer()), samples.nbytes)
    return samples


def _decode_jpeg_ls(codestream: bytes, _form: Codestream) -> Samples:
    samples: Samples = jpeg_ls.decode(np.frombuffer(ended(codestream), dtype=np.uint8))
    return samples


def _decode_jpeg2000(codestream: bytes, _form: Codestream) -> Samples:
    samples: Samples = openjpeg.utils.decode(ended(without_trailing_comment(codestream)), j2k_format=0)
    return samples


_DECODERS: dict[str, Callable[[bytes, Codestream], Samples]] = {
    "dct": _decode_jpeg,
    "lossless": _decode_jpeg,
    "jpeg-ls": _decode_jpeg_ls,
    "jpeg-2000": _decode_jpeg2000,
}
