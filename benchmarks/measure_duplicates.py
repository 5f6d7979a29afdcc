"""How well copies of radiographs are found, how often different ones are taken for copies, and at what cost.

python benchmarks/measure_duplicates.py FILE_OR_FOLDER ... [--size 512] [--copies 100] [--hashes 100000]

Copies of radiographs (DICOM or images) are made by recompression, another window or curve of greys, inversion,
rescaling, borders and shifts, of as many radiographs as --copies says, and looked for as a study does. All pairs of the
radiographs themselves are searched as well; look at what is found there, for it may be copies in truth. With --hashes,
as many hashes with the correlations of those radiographs' are drawn, a twentieth of them copies of others, to measure
time and memory of the search for candidates.
"""

import argparse
import io
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cacs_cxr.imaging.border import whole  # noqa: E402
from cacs_cxr.imaging.duplicates import ANYWHERE_BITS, nearly_identical_to  # noqa: E402
from cacs_cxr.imaging.geometry import fit, pad, quantise  # noqa: E402
from cacs_cxr.imaging.hash_neighbours import CERTAIN_DISTANCE, near_pairs  # noqa: E402
from cacs_cxr.imaging.likeness import SIDE, coarse_picture, picture_hash  # noqa: E402
from cacs_cxr.imaging.radiograph import read_radiograph  # noqa: E402

Levels = npt.NDArray[np.uint8]
SOURCE_SIZE = 1024  # pixels at which radiographs are read and copies made, before the reduction of a study
SEED = 1


