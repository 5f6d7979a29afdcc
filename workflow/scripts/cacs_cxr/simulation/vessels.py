"""The branching vessels of the lungs, grown once per process and looked up by every radiograph."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

TREE_SIDE = 192
TREE_VARIANTS = 6


@lru_cache(maxsize=1)
def vessel_trees() -> npt.NDArray[np.float32]:
    """Vessels of a lung, [variants, across, down] in lung coordinates: across is 0 at the hilum and 1 at the wall."""
    trees = np.zeros((TREE_VARIANTS, TREE_SIDE, TREE_SIDE), dtype=np.float32)
    for variant in range(TREE_VARIANTS):
        generator = np.random.default_rng(variant)
        branches = [
            (0.09, 0.43 + 0.06 * generator.standard_normal(), angle + 0.12 * generator.standard_normal(), 1.0)
            for angle in (-0.85, -0.55, -0.25, 0.05, 0.3, 0.55, 0.75, 0.95)
        ]
        while branches:
            x, y, angle, calibre = branches.pop()
            length = generator.uniform(0.12, 0.2) * (0.6 + 0.4 * calibre)
            bend = 0.35 * generator.standard_normal()
            for step in np.linspace(0, 1, 40):
                heading = angle + bend * step
                column = x + length * step * np.cos(heading)
                row = y + length * step * np.sin(heading)
                i, j = int(column * TREE_SIDE), int(row * TREE_SIDE)
                if 0 <= i < TREE_SIDE and 0 <= j < TREE_SIDE:
                    trees[variant, i, j] = max(trees[variant, i, j], calibre)
            if calibre > 0.14:
                end = (x + length * np.cos(angle + bend), y + length * np.sin(angle + bend))
                branches.append((*end, angle + bend + generator.uniform(0.15, 0.6), 0.72 * calibre))
                branches.append((*end, angle + bend - generator.uniform(0.15, 0.6), 0.66 * calibre))
        wide = gaussian_filter(np.where(trees[variant] > 0.45, trees[variant] ** 2, 0), 2.4) * 5
        trees[variant] = gaussian_filter(trees[variant] ** 1.1, 1.0) * 3.8 + wide
    return trees
