"""What every figure shares: label placement, the simulated mark, and files that are the same bytes twice."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from cacs_cxr.figures.strokes import MODEL_STROKES, category_strokes, model_stroke
from cacs_cxr.figures.style import (
    SIMULATED_MARK,
    new_figure,
    print_style,
    spread,
    texts,
    with_numbered_clips,
    write_figure,
)

TWICE = """
import sys
from pathlib import Path
import pandas as pd
from written_results import example_flow, example_study
from cacs_cxr.figures.flow import draw_flow, flow_frame
from cacs_cxr.figures.style import write_figure
study, folder = example_study(), Path(sys.argv[1])
drawn = flow_frame(example_flow(study), study)
write_figure(draw_flow(drawn, study), drawn, simulated=True,
             files={kind: folder / f"f.{kind}" for kind in ("pdf", "svg", "png", "csv")})
"""


def lightness(colour: str) -> float:
    """Relative luminance of a colour, as a grey print shows it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_spread_leaves_labels_that_do_not_touch() -> None:
    np.testing.assert_allclose(spread([0.1, 0.5, 0.9], gap=0.1, low=0, high=1), [0.1, 0.5, 0.9])


def test_spread_moves_neighbours_apart_equally_and_keeps_their_order() -> None:
    np.testing.assert_allclose(spread([0.52, 0.5], gap=0.1, low=0, high=1), [0.56, 0.46])


@pytest.mark.parametrize("places", [[0.0, 0.0, 0.0], [1.0, 0.99, 0.98], [0.5] * 20])
def test_spread_stays_inside_and_apart(places: list[float]) -> None:
    placed = np.sort(spread(places, gap=0.2, low=0, high=1))
    assert placed[0] >= -1e-12
    assert placed[-1] <= 1 + 1e-12
    assert np.diff(placed).min() >= min(0.2, 1 / (len(places) - 1)) - 1e-9


def test_category_strokes_grow_darker_so_that_grey_print_keeps_their_order() -> None:
    shades = [lightness(stroke.colour) for stroke in category_strokes(4)]
    assert shades == sorted(shades, reverse=True)
    assert min(-np.diff(shades)) > 0.02
    assert len({str(stroke.dashes) for stroke in category_strokes(4)}) == 4


def test_models_differ_by_dash_and_marker_and_foreign_ones_get_their_own() -> None:
    assert len({str(stroke.dashes) for stroke in MODEL_STROKES.values()}) == 3
    assert len({stroke.marker for stroke in MODEL_STROKES.values()}) == 3
    assert model_stroke("theirs", ["cxr", "theirs"]) not in MODEL_STROKES.values()


@pytest.mark.parametrize("simulated", [True, False])
def test_mark_of_simulated_patients_stands_in_the_figure_and_the_last_column(simulated: bool, tmp_path: Path) -> None:
    with print_style():
        figure = new_figure(width=89, height=40, simulated=simulated)
        figure.add_subplot()
        files = {kind: tmp_path / f"a.{kind}" for kind in ("pdf", "svg", "png", "csv")}
        write_figure(figure, pd.DataFrame({"x": [1.5]}), simulated=simulated, files=files)
    assert (SIMULATED_MARK in texts(figure)) is simulated
    written = pd.read_csv(tmp_path / "a.csv")
    assert list(written.columns) == ["x", "simulated"]
    assert bool(written["simulated"].iloc[0]) is simulated
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.pdf", "a.png", "a.svg"]


def test_axes_keep_clear_of_the_mark() -> None:
    with print_style():
        figure = new_figure(width=89, height=40, simulated=True)
        axes = figure.add_subplot()
        axes.set_xlabel("x")
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        below = axes.get_tightbbox(renderer)
        mark = figure.texts[0].get_window_extent(renderer)
    assert below is not None
    assert below.y0 > mark.y1


@pytest.mark.slow
def test_figures_are_the_same_bytes_in_two_processes(tmp_path: Path) -> None:
    sums = []
    tests = Path(__file__).resolve().parents[1]
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        path = f"{tests}:{tests.parent / 'workflow' / 'scripts'}"
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": path, "PATH": "", "HOME": str(tmp_path)}
        subprocess.run([sys.executable, "-c", TWICE, str(folder)], env=environment, check=True)
        sums.append(
            [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("f.pdf", "f.svg", "f.png", "f.csv")]
        )
    assert sums[0] == sums[1]
    pdf = (tmp_path / "1" / "f.pdf").read_bytes()
    assert b"CreationDate" not in pdf
    assert b"/Type3" not in pdf


def test_clip_paths_are_named_by_their_order() -> None:
    svg = '<clipPath id="pab"/><clipPath id="pcd"/><g clip-path="url(#pcd)"/><g clip-path="url(#pab)"/><g id="pab_1"/>'
    assert with_numbered_clips(svg) == (
        '<clipPath id="clip1"/><clipPath id="clip2"/>'
        '<g clip-path="url(#clip2)"/><g clip-path="url(#clip1)"/><g id="pab_1"/>'
    )
