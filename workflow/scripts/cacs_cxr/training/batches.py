"""Radiographs of a part, on the device or on disk, handed out in batches of grey levels."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from cacs_cxr.job import LOGGER
from cacs_cxr.training.parts import Part

READERS = 4  # threads that read batches of radiographs on disk
AHEAD = 8  # batches that they are ahead of the network
CHUNK = 256  # radiographs read at once where all of a part are gone through

Index = torch.Tensor | slice


@dataclass(frozen=True)
class StoredPixels:
    """Radiographs that stay on disk, since memory would not hold them.

    Attributes:
        store: images.npy, memory-mapped, uint8 [N, S, S].
        rows: rows of the radiographs in it, int64 [n].
    """

    store: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.int64]

    def read(self, index: Index, *, pinned: bool) -> torch.Tensor:
        """Grey levels of some radiographs, uint8 [b, S, S] on the CPU; pinned for copies that do not wait."""
        wanted = self.rows[index if isinstance(index, slice) else index.numpy()]
        pixels = torch.empty((len(wanted), *self.store.shape[1:]), dtype=torch.uint8, pin_memory=pinned)
        destination = pixels.numpy()
        for place in np.argsort(wanted, kind="stable"):  # in the order of the file
            destination[place] = self.store[wanted[place]]
        return pixels


@dataclass(frozen=True)
class Radiographs:
    """Radiographs of one part, with labels and clinical factors on the device.

    Attributes:
        pixels: grey levels 0..255: a tensor uint8 [n, S, S] on the device, or where to read them.
        labels: 0 or 1, float32 [n, thresholds].
        factors: standardised clinical factors, float32 [n, p]; p = 0 without any.
    """

    pixels: torch.Tensor | StoredPixels
    labels: torch.Tensor
    factors: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where the network reads them."""
        return self.labels.device

    @property
    def side(self) -> int:
        """Side in pixels."""
        held = self.pixels.store if isinstance(self.pixels, StoredPixels) else self.pixels
        return int(held.shape[-1])

    @property
    def resident_bytes(self) -> int:
        """Memory of the device that their pixels take."""
        return 0 if isinstance(self.pixels, StoredPixels) else self.pixels.numel()

    def with_factors(self, factors: npt.NDArray[np.float64]) -> "Radiographs":
        """The same radiographs with other clinical factors [n, p]."""
        return replace(self, factors=torch.from_numpy(factors.astype(np.float32)).to(self.device))

    def share(self, rows: slice) -> "Radiographs":
        """Some of the radiographs, without a copy."""
        pixels = self.pixels
        kept = replace(pixels, rows=pixels.rows[rows]) if isinstance(pixels, StoredPixels) else pixels[rows]
        return Radiographs(kept, self.labels[rows], self.factors[rows])

    def images(self, index: Index) -> torch.Tensor:
        """Grey values in [0, 1] of some radiographs, float32 [b, 1, S, S] on the device."""
        if isinstance(self.pixels, StoredPixels):
            return grey(self.pixels.read(index, pinned=False).to(self.device))
        return grey(self.pixels[index])


def read_radiographs(images: Path, part: Part, *, device: torch.device, budget: int) -> Radiographs:
    """Radiographs of a part of images.npy: on the device where they fit, else left on disk and read batch by batch.

    Args:
        images: images.npy, uint8 [N, S, S], of which only the part's own rows are read.
        budget: bytes of the device's memory that their pixels may take.
    """
    store = np.load(images, mmap_mode="r", allow_pickle=False)
    labels, factors = (torch.from_numpy(values.astype(np.float32)).to(device) for values in (part.labels, part.factors))
    stored = StoredPixels(store, part.rows)
    size = len(part.rows) * int(np.prod(store.shape[1:]))
    if size > budget:
        LOGGER.info(
            "%d radiographs of %.2f GB stay on disk: %.2f GB of memory are given to them",
            len(part.rows), size / 1e9, budget / 1e9,
        )  # fmt: skip
        return Radiographs(stored, labels, factors)
    pixels = torch.empty((len(part.rows), *store.shape[1:]), dtype=torch.uint8, device=device)
    for chunk in _chunks(len(part.rows)):
        pixels[chunk] = stored.read(chunk, pinned=False).to(device)
    return Radiographs(pixels, labels, factors)


def pixel_batches(radiographs: Radiographs, indices: Iterable[Index]) -> Iterator[tuple[Index, torch.Tensor]]:
    """Grey levels uint8 [b, S, S] on the device for each index, which is given back on the device beside them.

    Radiographs on disk are read by threads, some batches ahead of the network; what comes out is the same.
    """
    device = radiographs.device
    if not isinstance(radiographs.pixels, StoredPixels):
        for index in indices:
            moved = _on(index, device)
            yield moved, radiographs.pixels[moved]
        return
    pinned = device.type == "cuda"
    with ThreadPoolExecutor(READERS) as readers:
        waiting: deque[tuple[Index, Future[torch.Tensor]]] = deque()
        for index in indices:
            waiting.append((index, readers.submit(radiographs.pixels.read, index, pinned=pinned)))
            if len(waiting) > AHEAD:
                yield _arrived(*waiting.popleft(), device=device)
        while waiting:
            yield _arrived(*waiting.popleft(), device=device)


def _arrived(index: Index, read: "Future[torch.Tensor]", *, device: torch.device) -> tuple[Index, torch.Tensor]:
    return _on(index, device), read.result().to(device, non_blocking=True)


def _on(index: Index, device: torch.device) -> Index:
    return index if isinstance(index, slice) else index.to(device, non_blocking=True)


def _chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, start + size)


def grey(pixels: torch.Tensor) -> torch.Tensor:
    """Grey values in [0, 1], float32 [n, 1, S, S], of grey levels uint8 [n, S, S]."""
    return pixels.unsqueeze(1).float().div_(255.0)


def digest(images: Path, part: Part) -> str:
    """SHA-256 over the SHA-256 of each radiograph of a part, in their order, in hexadecimal."""
    store = np.load(images, mmap_mode="r", allow_pickle=False)
    with ThreadPoolExecutor(READERS) as readers:
        each = readers.map(lambda row: hashlib.sha256(np.ascontiguousarray(store[row]).data).digest(), part.rows)
        return hashlib.sha256(b"".join(each)).hexdigest()


def grey_mean_sd(radiographs: Radiographs) -> tuple[float, float]:
    """Mean and standard deviation of the grey values in [0, 1] over all pixels, from the histogram of the bytes."""
    counts = torch.zeros(256, dtype=torch.float64)
    for _, pixels in pixel_batches(radiographs, _chunks(len(radiographs))):
        counts += torch.bincount(pixels.flatten().int(), minlength=256).double().cpu()
    values = torch.arange(256, dtype=torch.float64) / 255.0
    mean = (counts * values).sum() / counts.sum()
    variance = (counts * (values - mean) ** 2).sum() / counts.sum()
    return float(mean), float(variance.sqrt())


def shuffled_batches(count: int, *, batch_size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Indices of one epoch in random order, in batches of one size; what is left over waits for another epoch.

    A short last batch would weigh its radiographs more and upset batch normalisation; a new order every epoch drops
    others each time. Where there are fewer radiographs than `batch_size`, they make one batch.
    """
    order = torch.randperm(count, generator=generator, device=generator.device)
    size = min(batch_size, count)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


def batches_an_epoch(count: int, *, batch_size: int) -> int:
    """How many batches `shuffled_batches` gives."""
    return count // min(batch_size, count)
