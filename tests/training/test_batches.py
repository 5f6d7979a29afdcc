import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from cacs_cxr.training.batches import (
    StoredPixels,
    batches_an_epoch,
    digest,
    grey_mean_sd,
    pixel_batches,
    read_radiographs,
    shuffled_batches,
)
from cacs_cxr.training.parts import Part


def test_rows_are_read_in_the_order_of_the_part(tmp_path: Path) -> None:
    store = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2) * 10
    np.save(tmp_path / "images.npy", store)
    part = Part(("a", "b"), np.array([3, 1]), ("gt0",), np.array([[1], [0]]), np.array([[0.5], [1.5]]))
    read = read_radiographs(tmp_path / "images.npy", part, device=torch.device("cpu"), budget=1000)
    assert isinstance(read.pixels, torch.Tensor)
    assert np.array_equal(read.pixels.numpy(), store[[3, 1]])
    assert read.resident_bytes == 8
    assert read.labels.tolist() == [[1.0], [0.0]]
    assert read.factors.tolist() == [[0.5], [1.5]]
    assert (read.side, len(read)) == (2, 2)
    assert float(read.images(slice(0, 1))[0, 0, 0, 0]) == pytest.approx(120 / 255)
    mean, sd = grey_mean_sd(read)
    assert mean == pytest.approx((store[[3, 1]] / 255.0).mean())
    assert sd == pytest.approx((store[[3, 1]] / 255.0).std())
    alone = Part(("a",), np.array([3]), ("gt0",), np.array([[1]]), np.empty((1, 0)))
    assert digest(tmp_path / "images.npy", part) != digest(tmp_path / "images.npy", alone)


def test_radiographs_that_do_not_fit_come_from_disk_and_are_the_same(tmp_path: Path) -> None:
    store = np.random.default_rng(0).integers(0, 256, (300, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "images.npy", store)
    rows = np.random.default_rng(1).permutation(300)[:290]
    part = Part(tuple(map(str, rows)), rows, ("gt0",), np.zeros((290, 1), dtype=np.int64), np.empty((290, 0)))
    held, stored = (
        read_radiographs(tmp_path / "images.npy", part, device=torch.device("cpu"), budget=budget)
        for budget in (290 * 16, 290 * 16 - 1)
    )
    assert isinstance(stored.pixels, StoredPixels)
    assert (stored.resident_bytes, stored.side, len(stored)) == (0, 4, 290)
    assert grey_mean_sd(stored) == grey_mean_sd(held)
    assert torch.equal(stored.images(slice(5, 9)), held.images(slice(5, 9)))
    order = list(shuffled_batches(290, batch_size=16, generator=torch.Generator().manual_seed(0)))
    both = zip(pixel_batches(held, order), pixel_batches(stored, order), strict=True)
    for expected, ((index, pixels), (same, read)) in zip(order, both, strict=True):
        assert torch.equal(index, expected)
        assert torch.equal(same, expected)
        assert torch.equal(pixels, torch.from_numpy(store[rows[expected]]))
        assert torch.equal(read, pixels)


def test_batches_that_are_no_longer_wanted_leave_no_thread_behind(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((64, 4, 4), dtype=np.uint8))
    part = Part(("a",) * 64, np.arange(64), ("gt0",), np.zeros((64, 1), dtype=np.int64), np.empty((64, 0)))
    stored = read_radiographs(tmp_path / "images.npy", part, device=torch.device("cpu"), budget=0)
    before = threading.active_count()
    batches = pixel_batches(stored, list(torch.arange(64).split(2)))
    next(batches)
    assert threading.active_count() > before
    batches.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_an_epoch_takes_everyone_once_but_for_the_rest_of_the_last_batch() -> None:
    batches = list(shuffled_batches(35, batch_size=16, generator=torch.Generator().manual_seed(0)))
    taken = torch.cat(batches)
    assert [len(batch) for batch in batches] == [16, 16]
    assert len(taken.unique()) == 32
    assert batches_an_epoch(35, batch_size=16) == 2


def test_order_is_that_of_the_seed_and_differs_between_epochs() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.cat(list(shuffled_batches(32, batch_size=16, generator=generator))) for _ in range(2))
    again = torch.cat(list(shuffled_batches(32, batch_size=16, generator=torch.Generator().manual_seed(0))))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_fewer_than_a_batch_make_one_batch() -> None:
    assert [len(b) for b in shuffled_batches(5, batch_size=16, generator=torch.Generator())] == [5]
