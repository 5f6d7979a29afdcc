"""How well the quality flags work: their rates in radiographs as they are, and after each fault was put into them.

python benchmarks/measure_quality_flags.py [FRONTAL ...] [--other FILE_OR_FOLDER ...] [--size 512]

FRONTAL are files or folders (DICOM or images) of frontal chest radiographs that are upright, positive, unmirrored and
whole; --other are pictures of anything else. Without FRONTAL, simulated radiographs are drawn: frontal ones, and
lateral ones as the others. Printed are tables with Wilson's 95 % intervals. Radiographs of one patient count one by
one.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cacs_cxr.evaluation.operating_points import wilson_interval  # noqa: E402
from cacs_cxr.imaging.chest_evidence import ChestMaps  # noqa: E402
from cacs_cxr.imaging.chest_maps import STANDARD_MAPS  # noqa: E402
from cacs_cxr.imaging.geometry import fitted_shape  # noqa: E402
from cacs_cxr.imaging.quality import FLAGS, measure_quality  # noqa: E402
from cacs_cxr.imaging.radiograph import read_radiograph  # noqa: E402
from cacs_cxr.simulation.site import simulate_site, write_radiographs  # noqa: E402

Levels = npt.NDArray[np.uint8]
Change = Callable[[Levels], Levels]
SIMULATED = {"development": 60, "external": 60}
PART = 0.55  # of the height or width that is kept
BORDER = 0.15  # of the picture's side, on every side
SIDES = {"left": (0, 0), "right": (0, 1), "upper": (0, 0.5), "lower": (1, 0.5), "middle": (0.5, 0.5)}


def keep_part(levels: Levels, part: str, share: float) -> Levels:
    """A left, right, upper, lower or middle part of a radiograph; of the middle, this share of both sides."""
    height, width = levels.shape
    rows = round(height * share) if part in ("upper", "lower", "middle") else height
    columns = round(width * share) if part in ("left", "right", "middle") else width
    offsets = zip(levels.shape, (rows, columns), SIDES[part], strict=True)
    top, left = (round((whole - kept) * at) for whole, kept, at in offsets)
    return levels[top : top + rows, left : left + columns]


def add_border(levels: Levels, level: int) -> Levels:
    """A radiograph inside a border of one level with a little noise, as large as the radiograph was."""
    height, width = levels.shape
    noise = np.random.default_rng(height * width).normal(level, 1, levels.shape)
    framed = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
    top, left = round(BORDER * height), round(BORDER * width)
    inner = Image.fromarray(levels).resize((width - 2 * left, height - 2 * top), Image.Resampling.BOX)
    framed[top : height - top, left : width - left] = np.asarray(inner)
    return framed


def turned(levels: Levels, turns: int) -> Levels:
    """A radiograph after quarter turns anticlockwise, which as many clockwise ones undo."""
    return np.ascontiguousarray(np.rot90(levels, turns))


def emptied(levels: Levels) -> Levels:
    """An exposure of nothing: noise about one level, stretched as a window of percentiles stretches it."""
    return np.random.default_rng(levels.size).normal(128, 43, levels.shape).clip(0, 255).astype(np.uint8)


FAULTS: dict[str, tuple[str, Change]] = {
    "negative": ("likely_inverted", lambda levels: 255 - levels),
    **{f"rotated by {90 * k}°": ("likely_rotated", lambda levels, k=k: turned(levels, k)) for k in (1, 2, 3)},
    "mirrored": ("likely_mirrored", lambda levels: np.ascontiguousarray(levels[:, ::-1])),
    **{f"{part} part": ("likely_cropped", lambda levels, part=part: keep_part(levels, part, PART)) for part in SIDES},
    **{
        f"{name} border": ("likely_cropped", lambda levels, level=level: add_border(levels, level))
        for name, level in (("black", 0), ("grey", 90), ("white", 255))
    },
    "one level": ("likely_blank", lambda levels: np.full_like(levels, 90)),
    "noise alone": ("likely_blank", emptied),
}  # fmt: skip
"""Each fault: the flag that should be raised, and how the fault is put into a radiograph."""


def read_levels(paths: Sequence[Path], *, size: int) -> list[Levels]:
    """Levels without padding of all radiographs among files and folders that can be read."""
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    levels = []
    for file in files:
        radiograph = read_radiograph(file, size=size) if file.is_file() else None
        if radiograph is not None and not radiograph.reason:
            box = radiograph.box
            height, width = fitted_shape(box.bottom - box.top, box.right - box.left, size=size)
            top, left = (size - height) // 2, (size - width) // 2
            levels.append(radiograph.levels[top : top + height, left : left + width])
    return levels


def simulated_levels(folder: Path, *, size: int) -> tuple[list[Levels], list[Levels]]:
    """Frontal and lateral radiographs of two simulated sites."""
    frontal: list[Levels] = []
    lateral: list[Levels] = []
    for site, number in SIMULATED.items():
        radiographs = simulate_site(site=site, role=site, patients=2 * number, seed=1, thresholds=[]).radiographs
        sound = radiographs[(radiographs[["defect", "purpose", "oddity"]] == "").all(axis=1)]
        for kept, is_lateral in ((frontal, False), (lateral, True)):
            drawn = sound[(sound["view"] == "lateral") == is_lateral].head(number)
            part = folder / f"{site}-{is_lateral}"
            write_radiographs(drawn, part, site=site, shard=0, shards=1, size=size, seed=1)
            kept += read_levels([part], size=size)
    return frontal, lateral


def flagged(radiographs: Sequence[Levels], maps: ChestMaps = STANDARD_MAPS) -> pd.DataFrame:
    """Flags of radiographs, a row each."""
    return pd.DataFrame([measure_quality(levels, maps=maps) for levels in radiographs])[list(FLAGS)].astype(bool)


def flagged_faults(radiographs: Sequence[Levels], maps: ChestMaps = STANDARD_MAPS) -> dict[str, pd.DataFrame]:
    """Flags of radiographs after each fault was put into them, by fault."""
    return {fault: flagged([put(levels) for levels in radiographs], maps) for fault, (_, put) in FAULTS.items()}


def rate(column: "pd.Series[bool]") -> str:
    """Share with its interval, in per cent."""
    low, high = wilson_interval(int(column.sum()), len(column))
    return f"{100 * column.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"


def print_rates(title: str, flags: pd.DataFrame) -> None:
    """Print the rate of every flag in radiographs as they are."""
    print(f"\n{title}, n = {len(flags)}\n\n| flag | % flagged (95 % CI) |\n| --- | --- |")
    for name in FLAGS:
        print(f"| {name} | {rate(flags[name])} |")
    print(f"| any | {rate(flags.any(axis=1))} |")


def print_faults(title: str, faults: Mapping[str, pd.DataFrame]) -> None:
    """Print for each fault how often its flag is raised, how often any, and how often that of another picture."""
    print(f"\n{title}, n = {len(next(iter(faults.values())))} each\n")
    print("| fault | flag | % flagged so (95 % CI) | % flagged at all | % flagged not a chest |\n" + "| --- " * 5 + "|")
    for fault, flags in faults.items():
        name = FAULTS[fault][0]
        others = f"{100 * flags.any(axis=1).mean():.1f} | {100 * flags['likely_not_chest'].mean():.1f}"
        print(f"| {fault} | {name} | {rate(flags[name])} | {others} |")


def main() -> None:
    """Parse the command line, read or draw the radiographs, and print the tables."""
    parser = argparse.ArgumentParser(description="Rates of the quality flags with and without faults put in")
    parser.add_argument("frontal", nargs="*", type=Path, metavar="FRONTAL")
    parser.add_argument("--other", nargs="*", type=Path, default=[])
    parser.add_argument("--size", type=int, default=512)
    arguments = parser.parse_args()
    frontal, other = (read_levels(paths, size=arguments.size) for paths in (arguments.frontal, arguments.other))
    if not arguments.frontal:
        with tempfile.TemporaryDirectory() as folder:
            frontal, lateral = simulated_levels(Path(folder), size=min(arguments.size, 192))
        other += lateral
    if frontal:
        print_rates("Frontal radiographs as they are", flagged(frontal))
        print_faults("Frontal radiographs with a fault put in", flagged_faults(frontal))
    if other:
        print_rates("Other pictures", flagged(other))


if __name__ == "__main__":
    main()
