"""The override table: its faults, all at once and without a file's name, and what it changes in the index."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthetic_dicom import radiograph, save

import index_radiographs
from cacs_cxr.faults import InputError
from cacs_cxr.imaging.header_row import EMPTY_ROW
from cacs_cxr.imaging.overrides import apply_overrides, read_overrides
from cacs_cxr.pseudonyms import real_key, study_key

FILES = ["a", "b/c.dcm", "d", "e"]
HEADER = "file,element,value,reason\n"


def read(tmp_path: Path, content: str) -> pd.DataFrame:
    """Override table of the given content."""
    path = tmp_path / "overrides.csv"
    path.write_text(content, encoding="utf-8")
    return read_overrides(path, files=FILES)


def faults(tmp_path: Path, content: str) -> list[tuple[int | None, str, str]]:
    """Row, column and what was found of every fault."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    return [(fault.row, fault.column, fault.value) for fault in caught.value.faults]


def test_a_table_is_read_whatever_its_delimiter_and_case(tmp_path: Path) -> None:
    expected = [["b/c.dcm", "view", "PA"], ["a", "rotate", "90"], ["d", "mirror", "yes"]]
    rows = "b/c.dcm,view,pa,seen\n ./a ,Rotate,90,seen\n\nd,mirror,YES,seen\n"
    assert read(tmp_path, HEADER + rows).to_numpy().tolist() == expected
    for delimiter in ";\t":
        content = "\ufeff" + (HEADER + rows).replace(",", delimiter).replace("b/c", "b\\c")
        assert read(tmp_path, content).to_numpy().tolist() == expected
    assert read(tmp_path, 'reason,who,value,element,file\n"seen,\ntwice",me,no,use,e\n').to_numpy().tolist() == [
        ["e", "use", "no"]
    ]
    assert read(tmp_path, HEADER).empty


def test_all_faults_are_told_at_once_with_their_rows(tmp_path: Path) -> None:
    content = HEADER + (
        "absent.dcm,view,PA,seen\n"  # 2
        "a,colour,red,seen\n"  # 3
        "a,view,frontal,seen\n"  # 4
        "\n"
        "a,rotate,45,\n"  # 6
        ",rotat,90,seen\n"  # 7
        "d,mirror,yes,seen\n"  # 8
        "./d,mirror,yes,seen again\n"  # 9
        "d,mirror\n"  # 10
        "e,photometric,,seen\n"  # 11
    )
    assert faults(tmp_path, content) == [
        (10, "", "2 cells"),
        (2, "file", "a file that is not there"),
        (3, "element", "another text"),
        (4, "value", "another text"),
        (6, "value", "45"),
        (6, "reason", "an empty cell"),
        (7, "file", "an empty cell"),
        (7, "element", "rotat"),
        (9, "element", "what row 8 says already of this file and element"),
        (11, "value", "an empty cell"),
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", [(1, name, "0 of them") for name in ("file", "element", "value", "reason")]),
        ("file,element,value,value\n", [(1, "value", "2 of them"), (1, "reason", "0 of them")]),
    ],
)
def test_a_table_with_other_columns_is_refused(tmp_path: Path, content: str, found: list[Any]) -> None:
    assert faults(tmp_path, content) == found


def test_a_table_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_overrides(tmp_path / "absent.csv", files=FILES)
    path = tmp_path / "overrides.csv"
    for content in ("ä".encode("latin-1"), HEADER.encode() + b"a" * 200_000):
        path.write_bytes(content)
        with pytest.raises(InputError, match="another encoding or format"):
            read_overrides(path, files=FILES)


def test_no_fault_names_a_file_or_a_reason(tmp_path: Path) -> None:
    content = HEADER + "kim.dcm,view,PA,Mrs Kim\nview,kim.dcm,PA,Mrs Kim\na,view,kim.dcm,Mrs Kim\nd,view,PA,Kim,Kim\n"
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert len(caught.value.faults) == 5
    assert "kim" not in str(caught.value).lower()


def index_of(files: list[str]) -> pd.DataFrame:
    rows = [{**EMPTY_ROW, "file": file, "readable": True, "view_element": "ViewPosition"} for file in files]
    index = pd.DataFrame(rows)
    index.attrs["key_check"] = "0"
    return index


def test_every_element_changes_its_columns(tmp_path: Path) -> None:
    rows = (
        "a,rotate,270,x\nb/c.dcm,view,lateral,x\na,view,AP,x\nd,photometric,MONOCHROME1,x\na,mirror,yes,x\ne,use,no,x\n"
    )
    before = index_of(FILES)
    index = apply_overrides(before, read(tmp_path, HEADER + rows))
    assert index["overridden"].tolist() == ["view,rotate,mirror", "view", "photometric", "use"]
    assert index["view"].tolist() == ["AP", "lateral", "unknown", "unknown"]
    assert index["view_source"].tolist() == ["override", "override", "none", "none"]
    assert index["view_element"].tolist() == ["", "", "ViewPosition", "ViewPosition"]
    assert index["photometric_override"].tolist() == ["", "", "MONOCHROME1", ""]
    assert index["rotate"].tolist() == [270, 0, 0, 0]
    assert index["mirror"].tolist() == [True, False, False, False]
    assert index["readable"].tolist() == [True, True, True, False]
    assert index["reason"].tolist() == ["", "", "", "excluded-by-override"]
    assert index.dtypes.equals(before.dtypes)
    assert index.attrs == before.attrs
    assert (before["overridden"] == "").all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two radiographs."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a", "b"):
        save(radiograph(np.zeros((20, 10), "u2"), bits_stored=12, PatientID=f"patient {name}"), folder / name)
    return folder


def run(folder: Path, *, key_file: Path, simulated: bool = False) -> pd.DataFrame:
    """The rule's script on a folder, with the override table beside it."""
    radiographs = {"folder": str(folder), "overrides": str(folder.parent / "overrides.csv")}
    index = folder.parent / "index.parquet"
    index_radiographs.main(radiographs=radiographs, simulated=simulated, seed=1, key_file=key_file, index=index)
    return pd.read_parquet(index)


def test_the_rule_makes_the_key_of_real_patients_and_applies_the_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CACS_CXR_KEY", raising=False)
    (folder.parent / "overrides.csv").write_text(HEADER + "b,view,lateral,seen\n")
    key_file = folder.parent / "restricted" / "key"
    with caplog.at_level("DEBUG"):
        index = run(folder, key_file=key_file)
    assert index[["view", "overridden"]].to_numpy().tolist() == [["PA", ""], ["lateral", "view"]]
    assert index["patient"].is_unique
    assert real_key(key_file).decode() not in caplog.text
    key_file.unlink()
    simulated = run(folder, key_file=key_file, simulated=True)
    assert not key_file.exists()
    assert simulated.attrs != index.attrs
    assert study_key(simulated=True, seed=1, key_file=key_file) == study_key(simulated=True, seed=1, key_file=folder)


def test_a_faulty_table_stops_before_a_header_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "overrides.csv").write_text(HEADER + "c,view,lateral,seen\n")
    monkeypatch.setattr(index_radiographs, "index_files", lambda *_, **__: pytest.fail("headers were read"))
    with pytest.raises(InputError, match=r"overrides\.csv, row 2, column 'file': found 'a file that is not there'"):
        run(folder, key_file=folder.parent / "key")
