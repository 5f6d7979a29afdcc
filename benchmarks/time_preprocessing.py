"""Cost of preprocessing beside decoding and reducing alone, in one run, on files that it makes itself.

python benchmarks/time_preprocessing.py [--files 6] [--size 512]

Bare is: decode the stored pixels, convert them to float, reduce them. Full adds the header's transformations, the
lookup table, quality and the pixel hash. Both take the files in turn, so that the machine's mood hits both. Printed are
the medians per file and the ratio bare/full: 1 would mean that reading radiographs right costs nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests" / "imaging")]

from synthetic_dicom import encode, radiograph, save  # noqa: E402

from cacs_cxr.imaging.geometry import fit  # noqa: E402
from cacs_cxr.imaging.header_index import TAGS, index_folder  # noqa: E402
from cacs_cxr.imaging.radiograph import read_radiograph  # noqa: E402

ROWS, COLUMNS, BITS = 2828, 2802, 12
SYNTAXES = {
    "uncompressed": ExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG lossless": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}


def scene(seed: int) -> np.ndarray:
    """Pixels of a radiograph's size with smooth shapes and detector noise."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    smooth = 2000 + 900 * np.sin(rows / 400 + seed) + 700 * np.cos(columns / 300)
    return np.clip(smooth + generator.normal(0, 12, smooth.shape), 0, 4095).astype("u2")


def bare(path: Path, *, size: int) -> None:
    """Decode and reduce, nothing else."""
    fit(dcmread(path).pixel_array.astype(np.float32), size=size)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(folder: Path, *, files: int, size: int) -> None:
    """Print the times of every transfer syntax, with a window and with a VOI of percentiles."""
    print(f"{COLUMNS} x {ROWS} pixels, {BITS} bits, reduced to {size}; medians of {files} files in ms")
    print(f"{'':24}{'bare':>8}{'full':>8}{'bare/full':>11}")
    for name, syntax in SYNTAXES.items():
        for voi, elements in (("window", {"WindowCenter": 2048, "WindowWidth": 3000}), ("percentile", {})):
            if voi == "percentile" and syntax != ExplicitVRLittleEndian:
                continue
            times: list[tuple[float, float]] = []
            for number in range(files):
                content = radiograph(
                    scene(number), bits_stored=BITS, PhotometricInterpretation="MONOCHROME1", **elements
                )
                path = save(encode(content, syntax), folder / "file")
                read_radiograph(path, size=size)
                times.append(
                    (seconds(lambda p=path: bare(p, size=size)), seconds(lambda p=path: read_radiograph(p, size=size)))
                )
            plain, full = (median(column) for column in zip(*times, strict=True))
            print(f"{name + ', ' + voi:24}{1000 * plain:8.1f}{1000 * full:8.1f}{plain / full:11.2f}")


def compare_index(folder: Path, *, files: int) -> None:
    """Print the rate of the header index beside bare header reading."""
    content = radiograph(np.zeros((64, 64), "u2"), bits_stored=BITS, Manufacturer="Fuji", BodyPartExamined="CHEST")
    paths = [save(content, folder / f"{number:04}") for number in range(files)]
    index_folder(folder)
    full = seconds(lambda: index_folder(folder))
    plain = seconds(
        lambda: [dcmread(path, stop_before_pixels=True, specific_tags=list(TAGS)).get("PatientID") for path in paths]
    )
    print(
        f"header index: {files / full:.0f} files/s, bare reading {files / plain:.0f} files/s, ratio {plain / full:.2f}"
    )


def main() -> None:
    """Parse the command line and run both comparisons."""
    parser = argparse.ArgumentParser(description="Cost of preprocessing beside decoding and reducing alone")
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--size", type=int, default=512)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), files=arguments.files, size=arguments.size)
    with tempfile.TemporaryDirectory() as folder:
        compare_index(Path(folder), files=300)


if __name__ == "__main__":
    main()
