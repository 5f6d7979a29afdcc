from pathlib import Path

import numpy as np
import pytest
import torch

from cacs_cxr.training.batches import batches_an_epoch, digest, grey_mean_sd, read_radiographs, shuffled_batches
from cacs_cxr.training.parts import Part


def test_rows_are_read_in_the_order_of_the_part(tmp_path: Path) -> None:
    store = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2) * 10
    np.save(tmp_path / "images.npy", store)
    part = Part(("a", "b"), np.array([3, 1]), ("gt0",), np.array([[1], [0]]), np.array([[0.5], [1.5]]))
    read = read_radiographs(tmp_path / "images.npy", part, device=torch.device("cpu"))
    assert np.array_equal(read.pixels.numpy(), store[[3, 1]])
    assert read.labels.tolist() == [[1.0], [0.0]]
    assert read.factors.tolist() == [[0.5], [1.5]]
    assert (read.side, len(read)) == (2, 2)
    assert float(read.images(slice(0, 1))[0, 0, 0, 0]) == pytest.approx(120 / 255)
    mean, sd = grey_mean_sd(read)
    assert mean == pytest.approx((store[[3, 1]] / 255.0).mean())
    assert sd == pytest.approx((store[[3, 1]] / 255.0).std())
    alone = Part(("a",), np.array([3]), ("gt0",), np.array([[1]]), np.empty((1, 0)))
    other = read_radiographs(tmp_path / "images.npy", alone, device=torch.device("cpu"))
    assert digest(read) != digest(other)


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
