"""Radiographs on the device: read once as bytes, handed out in shuffled batches of grey values."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from cacs_cxr.training.parts import Part


@dataclass(frozen=True)
class Radiographs:
    """Radiographs of one part, with labels and clinical factors, on the device.

    Attributes:
        pixels: grey values 0..255, uint8 [n, S, S].
        labels: 0 or 1, float32 [n, thresholds].
        factors: standardised clinical factors, float32 [n, p]; p = 0 without any.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    factors: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.pixels.device

    @property
    def side(self) -> int:
        """Side in pixels."""
        return int(self.pixels.shape[-1])

    def with_factors(self, factors: npt.NDArray[np.float64]) -> "Radiographs":
        """The same radiographs with other clinical factors [n, p]."""
        return replace(self, factors=torch.from_numpy(factors.astype(np.float32)).to(self.device))

    def images(self, index: torch.Tensor | slice) -> torch.Tensor:
        """Grey values in [0, 1] of some radiographs, float32 [n, 1, S, S]."""
        return self.pixels[index].unsqueeze(1).float().div_(255.0)


def read_radiographs(images: Path, part: Part, *, device: torch.device) -> Radiographs:
    """Read the radiographs of a part from images.npy, of which only their own rows are loaded, on to the device."""
    store = np.load(images, mmap_mode="r", allow_pickle=False)
    pixels = torch.from_numpy(np.ascontiguousarray(store[part.rows]))
    labels, factors = (torch.from_numpy(values.astype(np.float32)).to(device) for values in (part.labels, part.factors))
    return Radiographs(pixels.to(device), labels, factors)


def digest(radiographs: Radiographs) -> str:
    """SHA-256 of the pixels in their order, in hexadecimal."""
    pixels: npt.NDArray[np.uint8] = radiographs.pixels.cpu().numpy()
    return hashlib.sha256(pixels.data).hexdigest()


def grey_mean_sd(radiographs: Radiographs) -> tuple[float, float]:
    """Mean and standard deviation of the grey values in [0, 1] over all pixels, from the histogram of the bytes."""
    counts = torch.bincount(radiographs.pixels.flatten().int(), minlength=256).double().cpu()
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
