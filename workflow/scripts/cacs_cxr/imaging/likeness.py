"""How alike two radiographs are, whatever window, compression, resolution or border their copies were given.

Both measures start from the picture stretched to 64 × 64 pixels, its levels replaced by their ranks, so that a change
of window or of the curve of greys counts little. A hash of 256 bits finds candidates among any number of pictures; the
similarity of a candidate pair decides.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from cacs_cxr.imaging.border import Box

SIDE = 64  # pixels of a coarse picture
MARGIN = 4  # its outer pixels that are not compared: trimming and padding leave their traces there
DETAIL_SD = 3.0  # standard deviation in pixels of the blur that is subtracted; chests are alike in what is smoother
HASH_BITS = 256
COMMON_LEVEL = (
    8  # times the mean frequency of a level beyond which it counts no more: else noise in black would be ranked
)
LEAST_LEVELS = 16  # a coarse picture of fewer levels, or nine tenths one level, shows nothing that could be repeated
GREATEST_LEVEL_SHARE = 0.9

Coarse = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]


def coarse_picture(levels: npt.NDArray[np.uint8], box: Box) -> Coarse:
    """Part of an image stretched to 64 × 64 pixels: bilinear, antialiased on reduction."""
    edges = (box.left, box.top, box.right, box.bottom)
    return np.asarray(Image.fromarray(levels).resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=edges))


def shows_something(picture: Coarse) -> bool:
    """Whether a coarse picture has enough levels to be told from another; a blank one has not."""
    counts = np.bincount(picture.ravel(), minlength=256)
    return bool((counts > 0).sum() >= LEAST_LEVELS and counts.max() <= GREATEST_LEVEL_SHARE * picture.size)


def ranked(picture: Coarse) -> npt.NDArray[np.float32]:
    """Mid-ranks of the levels of a picture, from 0 to 1: nearly the same for every window that clips little."""
    counts = np.bincount(picture.ravel(), minlength=256)
    counts = np.minimum(counts, COMMON_LEVEL * picture.size // len(counts))
    middles = (np.cumsum(counts) - counts / 2) / counts.sum()
    ranks: npt.NDArray[np.float32] = middles.astype(np.float32)[picture]
    return ranks


@cache
def _cosines() -> tuple[npt.NDArray[np.float32], tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Rows of the discrete cosine transform (type II), and the 256 coefficients of least frequency but the mean."""
    side = SIDE - 2 * MARGIN
    frequency = np.arange(HASH_BITS // 8)
    rows = np.cos(np.pi / side * np.outer(frequency, np.arange(side) + 0.5)).astype(np.float32)
    down, across = (index.ravel() for index in np.indices((len(frequency), len(frequency))))
    order = np.lexsort((down, np.abs(down - across), down + across))[1 : HASH_BITS + 1]
    return rows, (down[order], across[order])


def picture_hash(picture: Coarse) -> Hashes:
    """Hash of a coarse picture: signs of its 256 cosine coefficients of least frequency, as four words of 64 bits.

    Bit k of the hash is coefficient k by rising frequency. A negative has every bit turned. After Zauner,
    Implementation and benchmarking of perceptual image hash functions (2010), on ranks and with more bits.
    """
    rows, chosen = _cosines()
    inside = ranked(picture)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    signs = (rows @ inside @ rows.T)[chosen] > 0
    return np.packbits(signs, bitorder="little").view("<u8")


@dataclass(frozen=True, eq=False)
class Detail:
    """A picture prepared for comparison.

    Attributes:
        values: ranks less their blur, of mean 0 and length 1 [n].
        basis: orthonormal columns that span those values and what a small shift and stretch add to them [n, 5].
    """

    values: npt.NDArray[np.float32]
    basis: npt.NDArray[np.float32]


def picture_detail(picture: Coarse) -> Detail:
    """Fine structure of a coarse picture that shows something."""
    ranks = ranked(picture)
    fine = ranks - gaussian_filter(ranks, DETAIL_SD, mode="nearest")
    down, across = np.gradient(fine)
    place = np.linspace(-1, 1, SIDE, dtype=np.float32)
    images = np.stack([fine, down, across, down * place[:, None], across * place])
    columns = images[:, MARGIN:-MARGIN, MARGIN:-MARGIN].reshape(5, -1).T
    columns = columns - columns.mean(axis=0)
    basis, _ = np.linalg.qr(columns)
    return Detail(columns[:, 0] / np.linalg.norm(columns[:, 0]), basis)


def similarity(one: Detail, other: Detail) -> float:
    """Correlation of the fine structure of two pictures, 0 to 1, after the best small shift and stretch; 1 is a copy.

    The least of both directions of a least-squares fit of one picture by the other and its first derivatives, which
    takes up displacements of about a hundredth of the side. A negative is as similar as a positive.
    """
    return float(min(np.linalg.norm(one.basis.T @ other.values), np.linalg.norm(other.basis.T @ one.values)))
