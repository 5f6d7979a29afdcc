"""The index of a folder or an image table: order, pseudonyms, lost headers, and image tables themselves."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from PIL import Image
from synthetic_dicom import radiograph, save

from cacs_cxr.faults import InputError
from cacs_cxr.imaging import header_index
from cacs_cxr.imaging.header_index import index_folder, index_table, list_files, log_index
from cacs_cxr.imaging.header_row import EMPTY_ROW, read_rows
from cacs_cxr.imaging.image_table import read_image_table
from cacs_cxr.pseudonyms import KEY_CHECK, key_check, pseudonym
from cacs_cxr.tables import write_parquet

PIXELS = np.zeros((100, 80), dtype="u2")
KEY = b"k" * 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of several kinds and patients in folders of any name."""
    folder = tmp_path / "images"
    (folder / "b" / "c").mkdir(parents=True)
    for number, name in enumerate(("IM0001", "b/c/x.dat", "b/a.dcm", "b-1", "z")):
        content = radiograph(PIXELS, bits_stored=12, PatientID=f"P{number}", SOPInstanceUID=f"1.2.{number}")
        save(content, folder / name)
    (folder / "notes.txt").write_text("not an image")
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(folder / "z.png")
    return folder


def test_files_of_any_name_in_any_folder_are_found_and_sorted(folder: Path) -> None:
    index = index_folder(folder, key=KEY)
    assert list(index.columns) == list(EMPTY_ROW)
    assert index["file"].tolist() == ["IM0001", "b-1", "b/a.dcm", "b/c/x.dat", "notes.txt", "z", "z.png"]
    assert index["reason"].tolist() == ["", "", "", "", "not-an-image", "", "no-table"]
    assert index["readable"].tolist() == [True, True, True, True, False, True, False]


def test_the_index_is_the_same_whatever_the_size_of_a_call(folder: Path) -> None:
    alone = index_folder(folder, key=KEY, files_per_call=1)
    pd.testing.assert_frame_equal(index_folder(folder, key=KEY, files_per_call=3), alone)
    pd.testing.assert_frame_equal(index_folder(folder, key=KEY), alone)


def test_links_to_files_are_files_and_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "z")
    (folder / "loop").symlink_to(folder)
    (folder / "broken").symlink_to(folder / "absent")
    os.mkfifo(folder / "pipe")
    assert list_files(folder) == ["IM0001", "b-1", "b/a.dcm", "b/c/x.dat", "link", "notes.txt", "z", "z.png"]


def test_a_missing_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        index_folder(tmp_path / "absent", key=KEY)


def test_an_empty_folder_has_an_empty_index_of_the_same_types(tmp_path: Path) -> None:
    index = index_folder(tmp_path, key=KEY)
    assert len(index) == 0
    assert index.dtypes.to_dict() == pd.DataFrame([EMPTY_ROW]).dtypes.to_dict()


