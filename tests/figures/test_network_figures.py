"""Training curves and the figure of what the networks look at: everything is said, nothing is cut."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.figures.saliency import draw_saliency, overlaid, panel_pictures, saliency_frame
from cacs_cxr.figures.style import SIMULATED_MARK, texts
from cacs_cxr.figures.training_curves import curves_frame, draw_training_curves, training_frame
from cacs_cxr.study import JOINT, JOINT_THRESHOLDS
from drawn_texts import clipped
from written_results import example_study

STUDY = example_study()
NAMES = [threshold.name for threshold in STUDY.thresholds]


def metadata(network: str, thresholds: list[str], fold: int, *, epochs: int = 6) -> dict[str, Any]:
    history = [
        {
            "epoch": epoch,
            "loss": 0.6 - 0.03 * epoch - 0.01 * fold,
            "tuning_loss": 0.62 - 0.02 * epoch,
            "tuning_auc": 0.6 + 0.02 * epoch if fold else None,
        }
        for epoch in range(1, epochs + 1)
    ]
    return {
        "network": network, "thresholds": thresholds, "fold": fold, "member": 0, "best_epoch": 4, "history": history,
        "images_per_second": 700.0, "seconds": {"total": 12.0}, "peak_gpu_memory_bytes": None, "device": "x86_64",
        "resumed": 0,
    }  # fmt: skip


NETWORKS = [
    *(metadata(JOINT, [name], fold) for name in reversed(NAMES) for fold in (1, 0)),
    *(metadata("cxr", [name], fold) for name in NAMES for fold in (0, 1, 2)),
    metadata(JOINT_THRESHOLDS, NAMES, 1),
]


def test_training_table_is_in_order_and_tells_the_epoch_kept() -> None:
    table = training_frame(NETWORKS, STUDY)
    assert table["network"].drop_duplicates().tolist() == ["cxr", JOINT, JOINT_THRESHOLDS]
    assert table.loc[table["network"] == "cxr", "threshold"].drop_duplicates().tolist() == NAMES
    assert table.loc[table["network"] == JOINT_THRESHOLDS, "threshold"].tolist() == ["all"]
    assert (table["epochs"] == 6).all()
    assert table.loc[(table["network"] == "cxr") & (table["fold"] == 1), "tuning_auc"].eq(0.6 + 0.02 * 4).all()
    assert table.loc[table["fold"] == 0, "tuning_auc"].isna().all()


def test_training_curves_show_every_network_and_mark_the_epoch_kept() -> None:
    drawn = curves_frame(NETWORKS, STUDY)
    assert drawn.groupby(["network", "threshold", "fold"])["kept"].sum().eq(1).all()
    figure = draw_training_curves(drawn, STUDY)
    assert clipped(figure) == []
    said = texts(figure)
    assert "CACS > 0\n3 chest radiograph, 2 joint" in said
    assert "All thresholds, mean\n1 network" in said
    assert {"Chest radiograph, mean of networks", "one network", "epoch kept", SIMULATED_MARK} <= set(said)
    first = figure.axes[0]
    single = [line for line in first.lines if line.get_linewidth() == pytest.approx(0.4)]
    assert len(single) == 5
    np.testing.assert_allclose(single[0].get_ydata(), drawn["loss"].head(6))


def panels(side: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Panels of the example study, one outcome missing, and their pictures."""
    rows: list[dict[str, Any]] = []
    for site in STUDY.sites:
        for category in STUDY.categories:
            common = {"site": site.name, "category": category, "n": 3 if category == ">=400" else 40}
            rows.append({"kind": "average radiograph", "threshold": "", **common})
            rows += [{"kind": "average map", "threshold": name, **common} for name in NAMES]
    for name in NAMES:
        for outcome in ("true positive", "false positive", "true negative"):
            case = {"kind": "case", "site": "development", "threshold": name, "category": "1-99", "outcome": outcome}
            rows.append({**case, "place": 0, "label": 1, "probability": 0.004, "row": 1})
    pictures = np.random.default_rng(0).gamma(1, 1, (len(rows), side, side)).astype(np.float32)
    pictures[:, :, : side // 8] = np.nan
    frame = pd.DataFrame(rows)
    pictures[frame["kind"] == "average radiograph"] *= 60
    return frame.assign(picture=range(len(frame)), simulated=True), pictures


@pytest.mark.parametrize("side", [64, 256])
def test_saliency_figure_says_what_is_shown(side: int) -> None:
    frame, pictures = panels(side)
    drawn = saliency_frame(frame, STUDY)
    images = np.full((2, side, side), 120, dtype=np.uint8)
    shown = panel_pictures(drawn, pictures, images)
    assert {panel.levels.shape for panel in shown.values()} == {(min(side, 120),) * 2}
    assert all(np.isnan(panel.levels[:, 0]).all() for panel in shown.values())
    figure = draw_saliency(drawn, shown, STUDY, smallest=5)
    assert clipped(figure) == []
    said = set(texts(figure))
    assert {"Development, out-of-fold", "True positive", "False negative", "none", SIMULATED_MARK} <= said
    assert {"CACS 0\nn = 40", "CACS ≥ 400\nn = < 5"} <= said
    assert "< 1 %; CACS 1–99" in said


def test_padding_is_transparent_and_an_even_map_colours_nothing() -> None:
    levels = np.array([[100.0, 100.0, np.nan]])
    painted = overlaid(levels, np.array([[1.0, 4.0, np.nan]]))
    np.testing.assert_allclose(painted[0, 0], [100 / 255] * 3 + [1])
    assert np.ptp(painted[0, 1, :3]) > 0.3
    assert painted[0, 2, 3] == 0
