import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)
from synthetic_dicom import LOSSLESS, encode, lut_item, lut_sequence, radiograph, save

from cacs_cxr.imaging.codestream import Codestream, describe
from cacs_cxr.imaging.decode import decode_dicom
from cacs_cxr.imaging.intensity import Lut, Rescale, Window, code_values
from cacs_cxr.imaging.radiograph import read_radiograph
from cacs_cxr.imaging.refusals import REMEDIES, Refused

GENERATOR = np.random.default_rng(3)


def scene(dtype: str, bits: int) -> np.ndarray:
    """Smooth shapes and noise over the whole range of the stored bits; odd sizes, neither square nor symmetric."""
    rows, columns = np.mgrid[0:70, 0:46]
    values = (np.sin(rows / 7) + columns / 46 + GENERATOR.normal(0, 0.05, rows.shape)) / 2
    values = (values - values.min()) / (values.max() - values.min())
    least = -(1 << (bits - 1)) if dtype.startswith("i") else 0
    return (np.rint(values * ((1 << bits) - 1)) + least).astype(dtype)


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        decode_dicom(path)
    assert caught.value.reason in REMEDIES
    return caught.value.reason


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("dtype", "bits"), [("u1", 8), ("u2", 10), ("u2", 12), ("u2", 15), ("u2", 16), ("i2", 12)])
@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.keyword)
def test_lossless_transfer_syntaxes_are_exact(
    tmp_path: Path, syntax: str, dtype: str, bits: int, photometric: str
) -> None:
    pixels = scene(dtype, bits)
    dataset = encode(radiograph(pixels, bits_stored=bits, PhotometricInterpretation=photometric), syntax)
    codes, intensity = decode_dicom(save(dataset, tmp_path / "a"))
    stored, _ = code_values(intensity.bits)
    np.testing.assert_array_equal(stored[codes], pixels)
    assert intensity.inverted == (photometric == "MONOCHROME1")
    assert intensity.bits.signed == (dtype == "i2")


def test_all_encodings_of_one_radiograph_have_one_pixel_hash(tmp_path: Path) -> None:
    hashes = set()
    for number, syntax in enumerate(LOSSLESS):
        dataset = encode(radiograph(scene_once(), bits_stored=12), syntax)
        read = read_radiograph(save(dataset, tmp_path / str(number)), size=16)
        assert read.reason == ""
        hashes.add(read.pixel_sha256)
    assert len(hashes) == 1


def scene_once() -> np.ndarray:
    rows, columns = np.mgrid[0:64, 0:40]
    return ((rows * 97 + columns * 31) % 4096).astype("u2")


def test_jpeg_baseline_is_close(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:64, 0:48]
    pixels = (rows * 2 + columns).astype("u1")
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    dataset = radiograph(pixels, bits_stored=8)
    dataset.PixelData = encapsulate([buffer.getvalue()])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    codes, _ = decode_dicom(save(dataset, tmp_path / "a"))
    assert np.abs(codes.astype(int) - pixels).max() <= 4


