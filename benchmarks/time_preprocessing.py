"""Cost of preprocessing beside decoding and reducing alone, and beside the usual recipes, in one run.

python benchmarks/time_preprocessing.py [--files 6] [--size 512] [--rounds 5]

On files that it makes itself (2802 x 2828 pixels, 12 bits, MONOCHROME1):
1. Every transfer syntax: *bare* decodes the stored pixels with pydicom, converts them to float and reduces them; *full*
   is the study's reader, which adds the header's transformations, the lookup table, quality and the pixel hash. 1 would
   mean that reading radiographs right costs nothing.
2. The usual recipe: pixel_array, apply_modality_lut, apply_voi_lut, inversion, scikit-image's resize with
   anti_aliasing; and torchxrayvision's reader with the resizing that it ships. Both need packages that the study does
   not: `pip install scikit-image torchxrayvision` in an environment of your own; what is absent is left out, and said.
3. The header index beside bare header reading, on headers of some 40 and of some 200 elements.
4. One, two … workers at a time, each with its own files, up to the machine's cores.

The two sides of a ratio take each file in turn, so that the machine's mood hits both; printed are the medians of
processor time per file (wall time for 4), and ratios of those.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from pydicom import dcmread
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests" / "imaging")]

from synthetic_dicom import encode, radiograph, save  # noqa: E402

from cacs_cxr.imaging.geometry import fit  # noqa: E402
from cacs_cxr.imaging.header_index import index_folder  # noqa: E402
from cacs_cxr.imaging.header_row import TAGS, read_rows  # noqa: E402
from cacs_cxr.imaging.radiograph import read_radiograph  # noqa: E402

ROWS, COLUMNS, BITS = 2828, 2802, 12
SYNTAXES = {
    "uncompressed": ExplicitVRLittleEndian,
    "RLE": RLELossless,
    "JPEG lossless": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}
WINDOW = {"WindowCenter": 2048, "WindowWidth": 3000}


def scene(seed: int) -> np.ndarray:
    """Pixels of a radiograph's size with smooth shapes and detector noise."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    smooth = 2000 + 900 * np.sin(rows / 400 + seed) + 700 * np.cos(columns / 300)
    return np.clip(smooth + generator.normal(0, 12, smooth.shape), 0, 4095).astype("u2")


def write_scene(folder: Path, number: int, *, syntax: str, **elements: object) -> Path:
    """A file of `scene` as MONOCHROME1 in a transfer syntax."""
    content = radiograph(scene(number), bits_stored=BITS, PhotometricInterpretation="MONOCHROME1", **elements)
    return save(encode(content, syntax), folder / f"{number:02}.dcm")


def bare(path: Path, *, size: int) -> None:
    """Decode and reduce, nothing else."""
    fit(dcmread(path).pixel_array.astype(np.float32), size=size)


def full(path: Path, *, size: int) -> None:
    """The study's reader; a refusal would make it look fast."""
    if reason := read_radiograph(path, size=size).reason:
        raise SystemExit(f"a file of the benchmark was refused: {reason}")


def usual_recipe(path: Path, *, size: int) -> None:
    """What most scripts do: pydicom's transformations one by one, and scikit-image's antialiased resize."""
    from skimage.transform import resize

    dataset = dcmread(path)
    grey = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float32)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = grey.max() - grey
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    resize(grey, (size, size), anti_aliasing=True)


def torchxrayvision_reader(path: Path, *, size: int) -> None:
    """The reader and the resizing of torchxrayvision, which looks at neither window nor VOI LUT by default."""
    import torchxrayvision

    pixels = torchxrayvision.utils.read_xray_dcm(str(path))
    torchxrayvision.datasets.XRayResizer(size)(pixels[None])


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, all threads of the process together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turn(sides: Sequence[Callable[[Path], object]], paths: Sequence[Path], *, rounds: int) -> list[float]:
    """Median processor time per file of every side; the first round only warms up."""
    times: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + 1):
        for path in paths:
            for side, column in zip(sides, times, strict=True):
                taken = processor_seconds(lambda s=side, p=path: s(p))
                if number:
                    column.append(taken)
    return [median(column) for column in times]


