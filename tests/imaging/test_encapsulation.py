"""Pixel data as writers store them, rightly and not: items, offset tables, padding, ends, and lying syntaxes."""

from io import BytesIO
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from codestreams import EXTENDED, HIGH_THROUGHPUT, pattern, smooth
from lossless_jpeg import encode_lossless_jpeg
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.encaps import get_frame
from pydicom.uid import (
    HTJ2K,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from synthetic_dicom import ENCAPSULATED_UNCOMPRESSED, encode, item, radiograph, save, wrap

from cacs_cxr.imaging.decode import decode_dicom
from cacs_cxr.imaging.guard import guarded
from cacs_cxr.imaging.intensity import code_values
from cacs_cxr.imaging.radiograph import read_radiograph
from cacs_cxr.imaging.refusals import Refused

PIXELS = np.tile(pattern(12, "u"), (2, 2))  # OpenJPEG makes no smaller one
JPEG = encode_lossless_jpeg(PIXELS, precision=12)
JPEG_2000 = encode(radiograph(PIXELS, bits_stored=12), JPEG2000Lossless).PixelData[16:].rstrip(b"\0")
EMPTY_TABLE = item(b"")
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
UNDEFINED = 0xFFFFFFFF


def written(path: Path, pixel_data: bytes, *, syntax: str, length: int = UNDEFINED, dataset: FileDataset) -> Path:
    """File whose pixel data element has these bytes and that length, right or wrong."""
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    del dataset.PixelData
    header = save(dataset, path).read_bytes()
    path.write_bytes(header + b"\xe0\x7f\x10\x00OB\0\0" + pack("<I", length) + pixel_data)
    return path


def decoded(
    path: Path, pixel_data: bytes, *, syntax: str = JPEGLosslessSV1, length: int = UNDEFINED
) -> np.ndarray[tuple[int, ...], np.dtype[np.integer]]:
    codes, _ = decode_dicom(
        written(path, pixel_data, syntax=syntax, length=length, dataset=radiograph(PIXELS, bits_stored=12))
    )
    return codes


def refusal(path: Path, pixel_data: bytes, *, syntax: str = JPEGLosslessSV1, length: int = UNDEFINED) -> str:
    with pytest.raises(Refused) as caught:
        decoded(path, pixel_data, syntax=syntax, length=length)
    return caught.value.reason


EVEN = JPEG + b"\0" * (len(JPEG) % 2)
ODD = JPEG if len(JPEG) % 2 else JPEG + b"\0"
PIECES = [EVEN[:100], EVEN[100:104], EVEN[104:]]
READ = {
    "one item": EMPTY_TABLE + item(EVEN) + DELIMITER,
    "filled offset table": item(b"\0\0\0\0") + item(EVEN) + DELIMITER,
    "offset table of garbage": item(b"\x07\0\0\0\x09\0\0\0") + item(EVEN) + DELIMITER,
    "no offset table": item(EVEN) + DELIMITER,
    "several items": EMPTY_TABLE + b"".join(map(item, PIECES)) + DELIMITER,
    "offsets of several items": item(pack("<3I", 0, 108, 120)) + b"".join(map(item, PIECES)) + DELIMITER,
    "empty items": EMPTY_TABLE + item(b"") + item(EVEN) + item(b"") + DELIMITER,
    "odd item": EMPTY_TABLE + item(ODD) + DELIMITER,
    "odd item and padding": EMPTY_TABLE + item(ODD) + b"\0" + DELIMITER,
    "odd items and padding": EMPTY_TABLE + item(JPEG[:101]) + b"\0" + item(JPEG[101:]) + b"\0" + DELIMITER,
    "no delimiter": EMPTY_TABLE + item(EVEN),
    "elements after the delimiter": EMPTY_TABLE + item(EVEN) + DELIMITER + b"\xfc\xff\xfc\xffOB\0\0\2\0\0\0\0\0",
    "zeros after the image": EMPTY_TABLE + item(EVEN + b"\0" * 64) + DELIMITER,
    "no end marker": EMPTY_TABLE + item(JPEG.removesuffix(b"\xff\xd9")) + DELIMITER,
    "item longer than the file": EMPTY_TABLE + b"\xfe\xff\x00\xe0" + pack("<I", len(JPEG) + 500) + JPEG,
}


@pytest.mark.parametrize("name", READ)
def test_an_image_is_put_together_from_its_items(tmp_path: Path, name: str) -> None:
    np.testing.assert_array_equal(decoded(tmp_path / "a", READ[name]), PIXELS)


def test_compressed_pixels_of_a_defined_length_are_read(tmp_path: Path) -> None:
    items = EMPTY_TABLE + item(EVEN) + DELIMITER
    np.testing.assert_array_equal(decoded(tmp_path / "a", items, length=len(items)), PIXELS)
    np.testing.assert_array_equal(decoded(tmp_path / "b", EVEN, length=len(EVEN)), PIXELS)


def test_an_extended_offset_table_may_stand_before_the_pixels(tmp_path: Path) -> None:
    dataset = radiograph(PIXELS, bits_stored=12)
    dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = pack("<Q", 0), pack("<Q", len(EVEN))
    codes, _ = decode_dicom(save(wrap(dataset, [EVEN], JPEGLosslessSV1), tmp_path / "a"))
    np.testing.assert_array_equal(codes, PIXELS)


@pytest.mark.parametrize(
    ("pixel_data", "reason"),
    [
        (EMPTY_TABLE + DELIMITER, "no-pixel-data"),
        (b"", "no-pixel-data"),
        (b"something else", "no-pixel-data"),
        (EMPTY_TABLE + item(EVEN) + item(EVEN) + DELIMITER, "multi-frame"),
        (EMPTY_TABLE + b"\xfe\xff\x00\xe0" + pack("<I", len(JPEG)) + JPEG[:-40], "truncated"),
        (EMPTY_TABLE + item(JPEG[: len(JPEG) // 2]) + DELIMITER, "truncated"),
        (EMPTY_TABLE + item(JPEG[: len(JPEG) // 2] + b"\xff\xd9") + DELIMITER, "truncated"),
        (EMPTY_TABLE + item(JPEG[:30]) + DELIMITER, "truncated"),
        (EMPTY_TABLE + item(bytes(2_000_000)) + DELIMITER, "too-large"),
        (EMPTY_TABLE + item(encode_lossless_jpeg(PIXELS[:31], precision=12)) + DELIMITER, "size-mismatch"),
        (EMPTY_TABLE + item(JPEG.replace(b"\xff\xc3", b"\xff\xc2")) + DELIMITER, "unsupported-syntax"),
    ],
)
def test_items_that_make_no_image_are_refused(tmp_path: Path, pixel_data: bytes, reason: str) -> None:
    assert refusal(tmp_path / "a", pixel_data) == reason


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xe0\x00\x10JFIF\0\x4e\x01\0\0\x01\0\x01\0\0",
        b"\xff\xfe\x00\x07hello",
        b"\xff\xee\x00\x0eAdobe" + b"\7" * 7,
    ],
    ids=["JFIF of another revision", "comment", "Adobe's of another kind"],
)
def test_remarks_in_a_jpeg_image_are_passed_over(tmp_path: Path, segment: bytes) -> None:
    content = JPEG[:2] + segment + JPEG[2:]
    np.testing.assert_array_equal(decoded(tmp_path / "a", EMPTY_TABLE + item(content) + DELIMITER), PIXELS)


def test_segments_of_a_jpeg_image_that_do_not_follow_each_other_are_refused(tmp_path: Path) -> None:
    # GDCM ends the process at these, so they are read as the study reads them.
    scan = JPEG.index(b"\xff\xda")
    paths = []
    for number, junk in enumerate((b"\0", b"junk", b"\xff\0\0\0", b"\xff\x40\0\0")):
        content = EMPTY_TABLE + item(JPEG[:scan] + junk + JPEG[scan:]) + DELIMITER
        dataset = radiograph(PIXELS, bits_stored=12)
        paths.append(written(tmp_path / str(number), content, syntax=JPEGLosslessSV1, dataset=dataset))
    calls = [{"path": path, "size": 16} for path in paths]
    assert [read.reason for read in guarded(read_radiograph, calls, seconds=30)] == ["damaged-pixels"] * 4


def test_a_cut_jpeg_2000_image_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a", EMPTY_TABLE + item(JPEG_2000[:-60]), syntax=JPEG2000Lossless) == "truncated"
    cut = b"\xfe\xff\x00\xe0" + pack("<I", len(JPEG_2000)) + JPEG_2000[:-60]
    assert refusal(tmp_path / "b", EMPTY_TABLE + cut, syntax=JPEG2000Lossless) == "truncated"
    # Of its four tiles two are left out, and the image is ended properly.
    tiled = bytearray(JPEG_2000)
    tiled[24:32] = pack(">II", 16, 16)
    assert refusal(tmp_path / "c", EMPTY_TABLE + item(bytes(tiled)), syntax=JPEG2000Lossless) == "truncated"


def test_jpeg_2000_is_read_without_its_end_marker_and_from_a_jp2_file(tmp_path: Path) -> None:
    box = b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\0\0\0\0jp2c"
    for number, content in enumerate((JPEG_2000.removesuffix(b"\xff\xd9"), box + JPEG_2000)):
        codes = decoded(tmp_path / str(number), EMPTY_TABLE + item(content) + DELIMITER, syntax=JPEG2000Lossless)
        np.testing.assert_array_equal(codes, PIXELS)


def test_a_comment_behind_the_last_tile_is_passed_over(tmp_path: Path) -> None:
    content = JPEG_2000.removesuffix(b"\xff\xd9") + b"\xff\x64\x00\x0b\x00\x01PADDING\xff\xd9"
    codes = decoded(tmp_path / "a", EMPTY_TABLE + item(content) + DELIMITER, syntax=JPEG2000Lossless)
    np.testing.assert_array_equal(codes, PIXELS)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGLSLossless, RLELossless, HTJ2K, ExplicitVRLittleEndian])
@pytest.mark.parametrize("content", [JPEG, JPEG_2000], ids=["JPEG", "JPEG 2000"])
def test_an_image_is_decoded_by_its_own_bytes_where_the_syntax_lies(
    tmp_path: Path, syntax: str, content: bytes
) -> None:
    np.testing.assert_array_equal(
        decoded(tmp_path / "a", EMPTY_TABLE + item(content) + DELIMITER, syntax=syntax), PIXELS
    )


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000Lossless, RLELossless])
def test_plain_pixels_under_a_compressed_syntax_are_read(tmp_path: Path, syntax: str) -> None:
    plain = PIXELS.tobytes()
    np.testing.assert_array_equal(decoded(tmp_path / "a", plain, syntax=syntax, length=len(plain)), PIXELS)
    np.testing.assert_array_equal(decoded(tmp_path / "b", EMPTY_TABLE + item(plain), syntax=syntax), PIXELS)


def test_run_lengths_as_long_as_the_plain_pixels_are_run_lengths(tmp_path: Path) -> None:
    dataset = encode(radiograph(np.zeros_like(PIXELS), bits_stored=12), RLELossless)
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    long = EMPTY_TABLE + item(frame.ljust(PIXELS.nbytes, b"\0"))
    np.testing.assert_array_equal(decoded(tmp_path / "a", long, syntax=RLELossless), np.zeros_like(PIXELS))


def test_encapsulated_uncompressed_pixels_may_be_split_and_must_be_whole(tmp_path: Path) -> None:
    plain, syntax = PIXELS.tobytes(), ENCAPSULATED_UNCOMPRESSED
    split = EMPTY_TABLE + item(plain[:200]) + item(plain[200:]) + DELIMITER
    np.testing.assert_array_equal(decoded(tmp_path / "a", split, syntax=syntax), PIXELS)
    assert refusal(tmp_path / "b", EMPTY_TABLE + item(plain[:-2]) + DELIMITER, syntax=syntax) == "damaged-pixels"


def test_pixels_longer_than_the_image_are_padding_or_another_image(tmp_path: Path) -> None:
    plain, syntax = PIXELS.tobytes(), ExplicitVRLittleEndian
    padded = plain + bytes(40)
    np.testing.assert_array_equal(decoded(tmp_path / "a", padded, syntax=syntax, length=len(padded)), PIXELS)
    thrice = plain * 3
    assert refusal(tmp_path / "b", thrice, syntax=syntax, length=len(thrice)) == "size-mismatch"


@pytest.mark.parametrize("representation", ["OB", "OW"])
@pytest.mark.parametrize("columns", [16, 15])
def test_eight_bit_pixels_of_big_endian_files(tmp_path: Path, representation: str, columns: int) -> None:
    # Fifteen columns and rows make an odd number of bytes, and the last word is padded.
    pixels = pattern(8, "u")[:15, :columns]
    dataset = radiograph(pixels, bits_stored=8)
    content = pixels.tobytes() + b"\0" * (pixels.size % 2)
    if representation == "OW":
        content = np.frombuffer(content, "<u2").astype(">u2").tobytes()
    dataset.PixelData = content
    dataset["PixelData"].VR = representation
    dataset.set_original_encoding(is_implicit_vr=False, is_little_endian=False)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    np.testing.assert_array_equal(decode_dicom(save(dataset, tmp_path / "a"))[0], pixels)


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
@pytest.mark.parametrize("name", HIGH_THROUGHPUT)
def test_high_throughput_jpeg_2000_is_exact(tmp_path: Path, name: str, syntax: str) -> None:
    signedness, bits = name[0], int(name[1:])
    pixels = pattern(bits, signedness)
    dataset = wrap(radiograph(pixels, bits_stored=bits), [HIGH_THROUGHPUT[name]], syntax)
    codes, intensity = decode_dicom(save(dataset, tmp_path / "a"))
    np.testing.assert_array_equal(code_values(intensity.bits)[0][codes], pixels)


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("precision", [2, 7, 8, 9, 12, 16])
def test_lossless_jpeg_of_every_predictor_is_exact(tmp_path: Path, precision: int, predictor: int) -> None:
    pixels = np.random.default_rng(precision).integers(0, 1 << precision, (17, 13), dtype=np.uint16)
    codestream = encode_lossless_jpeg(
        pixels, precision=precision, predictor=predictor, restart_rows=4 * (predictor % 2)
    )
    dataset = wrap(radiograph(pixels, bits_stored=precision), [codestream], JPEGLosslessSV1)
    np.testing.assert_array_equal(decode_dicom(save(dataset, tmp_path / "a"))[0], pixels)


def test_twelve_bit_extended_jpeg_is_close(tmp_path: Path) -> None:
    dataset = wrap(radiograph(smooth(), bits_stored=12), [EXTENDED], JPEGExtended12Bit)
    codes, _ = decode_dicom(save(dataset, tmp_path / "a"))
    # The greatest error of the libjpeg-turbo that made it is 19 of 4,095.
    assert np.abs(codes.astype(int) - smooth()).max() <= 24


def test_eight_bit_extended_jpeg_is_close(tmp_path: Path) -> None:
    pixels = (smooth() >> 4).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    extended = buffer.getvalue().replace(b"\xff\xc0", b"\xff\xc1", 1)
    dataset = wrap(radiograph(pixels, bits_stored=8), [extended], JPEGExtended12Bit)
    codes, _ = decode_dicom(save(dataset, tmp_path / "a"))
    assert np.abs(codes.astype(int) - pixels).max() <= 4


@pytest.mark.parametrize("error", [1, 5])
def test_near_lossless_jpeg_ls_keeps_its_promise(tmp_path: Path, error: int) -> None:
    import jpeg_ls

    content = bytes(jpeg_ls.encode(PIXELS, lossy_error=error))
    dataset = wrap(radiograph(PIXELS, bits_stored=12), [content], JPEGLSNearLossless)
    codes, _ = decode_dicom(save(dataset, tmp_path / "a"))
    assert 0 < np.abs(codes.astype(int) - PIXELS).max() <= error


def test_lossy_jpeg_2000_is_close(tmp_path: Path) -> None:
    import openjpeg

    pixels = np.kron(smooth(), np.ones((8, 8), dtype=np.uint16))
    content = openjpeg.encode(pixels, bits_stored=12, photometric_interpretation=2, compression_ratios=[10])
    dataset = wrap(radiograph(pixels, bits_stored=12), [content], JPEG2000Lossless)
    codes, _ = decode_dicom(save(dataset, tmp_path / "a"))
    assert 0 < np.abs(codes.astype(int) - pixels).max() <= 300
    assert np.abs(codes.astype(int) - pixels).mean() <= 40