def test_a_file_without_preamble_and_meta_header_is_read(tmp_path: Path) -> None:
    pixels = scene("u2", 12)
    for syntax, implicit, little in (("implicit", True, True), ("explicit", False, True), ("big", False, False)):
        dataset = radiograph(pixels, bits_stored=12)
        if not little:
            dataset = encode(dataset, ExplicitVRBigEndian)
        with (tmp_path / syntax).open("wb") as file:
            del dataset.file_meta
            dataset.preamble = None
            dataset.save_as(file, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
        codes, _ = decode_dicom(tmp_path / syntax)
        np.testing.assert_array_equal(codes, pixels)


def test_header_tells_modality_voi_and_padding(tmp_path: Path) -> None:
    lut = lut_sequence(lut_item(-3, [0, 500, 1000], entries=3, depth=12, vr="SS"))
    dataset = radiograph(
        scene("u2", 12),
        bits_stored=12,
        RescaleSlope=-2,
        RescaleIntercept=100,
        VOILUTSequence=lut,
        WindowCenter=[40, 50],
        WindowWidth=[400, 500],
        VOILUTFunction="SIGMOID",
        PixelPaddingValue=0,
        PixelPaddingRangeLimit=5,
    )
    _, intensity = decode_dicom(save(dataset, tmp_path / "a"))
    assert intensity.modality == Rescale(-2, 100)
    assert intensity.padding == (0, 5)
    first = intensity.voi[0]
    assert isinstance(first, Lut)
    assert (first.first, first.values.tolist()) == (-3, [0, 500, 1000])
    assert intensity.voi[1:] == (Window(40, 400, "SIGMOID"), Window(50, 500, "SIGMOID"))


@pytest.mark.parametrize("big_endian", [False, True])
def test_eight_bit_lut_packed_two_to_a_word(tmp_path: Path, big_endian: bool) -> None:
    values = [int(value) for value in np.arange(300) % 251]
    packed = bytes(values)
    if big_endian:
        packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
    dataset = radiograph(
        scene("u2", 12), bits_stored=12, VOILUTSequence=lut_sequence(lut_item(0, packed, entries=300, depth=8))
    )
    dataset = encode(dataset, ExplicitVRBigEndian) if big_endian else dataset
    _, intensity = decode_dicom(save(dataset, tmp_path / "a"))
    lut = intensity.voi[0]
    assert isinstance(lut, Lut)
    assert lut.values.tolist() == values


def test_number_of_entries_zero_means_65536(tmp_path: Path) -> None:
    ramp = np.arange(65536, dtype="<u2").tobytes()
    dataset = radiograph(
        scene("u2", 16), bits_stored=16, VOILUTSequence=lut_sequence(lut_item(0, ramp, entries=0, depth=16))
    )
    _, intensity = decode_dicom(save(dataset, tmp_path / "a"))
    lut = intensity.voi[0]
    assert isinstance(lut, Lut)
    assert len(lut.values) == 65536


def test_first_value_of_a_lut_is_signed_where_its_input_can_be_negative(tmp_path: Path) -> None:
    sequence = lut_sequence(lut_item(65436, [0, 1, 2], entries=3, depth=8))
    for intercept, expected in ((-100, -100), (0, 65436)):
        dataset = radiograph(
            scene("u2", 12), bits_stored=12, RescaleSlope=1, RescaleIntercept=intercept, VOILUTSequence=sequence
        )
        _, intensity = decode_dicom(save(dataset, tmp_path / str(intercept)))
        lut = intensity.voi[0]
        assert isinstance(lut, Lut)
        assert lut.first == expected


def test_grey_values_of_a_whole_file(tmp_path: Path) -> None:
    # 10-bit MONOCHROME1 with a window over the full range: stored 0 is white, 1023 black, and the image is not turned.
    pixels = np.full((32, 32), 1023, dtype="u2")
    pixels[:16, 16:] = 0
    dataset = radiograph(
        pixels, bits_stored=10, PhotometricInterpretation="MONOCHROME1", WindowCenter=512, WindowWidth=1024
    )
    read = read_radiograph(save(dataset, tmp_path / "a"), size=32)
    assert read.intensity_path == "window-linear>invert"
    np.testing.assert_array_equal(read.levels, np.where(pixels == 0, 255, 0))


def test_bits_outside_the_stored_ones_are_masked_and_told(tmp_path: Path) -> None:
    pixels = np.array([[0, 4095], [0x8000, 0x8FFF]], dtype="u2")
    dataset = radiograph(pixels, bits_stored=12, WindowCenter=2048, WindowWidth=4096)
    read = read_radiograph(save(dataset, tmp_path / "a"), size=2)
    assert read.levels.tolist() == [[0, 255], [0, 255]]
    assert read.intensity_path == "mask>window-linear"


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Rows": None}, "no-size"),
        ({"Rows": 0}, "no-size"),
        ({"Rows": 65535, "Columns": 65535}, "too-large"),
        ({"NumberOfFrames": 2}, "multi-frame"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"PhotometricInterpretation": None}, "photometric"),
        ({"BitsStored": 17}, "bits"),
        ({"BitsStored": 0}, "bits"),
        ({"BitsAllocated": 32}, "bits"),
        ({"Rows": 71}, "truncated"),
    ],
)
def test_headers_that_are_refused(tmp_path: Path, elements: dict[str, Any], reason: str) -> None:
    dataset = radiograph(
        scene("u2", 12), bits_stored=12, **{key: v for key, v in elements.items() if key != "BitsStored"}
    )
    for keyword, value in elements.items():
        if value is not None:
            setattr(dataset, keyword, value)
    assert refusal(save(dataset, tmp_path / "a")) == reason


