"""Which images are decoded at all: single-frame greyscale of a radiograph's size, as long as their header declares."""

from dataclasses import dataclass

from cacs_cxr.imaging.headers import Header, integer, text
from cacs_cxr.imaging.intensity import StoredBits
from cacs_cxr.imaging.refusals import Refused

PIXEL_LIMIT = 100_000_000  # pixels of one radiograph; the largest detectors have some 20 million
FILE_LIMIT = 1 << 30  # bytes of one file

NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
RLE = "1.2.840.10008.1.2.5"
ENCAPSULATED_NATIVE = "1.2.840.10008.1.2.1.98"
ENCAPSULATED = {
    RLE,
    ENCAPSULATED_NATIVE,
    *(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)),
}
"""Transfer syntaxes (PS3.5) that carry single radiographs."""


@dataclass(frozen=True)
class PixelFormat:
    """Form of the stored pixels of an admitted image."""

    rows: int
    columns: int
    bits: StoredBits
    inverted: bool

    @property
    def octets(self) -> int:
        """Bytes of the uncompressed pixels."""
        return self.rows * self.columns * self.bits.allocated // 8


def admit(header: Header) -> PixelFormat:
    """Form of the pixels, after every check that needs no decoding.

    Raises:
        Refused: with the reason.
    """
    dataset = header.dataset
    rows, columns = integer(dataset, "Rows", absent=0), integer(dataset, "Columns", absent=0)
    if rows <= 0 or columns <= 0:
        raise Refused("no-size")
    if rows * columns > PIXEL_LIMIT or header.bytes > FILE_LIMIT:
        raise Refused("too-large")
    if integer(dataset, "NumberOfFrames", absent=1) > 1:
        raise Refused("multi-frame")
    photometric = text(dataset, "PhotometricInterpretation").upper()
    if integer(dataset, "SamplesPerPixel", absent=1) != 1 or photometric.startswith(("RGB", "YBR", "PALETTE")):
        raise Refused("colour")
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise Refused("photometric")
    bits = stored_bits(header)
    if header.transfer_syntax not in NATIVE | ENCAPSULATED:
        raise Refused("unsupported-syntax")
    form = PixelFormat(rows=rows, columns=columns, bits=bits, inverted=photometric == "MONOCHROME1")
    if header.pixels is not None and header.pixels.length != -1 and header.transfer_syntax in NATIVE:
        if min(header.pixels.length, header.bytes - header.pixels.offset) < form.octets:
            raise Refused("truncated")
        # Twice the pixels are several frames, or bits allocated that are not those of the pixels.
        if header.pixels.length >= 2 * form.octets + 2:
            raise Refused("size-mismatch")
    return form


def stored_bits(header: Header) -> StoredBits:
    """Bit layout of the stored values; a missing BitsStored or HighBit follows from what is there.

    Raises:
        Refused: for a layout that is impossible or has neither 8 nor 16 bits allocated.
    """
    dataset = header.dataset
    allocated = integer(dataset, "BitsAllocated", absent=0)
    stored = integer(dataset, "BitsStored", absent=allocated)
    high_bit = integer(dataset, "HighBit", absent=stored - 1)
    if allocated not in (8, 16) or not 1 <= stored <= allocated or not stored - 1 <= high_bit < allocated:
        raise Refused("bits")
    return StoredBits(allocated, stored, high_bit, integer(dataset, "PixelRepresentation", absent=0) == 1)
