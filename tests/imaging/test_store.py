from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_dicom import radiograph, save

from cacs_cxr.faults import InputError
from cacs_cxr.imaging import store


@pytest.fixture
def selection(tmp_path: Path) -> pd.DataFrame:
    """Five radiographs of two sites in two shards; row 2 repeats row 0's pixels, row 3 is broken, row 4 absent."""
    pixels = [np.full((40, 30), 5, "u2"), np.arange(1200, dtype="u2").reshape(40, 30)]
    for row, which in enumerate((1, 0, 1)):
        save(
            radiograph(pixels[which], bits_stored=12, WindowCenter=600, WindowWidth=1200 + row), tmp_path / f"{row}.dcm"
        )
    (tmp_path / "3.dcm").write_text("Doe^Jane is no radiograph")
    return pd.DataFrame(
        {
            "row": range(5),
            "shard": [0, 1, 0, 1, 0],
            "site": ["a", "a", "a", "b", "b"],
            "patient": list("vwxyz"),
            "folder": str(tmp_path),
            "file": [f"{row}.dcm" for row in range(5)],
            "view": "PA",
            "vendor": "Fuji",
            "photometric": "MONOCHROME2",
            "transfer_syntax": "1.2.840.10008.1.2.1",
            "photometric_override": "",
            "rotate": 0,
            "mirror": False,
            "overridden": "",
        }
    )


def assembled(selection: pd.DataFrame, tmp_path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    tables, arrays = [], []
    for shard in (0, 1):
        rows = store.shard_rows(selection, shard)
        images = np.zeros((len(rows), 16, 16), dtype=np.uint8)
        table = store.preprocess_shard(rows, images, border="keep")
        np.save(tmp_path / f"{shard}.npy", images)
        tables.append(table)
        arrays.append(tmp_path / f"{shard}.npy")
    table = store.assemble_table(selection, tables, arrays)
    store.assemble_images(arrays, [part["row"].to_numpy() for part in tables], tmp_path / "images.npy")
    return table, np.load(tmp_path / "images.npy")


def test_shards_become_one_array_and_one_table(selection: pd.DataFrame, tmp_path: Path) -> None:
    table, images = assembled(selection, tmp_path)
    assert images.shape == (5, 16, 16)
    assert images.dtype == np.uint8
    assert table["row"].tolist() == list(range(5))
    assert table["patient"].tolist() == list("vwxyz")
    assert table["readable"].tolist() == [True, True, True, False, False]
    assert table["reason"].tolist() == ["", "", "", "not-an-image", "missing-file"]
    assert table["intensity_path"].tolist() == ["window-linear"] * 3 + ["", ""]
    assert table["duplicate_of"].tolist() == [-1, -1, 0, -1, -1]
    assert table["likely_blank"].tolist() == [False, True, False, False, False]
    assert table["width"].tolist() == [30, 30, 30, 0, 0]
    assert table[["box_top", "box_bottom", "box_left", "box_right"]].to_numpy().tolist() == [
        *([[0, 40, 0, 30]] * 3),
        *([[0, 0, 0, 0]] * 2),
    ]
    assert not images[3:].any()
    assert images[0, 15, 8] > images[0, 0, 8]


def test_an_override_turns_the_radiograph_and_its_polarity(selection: pd.DataFrame, tmp_path: Path) -> None:
    _, plain = assembled(selection, tmp_path)
    changed = selection.assign(rotate=[180, 0, 0, 0, 0], photometric_override=["MONOCHROME1", "", "", "", ""])
    table, images = assembled(changed, tmp_path)
    kept = slice(2, 14)
    assert np.abs(images[0, :, kept].astype(int) - (255 - plain[0, ::-1, ::-1].astype(int))[:, kept]).max() <= 1
    assert np.array_equal(images[1:], plain[1:])
    assert table["intensity_path"].tolist()[:2] == ["window-linear>invert", "window-linear"]


def test_rejects_are_counted_with_a_remedy(selection: pd.DataFrame, tmp_path: Path) -> None:
    table, _ = assembled(selection, tmp_path)
    rejects = store.count_rejects(table)
    assert rejects[["site", "reason", "n"]].to_numpy().tolist() == [["b", "missing-file", 1], ["b", "not-an-image", 1]]
    assert rejects["remedy"].str.len().min() > 20
    assert store.count_rejects(table[table["readable"]]).empty


def test_too_many_rejects_of_one_site_stop_the_study(selection: pd.DataFrame, tmp_path: Path) -> None:
    table, _ = assembled(selection, tmp_path)
    with pytest.raises(InputError, match="2 of 2 selected radiographs of site b unreadable") as caught:
        store.check_reject_limit(table, limit=0.5, selection="selection.parquet")
    assert "missing-file: 1" in str(caught.value)
    assert "at most 50%" in str(caught.value)
    store.check_reject_limit(table, limit=1.0, selection="selection.parquet")


def test_missing_rows_are_not_glossed_over(selection: pd.DataFrame) -> None:
    rows = store.shard_rows(selection, 0)
    table = store.preprocess_shard(rows, np.zeros((len(rows), 16, 16), dtype=np.uint8), border="keep")
    with pytest.raises(ValueError, match="3 preprocessed rows for 5 selected"):
        store.assemble_table(selection, [table], [])


def test_nothing_selected_gives_empty_files(selection: pd.DataFrame, tmp_path: Path) -> None:
    table, images = assembled(selection.iloc[:0], tmp_path)
    assert len(table) == 0
    assert images.shape == (0, 16, 16)
    assert store.count_rejects(table).empty
    store.check_reject_limit(table, limit=0.0, selection="selection.parquet")
