"""Arrays as files: whole, on the job's own temporary folder, and refused with words where the disk is full."""

import errno
from pathlib import Path

import numpy as np
import pytest

from cacs_cxr import array_files


def test_an_array_file_is_numpys_and_holds_what_was_written(tmp_path: Path) -> None:
    array = array_files.create_array(tmp_path / "array.npy", (3, 4, 4))
    array[1] = 7
    array.flush()
    read = np.load(tmp_path / "array.npy", allow_pickle=False)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read[:, 0, 0], [0, 7, 0])


def test_an_empty_array_is_possible(tmp_path: Path) -> None:
    array_files.create_array(tmp_path / "array.npy", (0, 4, 4))
    assert np.load(tmp_path / "array.npy", allow_pickle=False).shape == (0, 4, 4)


def test_scratch_lies_in_the_temporary_folder_and_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with array_files.scratch_array((2, 4, 4)) as array:
        array[:] = 1
        assert [file.name for file in tmp_path.rglob("*.npy")] == ["array.npy"]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_place_and_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OSError, match=r"No space left on device: .* MB free, 0 MB are needed for 2 images.*tmpdir="):
        array_files.create_array(tmp_path / "array.npy", (2, 4, 4))