def recompress(levels: Levels, quality: int) -> Levels:
    """A radiograph through JPEG of this quality."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def rewindow(levels: Levels, low: float, high: float) -> Levels:
    """A radiograph in the window between two of its percentiles; what lies beyond is clipped."""
    first, last = np.percentile(levels, [low, high])
    return np.rint(255 * np.clip((levels.astype(float) - first) / max(last - first, 1), 0, 1)).astype(np.uint8)


def recurve(levels: Levels, gamma: float) -> Levels:
    """A radiograph with another curve of greys."""
    return np.rint(255 * (levels / 255) ** gamma).astype(np.uint8)


def rescale(levels: Levels, factor: float) -> Levels:
    """A radiograph with more or fewer pixels."""
    rows, columns = (max(1, round(side * factor)) for side in levels.shape)
    return np.asarray(Image.fromarray(levels).resize((columns, rows), Image.Resampling.BICUBIC))


def enlarge(levels: Levels, factor: float) -> Levels:
    """The middle of a radiograph, enlarged to its size."""
    rows, columns = levels.shape
    large = rescale(levels, factor)
    top, left = (large.shape[0] - rows) // 2, (large.shape[1] - columns) // 2
    return large[top : top + rows, left : left + columns]


def frame(levels: Levels, share: float, level: int) -> Levels:
    """A radiograph inside a border of one level."""
    return np.pad(levels, round(share * max(levels.shape)), constant_values=level)


def square(levels: Levels) -> Levels:
    """A radiograph on a black square."""
    side = max(levels.shape)
    return np.pad(levels, [((side - length) // 2, (side - length + 1) // 2) for length in levels.shape])


def everything(levels: Levels) -> Levels:
    """Enlarged, windowed, with another curve and recompressed."""
    return recompress(recurve(rewindow(enlarge(levels, 1.01), 3, 97), 0.8), 60)


COPIES: dict[str, Callable[[Levels], Levels]] = {
    **{f"JPEG {quality}": lambda levels, q=quality: recompress(levels, q) for quality in (50, 75, 95)},
    "window 1-99 %": lambda levels: rewindow(levels, 1, 99),
    "window 8-92 %": lambda levels: rewindow(levels, 8, 92),
    "window 3-75 %": lambda levels: rewindow(levels, 3, 75),
    "window 25-97 %": lambda levels: rewindow(levels, 25, 97),
    "gamma 0.6": lambda levels: recurve(levels, 0.6),
    "gamma 1.8": lambda levels: recurve(levels, 1.8),
    "negative": lambda levels: 255 - levels,
    "half the pixels": lambda levels: rescale(levels, 0.5),
    "1 % fewer pixels": lambda levels: rescale(levels, 0.99),
    "1 % enlarged and cut": lambda levels: enlarge(levels, 1.01),
    "3 % enlarged and cut": lambda levels: enlarge(levels, 1.03),
    "shifted by 1 %": lambda levels: np.roll(levels, round(0.01 * len(levels)), axis=(0, 1)),
    "black border 2 %": lambda levels: frame(levels, 0.02, 0),
    "black border 5 %": lambda levels: frame(levels, 0.05, 0),
    "white border 5 %": lambda levels: frame(levels, 0.05, 255),
    "on a black square": square,
    "all of these": everything,
}


def repeats(pictures: Sequence[Levels], patients: Sequence[str], *, size: int) -> npt.NDArray[np.int64]:
    """Row of the first picture that each is nearly identical to, found as a study finds it."""
    with TemporaryDirectory() as folder:
        images = Path(folder) / "images.npy"
        reduced = (quantise(fit(picture.astype(np.float32) / 255, size=size)) for picture in pictures)
        np.save(images, np.stack([pad(levels, size=size) for levels in reduced]))
        table = pd.DataFrame(
            {
                "row": range(len(pictures)),
                "patient": list(patients),
                "readable": True,
                "duplicate_of": -1,
                "rotate": 0,
                "box_top": 0,
                "box_left": 0,
                "box_bottom": [picture.shape[0] for picture in pictures],
                "box_right": [picture.shape[1] for picture in pictures],
            }
        )
        return nearly_identical_to(table, images=[images], rows=[table["row"].to_numpy()])


def read_pictures(named: Sequence[Path]) -> tuple[list[Levels], list[str]]:
    """Readable radiographs, without padding, in the order of their paths."""
    paths = [path for name in named for path in (sorted(name.rglob("*")) if name.is_dir() else [name])]
    pictures, files = [], []
    for path in paths:
        read = read_radiograph(path, size=SOURCE_SIZE) if path.is_file() else None
        if read is None or read.reason:
            continue
        box = read.box
        rows, columns = fit(np.zeros((box.bottom - box.top, box.right - box.left), np.float32), size=SOURCE_SIZE).shape
        top, left = (SOURCE_SIZE - rows) // 2, (SOURCE_SIZE - columns) // 2
        pictures.append(read.levels[top : top + rows, left : left + columns])
        files.append(path.name)
    return pictures, files


def measure_search(pictures: Sequence[Levels], number: int) -> None:
    """Time and memory of the candidate search among so many drawn hashes, and the share of planted copies found."""
    generator = np.random.default_rng(SEED)
    octets = np.stack([picture_hash(coarse_picture(p, whole(*p.shape))) for p in pictures]).view(np.uint8)
    signs = np.unpackbits(octets, axis=1, bitorder="little") * 2.0 - 1
    factor = np.linalg.cholesky(np.cov(signs.T) + 0.05 * np.eye(signs.shape[1]))
    bits = np.empty((number, signs.shape[1]), dtype=bool)
    for start in range(0, number, 1 << 14):
        noise = generator.standard_normal((min(1 << 14, number - start), signs.shape[1]))
        bits[start : start + len(noise)] = signs.mean(axis=0) + noise @ factor.T > 0
    copies = number // 20
    originals = generator.choice(number - copies, copies, replace=False)
    distances = generator.integers(0, ANYWHERE_BITS + 1, copies)
    bits[-copies:] = bits[originals]
    for row, distance in zip(range(number - copies, number), distances, strict=True):
        bits[row, generator.choice(signs.shape[1], distance, replace=False)] ^= True
    hashes = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
    del bits
    tracemalloc.start()
    start = time.perf_counter()
    pairs = near_pairs(hashes, hashes, limit=ANYWHERE_BITS)
    seconds = time.perf_counter() - start
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = np.isin(np.arange(number - copies, number) * number + originals, pairs[:, 0] * number + pairs[:, 1])
    certain = distances <= CERTAIN_DISTANCE
    print(f"\n{number:,} hashes: {seconds:.0f} s, at most {most / 1e6:.0f} MB; {len(pairs):,} pairs with each itself")
    print(
        f"  planted copies found: {found[certain].mean():.3f} up to {CERTAIN_DISTANCE} bits, "
        f"{found[~certain].mean():.3f} up to {ANYWHERE_BITS}"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("radiographs", nargs="+", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--hashes", type=int, default=0)
    options = parser.parse_args()
    pictures, files = read_pictures(options.radiographs)
    names = [str(row) for row in range(len(pictures))]
    start = time.perf_counter()
    found = repeats(pictures, names, size=options.size)
    seconds = time.perf_counter() - start
    print(f"{len(pictures)} radiographs at {options.size} pixels (coarse pictures have {SIDE}), {seconds:.1f} s:")
    print(f"{(found >= 0).sum()} taken for copies in {len(pictures) * (len(pictures) - 1) // 2:,} pairs")
    for later in np.flatnonzero(found >= 0):
        print(f"  {files[later]} of {files[found[later]]}")
    chosen = np.unique(np.linspace(0, len(pictures) - 1, min(options.copies, len(pictures))).astype(int))
    print(f"\nshare of {len(chosen)} copies found, among strangers and within the patient")
    for name, copy in COPIES.items():
        originals = [pictures[place] for place in chosen]
        both = [*originals, *(copy(picture) for picture in originals)]
        owners = [str(place) for place in chosen]
        shares = []
        for patients in ([*owners, *(f"copy {owner}" for owner in owners)], owners * 2):
            rows = repeats(both, patients, size=options.size)[len(chosen) :]
            shares.append(float((rows >= 0).mean()))
        print(f"  {name:22} {shares[0]:.3f} {shares[1]:.3f}", flush=True)
    if options.hashes:
        measure_search(pictures, options.hashes)


if __name__ == "__main__":
    main()
