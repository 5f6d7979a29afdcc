from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from synthetic_dicom import radiograph, save

from cacs_cxr.faults import InputError
from cacs_cxr.imaging.header_index import EMPTY_ROW, index_folder, index_table
from cacs_cxr.imaging.image_table import is_inside, read_image_table
from cacs_cxr.imaging.vendors import vendor_name

PIXELS = np.zeros((100, 80), dtype="u2")


def indexed(tmp_path: Path, **elements: Any) -> dict[str, Any]:
    """Index row of one file with the given elements."""
    save(radiograph(PIXELS, bits_stored=12, **elements), tmp_path / "a")
    return dict(index_folder(tmp_path).iloc[0])


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
        "patient_id": "P1",
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
        "intent": "FOR PRESENTATION",
        "transfer_syntax": "1.2.840.10008.1.2.1",
        "burned_in": "NO",
        "sop_instance": "1.2.3.4",
    }


def test_files_of_any_name_in_any_folder_are_found_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("IM0001", "b/c/x.dat", "b/a.dcm"):
        save(radiograph(PIXELS, bits_stored=12), tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(tmp_path / "z.png")
    index = index_folder(tmp_path)
    assert index["file"].tolist() == ["IM0001", "b/a.dcm", "b/c/x.dat", "notes.txt", "z.png"]
    assert index["reason"].tolist() == ["", "", "", "not-an-image", "no-table"]
    assert index["readable"].tolist() == [True, True, True, False, False]


def test_a_missing_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        index_folder(tmp_path / "absent")


def test_an_empty_folder_has_an_empty_index(tmp_path: Path) -> None:
    index = index_folder(tmp_path)
    assert len(index) == 0
    assert list(index.columns) == list(EMPTY_ROW)


def test_a_refused_file_keeps_what_its_header_tells(tmp_path: Path) -> None:
    row = indexed(tmp_path, NumberOfFrames=3, Rows=10)
    assert (row["reason"], row["readable"]) == ("multi-frame", False)
    assert (row["patient_id"], row["view"]) == ("P1", "PA")


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
    ("elements", "expected"),
    [
        ({"PixelSpacing": ["0.000", "0.000"], "ImagerPixelSpacing": [4, 4]}, 4.0),
        ({"PixelSpacing": [0.1, 0.1]}, float("nan")),
        ({"PixelSpacing": [3, 4]}, float("nan")),
        ({"PixelSpacing": [30, 30]}, float("nan")),
        ({}, float("nan")),
    ],
)
def test_implausible_spacing_is_missing(tmp_path: Path, elements: dict[str, Any], expected: float) -> None:
    np.testing.assert_equal(indexed(tmp_path, **elements)["pixel_spacing_mm"], expected)


def test_vendors_have_one_name_each_and_free_text_does_not_pass() -> None:
    assert [
        vendor_name(text) for text in ("GE MEDICAL SYSTEMS", '"GE Healthcare"', "Agfa-Gevaert AG", "KODAK", "")
    ] == [
        "GE",
        "other",
        "Agfa",
        "Carestream",
        "",
    ]
    assert vendor_name("Dr Jane Doe's clinic") == "other"
    assert vendor_name("GERMANY X-RAY") == "other"


COLUMNS = {"file": "Image", "patient": "Patient ID", "date": "Day", "view": "View Position"}


def test_an_image_table_tells_patient_date_and_view(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(folder / "a.png")
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(folder / "b.jpg")
    save(radiograph(PIXELS, bits_stored=12), folder / "c.dcm")
    (tmp_path / "table.csv").write_text(
        "\ufeffImage,Patient ID,Day,View Position\n"
        "a.png,007,12.0,pa\nb.jpg,8,-3,Lateral\nc.dcm,9,,\nabsent.png,10,5,AP\n../table.csv,11,5,\n",
        encoding="utf-8",
    )
    index = index_table(folder, read_image_table(tmp_path / "table.csv", columns=COLUMNS))
    assert index["patient_id"].tolist() == ["007", "8", "9", "10", "11"]
    assert index["study_date"].tolist() == ["12", "-3", "2019-03-31", "5", "5"]
    assert index["view"].tolist() == ["PA", "lateral", "PA", "AP", "unknown"]
    assert index["view_source"].tolist() == ["table", "table", "ViewPosition", "table", "none"]
    assert index["reason"].tolist() == ["", "", "", "missing-file", "outside-folder"]
    assert index["rows"].tolist() == [30, 30, 100, 0, 0]
    assert index["modality"].tolist() == ["", "", "CR", "", ""]


def test_parquet_image_table(tmp_path: Path) -> None:
    pd.DataFrame({"Image": ["a.png"], "Patient ID": [7]}).to_parquet(tmp_path / "table.parquet")
    table = read_image_table(tmp_path / "table.parquet", columns={"file": "Image", "patient": "Patient ID"})
    assert table.to_dict("records") == [{"file": "a.png", "patient": "7", "date": "", "view": ""}]


def test_all_faults_of_an_image_table_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("Image,Patient ID\na.png,1\n,2\na.png,3\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_image_table(path, columns={"file": "Image", "patient": "Patient ID"})
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(3, "Image"), (4, "Image")]
    with pytest.raises(InputError) as caught:
        read_image_table(path, columns=COLUMNS)
    assert [fault.column for fault in caught.value.faults] == ["Day", "View Position"]
    with pytest.raises(InputError, match="a column for 'patient'"):
        read_image_table(path, columns={"file": "Image"})
    with pytest.raises(InputError, match="no such file"):
        read_image_table(tmp_path / "absent.csv", columns=COLUMNS)


def test_paths_that_leave_the_folder() -> None:
    assert [
        is_inside(file) for file in ("a/b.png", "a..b", "../a", "a/../../b", "/etc/passwd", "C:\\a", "a\\..\\b")
    ] == [
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]
