"""Time of one simulated radiograph, drawn and written, beside that of a Gaussian filter of the same image.

Run from the repository's root: ``python benchmarks/time_radiographs.py``. The ratio to the filter tells a slower
program from a slower or busier machine.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.ndimage import gaussian_filter

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from cacs_cxr.simulation.site import simulate_site, write_radiographs

SEED = 1
RADIOGRAPHS = 60


def main() -> None:
    """Print milliseconds of processor time per radiograph at three sizes."""
    site = simulate_site(site="development", role="development", patients=100, seed=SEED, thresholds=[])
    frontal = site.radiographs.query("view != 'lateral' and defect == ''").head(RADIOGRAPHS).reset_index(drop=True)
    for size in (64, 128, 256, 512):
        image = np.random.default_rng(SEED).random((size, size), dtype=np.float32)
        with TemporaryDirectory() as folder:
            here = Path(folder) / "radiographs"
            write_radiographs(frontal.head(2), here, site="development", shard=0, shards=1, size=size, seed=SEED)
            start = time.process_time()
            write_radiographs(frontal, here, site="development", shard=0, shards=1, size=size, seed=SEED)
            drawn = (time.process_time() - start) / len(frontal)
        start = time.process_time()
        for _ in range(20):
            gaussian_filter(image, 8.0)
        filtered = (time.process_time() - start) / 20
        print(f"{size:4d} px: {1e3 * drawn:6.1f} ms a radiograph, {drawn / filtered:5.1f} Gaussian filters of sigma 8")


if __name__ == "__main__":
    main()