def compare(*, files: int, size: int, rounds: int) -> None:
    """Print the times of every transfer syntax, with a window and with a VOI of percentiles."""
    print(f"{COLUMNS} x {ROWS} pixels, {BITS} bits, to {size}; medians over {files} files, ms of processor time")
    print(f"{'':26}{'bare':>8}{'full':>8}{'bare/full':>11}")
    for name, syntax in SYNTAXES.items():
        for voi, elements in (("window", WINDOW), ("percentile", {})):
            if voi == "percentile" and syntax != ExplicitVRLittleEndian:
                continue
            with tempfile.TemporaryDirectory() as folder:
                paths = [write_scene(Path(folder), number, syntax=syntax, **elements) for number in range(files)]
                sides = [lambda path: bare(path, size=size), lambda path: full(path, size=size)]
                plain, whole = in_turn(sides, paths, rounds=rounds if "JPEG" not in name else 1)
            print(f"{name + ', ' + voi:26}{1000 * plain:8.1f}{1000 * whole:8.1f}{plain / whole:11.2f}")


def compare_recipes(*, files: int, size: int, rounds: int) -> None:
    """Print how many times slower the usual recipes are on uncompressed files."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchxrayvision warns of its own syntax
        paths = [write_scene(Path(folder), n, syntax=ExplicitVRLittleEndian, **WINDOW) for n in range(files)]
        for name, recipe in (("usual recipe", usual_recipe), ("torchxrayvision", torchxrayvision_reader)):
            try:
                recipe(paths[0], size=size)
            except ImportError as error:
                print(f"{name}: left out, {error}")
                continue
            except Exception as error:
                print(f"{name}: fails on these files ({type(error).__name__})")
                continue
            sides = [lambda path, r=recipe: r(path, size=size), lambda path: full(path, size=size)]
            slow, ours = in_turn(sides, paths, rounds=rounds)
            print(f"{name}: {1000 * slow:.0f} ms, the study's reader {1000 * ours:.0f} ms, ratio {slow / ours:.1f}")


def compare_index(*, files: int, further_elements: int) -> None:
    """Print what a row of the header index costs beside bare header reading, and the whole index with its worker."""
    content = radiograph(np.zeros((64, 64), "u2"), bits_stored=BITS, Manufacturer="Fuji", BodyPartExamined="CHEST")
    block = content.private_block(0x0019, "BENCHMARK", create=True)
    for number in range(further_elements):
        block.add_new(number, "LO", f"value {number}")
    with tempfile.TemporaryDirectory() as folder:
        first = save(content, Path(folder) / "00000")
        for number in range(1, files):
            os.link(first, Path(folder) / f"{number:05}")
        names = [f"{number:05}" for number in range(files)]

        def bare_headers(part: Sequence[str]) -> None:
            for name in part:
                dcmread(Path(folder) / name, stop_before_pixels=True, specific_tags=list(TAGS))

        plain = rows = 0.0
        for start in range(0, files, 100):
            part = names[start : start + 100]
            plain += processor_seconds(lambda p=part: bare_headers(p))
            rows += processor_seconds(lambda p=part: read_rows(folder, [{"file": name} for name in p]))
        wall_plain = wall_seconds(lambda: bare_headers(names))
        wall_index = wall_seconds(lambda: index_folder(Path(folder), key=b"a key of the benchmark"))
    print(
        f"header index, {further_elements} further elements: {1000 * plain / files:.2f} ms bare, "
        f"{1000 * rows / files:.2f} ms a row (processor time), ratio {plain / rows:.2f}; {files} files with the "
        f"worker's start {wall_index:.1f} s of wall time, bare {wall_plain:.1f} s, ratio {wall_plain / wall_index:.2f}"
    )


def wall_seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _read_all(paths: Sequence[Path], size: int, rounds: int) -> None:
    for _ in range(rounds):
        for path in paths:
            full(path, size=size)


def compare_cores(*, files: int, size: int, rounds: int) -> None:
    """Print the throughput of several workers beside that of one."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        paths = [write_scene(Path(folder), n, syntax=ExplicitVRLittleEndian, **WINDOW) for n in range(files)]
        first = 0.0
        for workers in (count for count in (1, 2, 4, 8, 16) if count <= (os.cpu_count() or 1)):
            with context.Pool(workers) as pool:
                jobs = [(paths, size, rounds)] * workers
                pool.starmap(_read_all, [(paths, size, 1)] * workers)
                taken = wall_seconds(lambda p=pool, j=jobs: p.starmap(_read_all, j, chunksize=1))
            rate = workers * files * rounds / taken
            first = first or rate
            print(f"{workers} workers: {rate:.1f} files/s, {rate / first / workers:.2f} of linear")


def main() -> None:
    """Parse the command line and run the comparisons."""
    parser = argparse.ArgumentParser(description="Cost of preprocessing beside decoding and reducing alone")
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    options = {"files": arguments.files, "size": arguments.size, "rounds": arguments.rounds}
    compare(**options)
    compare_recipes(**options)
    for further in (20, 180):
        compare_index(files=6000, further_elements=further)
    compare_cores(**options)


if __name__ == "__main__":
    main()
