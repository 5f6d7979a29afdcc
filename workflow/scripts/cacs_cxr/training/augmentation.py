"""Small random rotations, scalings, shifts and changes of grey, drawn anew for every radiograph and epoch.

There is no flip: the heart lies on one side, and a mirrored chest is a different finding (situs inversus).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """Greatest change of each kind; the change itself is uniform between minus and plus this strength.

    Attributes:
        rotation_degrees: rotation about the centre, in degrees.
        scale: relative change of size, e.g. 0.1 for 0.9 to 1.1.
        shift: shift along each axis as a share of the side.
        brightness: added grey value as a share of the full range.
        contrast: relative change of the distance from the radiograph's mean grey.
    """

    rotation_degrees: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0

    @classmethod
    def from_plain(cls, content: Mapping[str, float]) -> "Augmentation":
        """Strengths from the configuration's mapping; what it does not name is not changed."""
        return cls(**{name: float(value) for name, value in content.items()})

    @property
    def moves(self) -> bool:
        """Whether pixels move, so that radiographs must be resampled."""
        return bool(self.rotation_degrees or self.scale or self.shift)


def draw_changes(count: int, *, generator: torch.Generator) -> torch.Tensor:
    """Uniform numbers in [-1, 1) for `count` radiographs: rotation, scale, two shifts, brightness, contrast.

    They are drawn on the generator's device whatever the strengths are, so that one seed means the same draws
    throughout.

    Returns:
        Tensor [count, 6].
    """
    return torch.rand(count, 6, generator=generator, device=generator.device) * 2.0 - 1.0


def augment(images: torch.Tensor, changes: torch.Tensor, strength: Augmentation) -> torch.Tensor:
    """Radiographs changed by `changes` times `strength`; the same function on CPU and GPU.

    Args:
        images: grey values in [0, 1], float [n, 1, S, S].
        changes: numbers in [-1, 1] from `draw_changes`, [n, 6], on the same device.

    Returns:
        Tensor of the same shape; what comes in from outside the field is black (0), as the padding of the images is.
        With no strength at all, the images themselves.
    """
    if strength.moves:
        angle = changes[:, 0] * math.radians(strength.rotation_degrees)
        # The grid says where each output pixel is read from: to enlarge by s, positions are divided by s.
        inverse_scale = 1.0 / (1.0 + changes[:, 1] * strength.scale)
        # Positions run from -1 to 1 over a side, hence twice the share of the side.
        shift = 2.0 * strength.shift * changes[:, 2:4]
        cosine, sine = torch.cos(angle) * inverse_scale, torch.sin(angle) * inverse_scale
        theta = torch.stack(
            [torch.stack([cosine, -sine, shift[:, 0]], dim=1), torch.stack([sine, cosine, shift[:, 1]], dim=1)], dim=1
        )
        grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
        images = functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    if strength.brightness or strength.contrast:
        brightness = (strength.brightness * changes[:, 4]).view(-1, 1, 1, 1)
        contrast = (1.0 + strength.contrast * changes[:, 5]).view(-1, 1, 1, 1)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        images = (images - mean) * contrast + mean + brightness
    return images
