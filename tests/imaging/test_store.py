import logging
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_dicom import radiograph, save

from cacs_cxr.faults import InputError
from cacs_cxr.imaging import store
from cacs_cxr.imaging.guard import Lost, guarded
from cacs_cxr.imaging.quality import measure_quality, polarity


def respond(*, number: int) -> int:
    """Work for a guarded process: twice the number, unless it is one that hangs, dies or raises."""
    if number == 3:
        time.sleep(60)
    if number == 4:
        os.abort()
    if number == 5:
        raise ValueError("a fault of the program")
    return 2 * number


def test_a_hanging_or_dying_worker_costs_one_call() -> None:
    results = list(guarded(respond, [{"number": number} for number in (1, 3, 2, 4, 6)], seconds=1.5))
    assert results == [2, Lost("timeout"), 4, Lost("decoder-crash"), 12]


def test_an_exception_of_the_work_itself_is_raised() -> None:
    with pytest.raises(RuntimeError, match="a fault of the program"):
        list(guarded(respond, [{"number": 5}], seconds=30))


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
        }
    )


def assembled(selection: pd.DataFrame, tmp_path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    tables, arrays = [], []
    for shard in (0, 1):
        images, table = store.preprocess_shard(store.shard_rows(selection, shard), size=16)
        np.save(tmp_path / f"{shard}.npy", images)
        tables.append(table)
        arrays.append(tmp_path / f"{shard}.npy")
    table = store.assemble_table(selection, tables)
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
    assert not images[3:].any()
    assert images[0, 15, 8] > images[0, 0, 8]


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


def test_the_summary_names_counts_and_never_files(
    selection: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        table, _ = assembled(selection, tmp_path)
        store.log_summary(table)
    assert "a: 3 of 3 radiographs read, 1 repeat the pixels of another, 1 likely blank" in caplog.text
    assert "b:      1 not read: not-an-image" in caplog.text
    assert "Doe" not in caplog.text
    assert ".dcm" not in caplog.text


def test_missing_rows_are_not_glossed_over(selection: pd.DataFrame) -> None:
    _, table = store.preprocess_shard(store.shard_rows(selection, 0), size=16)
    with pytest.raises(ValueError, match="3 preprocessed rows for 5 selected"):
        store.assemble_table(selection, [table])


def test_nothing_selected_gives_empty_files(selection: pd.DataFrame, tmp_path: Path) -> None:
    table, images = assembled(selection.iloc[:0], tmp_path)
    assert len(table) == 0
    assert images.shape == (0, 16, 16)
    assert store.count_rejects(table).empty
    store.check_reject_limit(table, limit=0.0, selection="selection.parquet")


def test_polarity_tells_a_negative_from_a_positive() -> None:
    chest = np.full((100, 100), 60, dtype=np.uint8)
    chest[:, 40:60] = 200
    assert polarity(chest) == 140
    assert measure_quality(chest)["likely_inverted"] is False
    assert measure_quality(255 - chest)["likely_inverted"] is True


def test_a_blank_image_is_flagged_and_not_called_inverted() -> None:
    quality = measure_quality(np.full((20, 20), 130, dtype=np.uint8))
    assert (quality["likely_blank"], quality["likely_inverted"], quality["mean"]) == (True, False, 130)