def stubborn_rows(folder: str, records: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Rows of files, but some end or fill the process that reads them."""
    for record in records:
        if record["file"] == "crash":
            os.abort()
        if record["file"] == "greedy":
            bytearray(header_index.MEMORY_BYTES * 2)
        if record["file"] == "hang":
            time.sleep(60)
    return read_rows(folder, records)


def test_a_header_that_stops_its_reader_costs_one_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = index_folder(folder, key=KEY)
    for name in ("crash", "greedy", "hang"):
        (folder / name).write_bytes((folder / "z").read_bytes())
    monkeypatch.setattr(header_index, "read_rows", stubborn_rows)
    monkeypatch.setattr(header_index, "SECONDS_PER_CALL", 0.7)
    index = index_folder(folder, key=KEY, files_per_call=4)
    assert index["file"].tolist() == sorted([*expected["file"], "crash", "greedy", "hang"])
    lost = index.set_index("file").loc[["crash", "greedy", "hang"]]
    assert lost["reason"].tolist() == ["decoder-crash", "out-of-memory", "timeout"]
    assert not lost["readable"].any()
    kept = index[~index["file"].isin(lost.index)].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, expected)


def test_a_lost_file_keeps_what_the_image_table_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it waits for a writer that never comes
    monkeypatch.setattr(header_index, "SECONDS_PER_CALL", 0.5)
    table = pd.DataFrame({"file": ["pipe"], "patient": ["7"], "date": ["12"], "view": ["PA"]})
    row = index_table(tmp_path, table, key=KEY).iloc[0]
    assert row[["reason", "patient", "study_date", "view"]].tolist() == ["timeout", pseudonym("7", key=KEY), "12", "PA"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["123.0", " 123 ", "123", "0123"], ["123", "123", "123", "0123"]),
        (["17.0", "A1", " A1"], ["17.0", "A1", "A1"]),
        (["None", "NA", "", "5"], ["", "", "", "5"]),
    ],
)
def test_identifiers_are_hashed_as_tables_write_them(given: list[str], expected: list[str]) -> None:
    index = pd.DataFrame({"patient": given, "sop_instance": [f" 1.{number} " for number in range(len(given))]})
    hashed = header_index.pseudonymous(index, key=KEY)
    assert hashed["patient"].tolist() == [pseudonym(identifier, key=KEY) for identifier in expected]
    assert hashed["sop_instance"].tolist() == [pseudonym(f"1.{n}", key=KEY) for n in range(len(given))]


SECRETS = {
    "PatientID": "KIM4711",
    "PatientName": "Kim^Confidential",
    "PatientBirthDate": "19610203",
    "AccessionNumber": "ACC90210",
    "StudyInstanceUID": "1.2.826.0.1.3680043.1",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.2",
    "SOPInstanceUID": "1.2.826.0.1.3680043.3",
    "StudyDescription": "query malignancy",
    "SeriesDescription": "Chest of Mrs Kim",
    "ProtocolName": "Ward 7 Dr Who",
    "ReferringPhysicianName": "Who^Doctor",
    "AcquisitionDate": "20190401",
    "ContentDate": "20190402",
}


def spoken_by(path: Path) -> str:
    """Everything that a Parquet file says: its cells, its columns and its metadata."""
    metadata = pyarrow.parquet.read_metadata(path).metadata or {}
    return pd.read_parquet(path).to_csv() + "".join(f"{name!r}{value!r}" for name, value in metadata.items())


def test_no_identifier_of_a_header_is_written_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    variants: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {"NumberOfFrames": 2},
        "c": {"PhotometricInterpretation": "KIM", "BurnedInAnnotation": "KIM"},
    }
    for name, elements in variants.items():
        save(radiograph(PIXELS, bits_stored=12, **{**SECRETS, **elements}), folder / name)
    with caplog.at_level("DEBUG"):
        index = index_folder(folder, key=KEY)
        log_index(index)
        write_parquet(index, tmp_path / "index.parquet")
    written = spoken_by(tmp_path / "index.parquet")
    assert pseudonym("KIM4711", key=KEY) in written
    assert key_check(KEY) in written
    spoken = written + caplog.text + "".join(capfd.readouterr())
    secrets = [*SECRETS.values(), "KIM", "Kim", KEY.decode(), KEY.hex()]
    assert [secret for secret in secrets if secret in spoken] == []


def test_the_check_of_the_key_is_read_back_with_the_index(tmp_path: Path) -> None:
    index = header_index.pseudonymous(pd.DataFrame({"patient": ["1"], "sop_instance": ["2"]}), key=KEY)
    write_parquet(index, tmp_path / "index.parquet")
    assert pd.read_parquet(tmp_path / "index.parquet").attrs == {KEY_CHECK: key_check(KEY)}
    assert key_check(KEY) != key_check(b"l" * 16)


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
    index = index_table(folder, read_image_table(tmp_path / "table.csv", columns=COLUMNS), key=KEY)
    assert index["patient"].tolist() == [pseudonym(name, key=KEY) for name in ("007", "8", "9", "10", "11")]
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


def test_an_image_table_of_windows_with_dates_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    text = (
        "Image;Patient ID;Day;View Position\r\nä.png;007;31.3.2019 10:20;PA\r\n\r\nb.png;8;2019-04-01;\r\nc.png;9;;\r\n"
    )
    path.write_bytes(text.encode("cp1252"))
    table = read_image_table(path, columns=COLUMNS, date_format="%d.%m.%Y")
    assert table["file"].tolist() == ["ä.png", "b.png", "c.png"]
    assert table["date"].tolist() == ["2019-03-31", "2019-04-01", ""]
    path.write_bytes(text.replace("2019-04-01", "1.4.19").replace("c.png;9;;", "c.png;9").encode("cp1252"))
    with pytest.raises(InputError) as caught:
        read_image_table(path, columns=COLUMNS, date_format="%d.%m.%Y")
    assert [(fault.row, fault.value) for fault in caught.value.faults] == [(5, "2 cells")]
    path.write_bytes(text.replace("2019-04-01", "1.4.19").encode("cp1252"))
    with pytest.raises(InputError) as caught:
        read_image_table(path, columns=COLUMNS, date_format="%d.%m.%Y")
    assert [(fault.row, fault.column, fault.value) for fault in caught.value.faults] == [(4, "Day", "9.9.99")]


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


@pytest.mark.parametrize(
    "content", [b"", b'Image,"a\nb', b"Image,Patient ID\nKim,\xff\n", b"Image\nKim,1,2\nKim,1,2,3\n"]
)
@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_an_image_table_that_cannot_be_read_is_a_fault(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_image_table(tmp_path / name, columns=COLUMNS)
    assert "Kim" not in str(caught.value)
