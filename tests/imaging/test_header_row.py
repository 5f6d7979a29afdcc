"""A row of the index: what a header tells, in whatever encoding, and what it must not let through."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless
from synthetic_dicom import NATIVE, encode, radiograph, save

from cacs_cxr.imaging.header_row import EMPTY_ROW, is_inside, read_rows
from cacs_cxr.imaging.vendors import vendor_name

PIXELS = np.zeros((100, 80), dtype="u2")


def row_of(path: Path) -> dict[str, Any]:
    """Row of a file, identifiers in the clear."""
    return read_rows(str(path.parent), [{"file": path.name}])[0]


def indexed(tmp_path: Path, **elements: Any) -> dict[str, Any]:
    """Row of a file with the given elements."""
    return row_of(save(radiograph(PIXELS, bits_stored=12, **elements), tmp_path / "a"))


def test_a_row_holds_what_the_header_tells(tmp_path: Path) -> None:
    row = indexed(
        tmp_path,
        Manufacturer="FUJI PHOTO FILM Co., ltd.",
        BodyPartExamined="CHEST",
        PixelSpacing=[3.0, 3.0],
        PresentationIntentType="FOR PRESENTATION",
        BurnedInAnnotation="NO",
        ImageLaterality="U",
        PhotometricInterpretation="MONOCHROME1",
    )
    assert row == {
        **EMPTY_ROW,
        "file": "a",
        "bytes": (tmp_path / "a").stat().st_size,
        "readable": True,
        "patient": "P1",
        "study_date": "2019-03-31",
        "modality": "CR",
        "sop_class": "1.2.840.10008.5.1.4.1.1.1",
        "view": "PA",
        "view_source": "ViewPosition",
        "view_element": "ViewPosition",
        "laterality": "U",
        "body_part": "CHEST",
        "vendor": "Fuji",
        "photometric": "MONOCHROME1",
        "bits_stored": 12,
        "rows": 100,
        "columns": 80,
        "pixel_spacing_mm": 3.0,
        "spacing_plausible": True,
        "intent": "FOR PRESENTATION",
        "transfer_syntax": "1.2.840.10008.1.2.1",
        "burned_in": "NO",
        "sop_instance": "1.2.3.4",
    }


@pytest.mark.parametrize("syntax", NATIVE[1:])
def test_every_encoding_gives_the_same_row(tmp_path: Path, syntax: str) -> None:
    elements = {"PixelSpacing": [3.0, 3.0], "PatientID": "Müller 7", "SpecificCharacterSet": "ISO_IR 100"}
    plain = indexed(tmp_path, **elements)
    dataset = encode(radiograph(PIXELS, bits_stored=12, **elements), syntax)
    row = row_of(save(dataset, tmp_path / "b"))
    assert plain["patient"] == "Müller 7"
    own = {"file": "b", "bytes": row["bytes"], "transfer_syntax": str(syntax)}
    assert row == plain | own


@pytest.mark.parametrize(
    ("character_set", "identifier"), [("ISO_IR 192", "患者7"), ("ISO 2022 IR 149", "환자7"), ("ISO_IR 144", "Иванов")]
)
def test_identifiers_in_other_scripts_are_read_as_they_are_meant(
    tmp_path: Path, character_set: str, identifier: str
) -> None:
    sets = ["", character_set] if "2022" in character_set else character_set
    assert indexed(tmp_path, SpecificCharacterSet=sets, PatientID=identifier)["patient"] == identifier


def without_meta_header(path: Path) -> bytes:
    """The data set of a file with meta header, bare."""
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length :]


def test_files_without_preamble_or_meta_header_are_read_and_say_so(tmp_path: Path) -> None:
    whole = save(radiograph(PIXELS, bits_stored=12, PixelSpacing=[3, 3]), tmp_path / "a")
    plain = row_of(whole)
    variants = {
        "no-preamble": whole.read_bytes()[132:],
        "no-meta-header": without_meta_header(whole),
    }
    for note, content in variants.items():
        path = tmp_path / note
        path.write_bytes(content)
        assert row_of(path) == plain | {"file": note, "bytes": len(content), "header_note": note}
    path = tmp_path / "preamble only"
    path.write_bytes(b"\0" * 128 + b"DICM" + without_meta_header(whole))
    assert row_of(path)["header_note"] == "no-meta-header"
    assert row_of(path)["readable"]


def test_the_encoding_of_a_file_without_meta_header_is_found_out(tmp_path: Path) -> None:
    dataset = encode(radiograph(PIXELS, bits_stored=12), ImplicitVRLittleEndian)
    content = without_meta_header(save(dataset, tmp_path / "a"))
    (tmp_path / "b").write_bytes(content)
    row = row_of(tmp_path / "b")
    assert (row["readable"], row["transfer_syntax"]) == (True, ImplicitVRLittleEndian)


def test_a_compressed_file_without_meta_header_is_refused(tmp_path: Path) -> None:
    dataset = encode(radiograph(PIXELS, bits_stored=12), JPEG2000Lossless)
    (tmp_path / "b").write_bytes(without_meta_header(save(dataset, tmp_path / "a")))
    assert row_of(tmp_path / "b")["reason"] == "no-transfer-syntax"


def test_a_data_set_in_another_encoding_than_the_meta_header_says_is_read(tmp_path: Path) -> None:
    explicit = save(radiograph(PIXELS, bits_stored=12), tmp_path / "a")
    implicit = save(encode(radiograph(PIXELS, bits_stored=12), ImplicitVRLittleEndian), tmp_path / "b")
    bare = without_meta_header(implicit)
    meta = explicit.read_bytes()[: -len(without_meta_header(explicit))]
    (tmp_path / "c").write_bytes(meta + bare)
    row = row_of(tmp_path / "c")
    assert (row["readable"], row["patient"], row["rows"]) == (True, "P1", 100)


@pytest.mark.parametrize("preamble", [132, 0])
def test_a_file_that_inflates_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preamble: int
) -> None:
    dataset = radiograph(np.zeros((1000, 1000), dtype="u2"), bits_stored=12)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save(dataset, tmp_path / "a")
    path.write_bytes(path.read_bytes()[132 - preamble :])
    assert row_of(path)["readable"]
    monkeypatch.setattr("cacs_cxr.imaging.headers.INFLATED_LIMIT", 1_000_000)
    assert row_of(path)["reason"] == "too-large"


def test_a_refused_file_keeps_what_its_header_tells(tmp_path: Path) -> None:
    row = indexed(tmp_path, NumberOfFrames=3, Rows=10)
    assert (row["reason"], row["readable"]) == ("multi-frame", False)
    assert (row["patient"], row["view"]) == ("P1", "PA")


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"StudyDate": "2019.03.31"}, "2019-03-31"),
        ({"StudyDate": "", "AcquisitionDate": "20190401"}, "2019-04-01"),
        ({"StudyDate": None}, ""),
        ({"StudyDate": "120"}, "120"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
def test_dates_are_as_given(tmp_path: Path, elements: dict[str, Any], expected: str) -> None:
    assert indexed(tmp_path, **elements)["study_date"] == expected


@pytest.mark.parametrize(
    ("elements", "spacing", "plausible"),
    [
        ({"PixelSpacing": ["0.000", "0.000"], "ImagerPixelSpacing": [4, 4]}, 4.0, True),
        ({"PixelSpacing": ["0.000", "0.000"]}, 0.0, False),
        ({"PixelSpacing": [0.1, 0.1]}, 0.1, False),
        ({"PixelSpacing": [3, 4]}, 3.5, False),
        ({"PixelSpacing": [30, 30], "ImagerPixelSpacing": [40, 40]}, 30.0, False),
        ({"ImagerPixelSpacing": [4, 4]}, 4.0, True),
        ({"PixelSpacing": [3]}, float("nan"), False),
        ({}, float("nan"), False),
    ],
)
def test_spacing_is_as_given_and_its_plausibility_apart(
    tmp_path: Path, elements: dict[str, Any], spacing: float, plausible: bool
) -> None:
    row = indexed(tmp_path, **elements)
    np.testing.assert_equal(row["pixel_spacing_mm"], spacing)
    assert row["spacing_plausible"] is plausible


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
def test_free_text_passes_in_no_column(tmp_path: Path) -> None:
    row = indexed(
        tmp_path,
        BodyPartExamined="chest of Jane Doe",
        ImageLaterality="Doe^Jane",
        BurnedInAnnotation="Doe, Jane",
        Manufacturer="Jane Doe's clinic",
        Modality="Jane Doe 1950-01-01",
        SOPClassUID="1.2.826.0.1.19500101",
    )
    assert [row[name] for name in ("body_part", "laterality", "burned_in", "vendor", "modality", "sop_class")] == [
        "OTHER",
        "OTHER",
        "OTHER",
        "other",
        "OTHER",
        "private",
    ]
    assert not [value for value in row.values() if "DOE" in str(value).upper() or "1950" in str(value)]


def test_a_damaged_value_spoils_its_column_only(tmp_path: Path) -> None:
    path = save(radiograph(PIXELS, bits_stored=12, PixelSpacing=[3.0, 3.0], InstanceNumber="7"), tmp_path / "a")
    path.write_bytes(
        path.read_bytes().replace(b"3.0\\3.0 ", b"x.0\\\xff.0 ").replace(b"20190331", b"\xff\x00\xfe\x1b$B!!")
    )
    row = row_of(path)
    assert row["readable"]
    assert np.isnan(row["pixel_spacing_mm"])
    assert (row["patient"], row["view"]) == ("P1", "PA")


def test_whatever_a_header_holds_it_has_a_row(tmp_path: Path) -> None:
    """Every prefix of a header, and every byte of it overwritten, gives a row with or without a reason."""
    content = save(radiograph(np.zeros((2, 2), "u2"), bits_stored=12), tmp_path / "a").read_bytes()
    path = tmp_path / "b"
    reasons = set()
    for length in range(0, len(content), 3):
        path.write_bytes(content[:length])
        row = row_of(path)
        assert row["readable"] is (row["reason"] == "")
        reasons.add(row["reason"])
    assert reasons == {"empty-file", "not-an-image", "damaged-header", "no-pixel-data", "truncated"}
    for place in range(128, len(content), 2):
        path.write_bytes(content[:place] + b"\xff" + content[place + 1 :])
        row = row_of(path)
        assert row["readable"] is (row["reason"] == "")


@pytest.mark.parametrize("syntax", NATIVE)
def test_the_short_way_to_a_plain_header_tells_what_pydicom_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: str
) -> None:
    """Of damaged headers as well: one to three bytes of each are overwritten at random."""
    elements = {"PixelSpacing": [3.0, 3.0], "Manufacturer": "Fuji", "PatientOrientation": ["L", "F"]}
    content = save(encode(radiograph(PIXELS[:4], bits_stored=12, **elements), syntax), tmp_path / "a").read_bytes()
    path = tmp_path / "b"
    rows: dict[str, list[dict[str, str]]] = {"short": [], "pydicom": []}
    for way in rows:
        if way == "pydicom":
            monkeypatch.setattr("cacs_cxr.imaging.headers.plain_transfer_syntax", lambda _: "")
        generator = np.random.default_rng(1)
        for _ in range(100):
            damaged = bytearray(content)
            for place in generator.integers(132, min(len(content), 700), size=generator.integers(1, 4)):
                damaged[place] = generator.integers(256)
            path.write_bytes(damaged)
            rows[way].append({name: str(value) for name, value in row_of(path).items()})
    assert rows["short"] == rows["pydicom"]
    assert len({row["reason"] for row in rows["short"]}) > 2


def test_vendors_have_one_name_each_and_free_text_does_not_pass() -> None:
    names = ("GE MEDICAL SYSTEMS", '"GE Healthcare"', "Agfa-Gevaert AG", "KODAK", "", "Dr Jane Doe's clinic", "GERMANY")
    assert [vendor_name(text) for text in names] == ["GE", "other", "Agfa", "Carestream", "", "other", "other"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        *((file, True) for file in ("a/b.png", "a..b", "./a", ".")),
        *((file, False) for file in ("../a", "a/../../b", "/etc/passwd", "C:\\a", "a\\..\\b")),
    ],
)
def test_paths_that_leave_the_folder(file: str, expected: bool) -> None:
    assert is_inside(file) is expected


def test_names_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    records = [
        {"file": name, "patient": "1"} for name in ("\udcff.dcm", "a\0b", "/etc/passwd", "absent", "folder", ".")
    ]
    reasons = ["unusable-name", "unusable-name", "outside-folder", "missing-file", "cannot-open", "cannot-open"]
    assert [row["reason"] for row in read_rows(str(tmp_path), records)] == reasons


def test_a_sequence_is_read_in_every_length(tmp_path: Path) -> None:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "R-10236", "left lateral"
    for undefined in (False, True):
        dataset = radiograph(PIXELS, bits_stored=12, ViewPosition="", ViewCodeSequence=[item])
        dataset["ViewCodeSequence"].is_undefined_length = undefined
        row = row_of(save(dataset, tmp_path / f"{undefined}"))
        assert (row["view"], row["view_source"]) == ("lateral", "ViewCodeSequence")