def test_a_small_file_that_declares_a_huge_image_is_refused_at_once(tmp_path: Path) -> None:
    dataset = radiograph(np.zeros((2, 2), dtype="u2"), bits_stored=16, Rows=65535, Columns=65535)
    path = save(dataset, tmp_path / "a")
    start = time.perf_counter()
    assert refusal(path) == "too-large"
    assert time.perf_counter() - start < 0.5


def test_a_codestream_larger_than_its_header_is_refused_before_decoding(tmp_path: Path) -> None:
    dataset = encode(radiograph(scene("u2", 12), bits_stored=12), JPEG2000Lossless)
    dataset.Rows = 60
    assert refusal(save(dataset, tmp_path / "a")) == "size-mismatch"


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.keyword)
def test_files_cut_anywhere_are_refused(tmp_path: Path, syntax: str) -> None:
    whole = save(encode(radiograph(scene("u2", 12), bits_stored=12), syntax), tmp_path / "a").read_bytes()
    path = tmp_path / "b"
    for keep in (0, 5, 131, 132, 150, 400, len(whole) // 2, len(whole) - 900):
        path.write_bytes(whole[: max(keep, 0)])
        assert refusal(path) != ""


def test_other_kinds_of_files(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    assert refusal(path) == "missing-file"
    path.write_bytes(b"")
    assert refusal(path) == "empty-file"
    path.write_bytes(b"\n\n<!DOCTYPE html><html><head></head></html>" * 20)
    assert refusal(path) == "not-an-image"
    dataset = radiograph(scene("u2", 12), bits_stored=12)
    del dataset.PixelData
    save(dataset, path)
    assert refusal(path) == "no-pixel-data"
    dataset = radiograph(scene("u2", 12), bits_stored=12)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
    dataset.PixelData = encapsulate([b"MPEG"])
    dataset["PixelData"].is_undefined_length = True
    save(dataset, path)
    assert refusal(path) == "unsupported-syntax"


def test_a_deflated_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = radiograph(np.zeros((2000, 2000), dtype="u2"), bits_stored=16)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save(dataset, tmp_path / "a")
    assert path.stat().st_size < 20_000
    assert decode_dicom(path)[0].shape == (2000, 2000)
    monkeypatch.setattr("cacs_cxr.imaging.headers.INFLATED_LIMIT", 1_000_000)
    assert refusal(path) == "too-large"


def test_values_of_headers_are_not_spoken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = radiograph(scene("u2", 12), bits_stored=12)
    path = save(dataset, tmp_path / "a")
    spoilt = path.read_bytes().replace(b"20190331", b"Secr^t!!").replace(b"1.2.3.4\0", b"1.x^3.4\0")
    path.write_bytes(spoilt)
    read = read_radiograph(path, size=16)
    assert read.reason == ""
    assert caplog.text == ""


def test_a_codestream_tells_its_form_by_its_frame_header() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x25\x00\x17\x01\x01\x11\x00"
    assert describe(jpeg) == Codestream("dct", 37, 23, 1, 8)
    assert describe(b"\xff\xd8" + b"\xff" * 50) is None
    assert describe(b"") is None
    assert describe(b"\xff\xd8\xff\xda\x00\x00" * 9) is None


def test_uncompressed_pixels_in_a_file_that_goes_on_are_those_after_the_header(tmp_path: Path) -> None:
    pixels = scene("u2", 12)
    dataset = radiograph(pixels, bits_stored=12)
    dataset.add_new(0xFFFCFFFC, "OB", b"\x01" * 64)
    assert dataset.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    np.testing.assert_array_equal(decode_dicom(save(dataset, tmp_path / "a"))[0], pixels)
