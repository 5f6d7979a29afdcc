"""Small random rotations, scalings, shifts, changes of grey and erasures, anew for every radiograph and epoch.

There is no flip: the heart lies on one side, and a mirrored chest is a different finding (situs inversus).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

DRAWN = (
    "rotation", "scale", "shift across", "shift down", "brightness", "contrast",
    "erasure", "erased share", "erased ratio", "erased across", "erased down",
)  # fmt: skip
ERASED_LEAST, ERASED_GREATEST, ERASED_RATIO = 0.02, 0.2, 3.0


@dataclass(frozen=True)
class Augmentation:
    """Greatest change of each kind; the change itself is uniform between minus and plus this strength.

    Attributes:
        rotation_degrees: rotation about the centre, in degrees.
        scale: relative change of size, e.g. 0.1 for 0.9 to 1.1.
        shift: shift along each axis as a share of the side.
        brightness: added grey value as a share of the full range.
        contrast: relative change of the distance from the radiograph's mean grey.
        erasing: probability that a rectangle is set to the radiograph's mean grey, 0 to 1.
    """

    rotation_degrees: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erasing: float = 0.0

    @classmethod
    def from_plain(cls, content: Mapping[str, float]) -> "Augmentation":
        """Strengths from the configuration's mapping; what it does not name is not changed."""
        return cls(**{name: float(value) for name, value in content.items()})

    @property
    def moves(self) -> bool:
        """Whether pixels move, so that radiographs must be resampled."""
        return bool(self.rotation_degrees or self.scale or self.shift)


def draw_changes(count: int, *, generator: torch.Generator) -> torch.Tensor:
    """Uniform numbers in [-1, 1) for `count` radiographs, in the order of `DRAWN`.

    They are drawn on the generator's device whatever the strengths are, so that one seed means the same draws
    throughout.

    Returns:
        Tensor [count, 11].
    """
    return torch.rand(count, len(DRAWN), generator=generator, device=generator.device) * 2.0 - 1.0


def augment(images: torch.Tensor, changes: torch.Tensor, strength: Augmentation) -> torch.Tensor:
    """Radiographs changed by `changes` times `strength`; the same function on CPU and GPU.

    Args:
        images: grey values in [0, 1], float [n, 1, S, S].
        changes: numbers in [-1, 1] from `draw_changes`, [n, 11], on the same device.

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
    if strength.erasing:
        images = torch.where(
            erased(changes, side=images.shape[-1], probability=strength.erasing),
            images.mean(dim=(1, 2, 3), keepdim=True),
            images,
        )
    return images


def erased(changes: torch.Tensor, *, side: int, probability: float) -> torch.Tensor:
    """Where radiographs are erased: in a rectangle, or nowhere (random erasing; Zhong et al., AAAI 2020).

    The rectangle takes 2 to 20 % of the square, its sides are in a ratio of 1 : 3 to 3 : 1, its centre lies anywhere.

    Args:
        changes: from `draw_changes`, [n, 11].

    Returns:
        Boolean tensor [n, 1, side, side].
    """
    chosen = (changes[:, 6] + 1.0) / 2.0 < probability
    share = ERASED_LEAST + (ERASED_GREATEST - ERASED_LEAST) * (changes[:, 7] + 1.0) / 2.0
    ratio = torch.exp(math.log(ERASED_RATIO) * changes[:, 8])
    # Half the sides on the scale of the positions, which run from -1 to 1.
    half_width, half_height = torch.sqrt(share * ratio), torch.sqrt(share / ratio)
    positions = (2.0 * torch.arange(side, device=changes.device) + 1.0) / side - 1.0
    across = (positions[None, :] - changes[:, 9, None]).abs() < half_width[:, None]
    down = (positions[None, :] - changes[:, 10, None]).abs() < half_height[:, None]
    return (down[:, :, None] & across[:, None, :] & chosen[:, None, None])[:, None]
