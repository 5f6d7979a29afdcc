"""Coverage of intervals and level of tests on simulated studies: python benchmarks/measure_coverage.py [--write].

Each study has patients with logits from a normal distribution and labels drawn from them, so that the truth is known:
the AUC by a sample of a million, O:E 1, calibration in the large 0, slope 1. Two models see the logit with independent
noise of the same size, so that a paired test meets a true null; two groups of patients likewise for the unpaired test.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from methods_page import write_table  # noqa: E402

from cacs_cxr.evaluation.agreement import ordinal_concordance  # noqa: E402
from cacs_cxr.evaluation.calibration import observed_to_expected, recalibration  # noqa: E402
from cacs_cxr.evaluation.discrimination import (  # noqa: E402
    auc_estimate,
    paired_difference,
    placements,
    unpaired_difference,
)
from cacs_cxr.evaluation.net_benefit import decision_curve, net_benefit  # noqa: E402
from cacs_cxr.evaluation.pooled_auc import clustered_auc, stratified_auc  # noqa: E402

Floats = npt.NDArray[np.float64]
SCENARIOS = {
    "n = 300, 30 % positive": (300, -1.0),
    "n = 1,000, 10 % positive": (1000, -2.6),
    "n = 3,000, 5 %": (3000, -3.4),
}
SPREAD, NOISE = 1.2, 1.0
LARGE = 1_000_000
THRESHOLD = 0.1


def draw(random: np.random.Generator, n: int, centre: float) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Labels and the true logits behind them."""
    logits = random.normal(centre, SPREAD, n)
    return random.random(n) < expit(logits), logits


def inside(estimate: float, low: float, high: float) -> bool:
    """Whether an interval holds a value."""
    return low <= estimate <= high


def one_study(random: np.random.Generator, n: int, centre: float, truth: dict[str, float]) -> dict[str, bool]:
    """Whether each interval of one study covers the truth, and whether each test rejects a true null."""
    labels, logits = draw(random, n, centre)
    models = [logits + random.normal(0, NOISE, n) for _ in range(2)]
    area = auc_estimate(labels, models[0])
    lines = recalibration(labels, expit(logits))
    ratio = observed_to_expected(labels, expit(logits))
    other_labels, other_logits = draw(random, n // 2, centre)
    other = placements(other_labels, other_logits + random.normal(0, NOISE, n // 2))
    curve = decision_curve(labels, expit(logits), [THRESHOLD], replicates=500, seed=int(random.integers(2**31)))
    within = stratified_auc(labels, models[0], np.arange(n) % 10)
    clusters = clustered_auc(
        np.repeat(labels, 2), np.repeat(models[0], 2) + random.normal(0, 0.3, 2 * n), np.repeat(np.arange(n), 2)
    )
    categories = labels.astype(int) + (labels & (logits > 0))
    concordance = ordinal_concordance(categories, models[0])
    return {
        "AUC, DeLong": inside(truth["auc"], area.low, area.high),
        "AUC, DeLong on the logit scale": inside(truth["auc"], area.logit_low, area.logit_high),
        "AUC within ten folds": inside(truth["auc"], within.low, within.high),
        "AUC, two images a patient (Obuchowski)": inside(truth["clustered"], clusters.low, clusters.high),
        "ordinal concordance": inside(truth["concordance"], concordance.low, concordance.high),
        "calibration in the large": inside(0.0, lines.in_the_large.low, lines.in_the_large.high),
        "calibration slope": inside(1.0, lines.slope.low, lines.slope.high),
        "O:E": inside(1.0, ratio.low, ratio.high),
        "net benefit, bootstrap": inside(
            truth["net benefit"], float(curve["low"].iloc[0]), float(curve["high"].iloc[0])
        ),
        "paired DeLong test": paired_difference(labels, *models).p < 0.05,
        "unpaired DeLong test": unpaired_difference(placements(labels, models[0]), other).p < 0.05,
        "test of calibration (df 2)": lines.p < 0.05,
    }


REMARK = (
    "O:E takes the probabilities as fixed but the number of positives as binomial, which is wider than what the "
    "probabilities leave",
    "open: its interval is conservative where they spread much.",
)
TESTS = ("paired DeLong test", "unpaired DeLong test", "test of calibration (df 2)")


def truths(random: np.random.Generator, centre: float) -> dict[str, float]:
    """True values, from a million patients."""
    labels, logits = draw(random, LARGE, centre)
    model = logits + random.normal(0, NOISE, LARGE)
    return {
        "auc": placements(labels, model).auc,
        "clustered": placements(labels, model + random.normal(0, 0.3, LARGE)).auc,
        "concordance": ordinal_concordance(labels.astype(int) + (labels & (logits > 0)), model).value,
        "net benefit": float(net_benefit(labels, expit(logits), [THRESHOLD])[0]),
    }


def measured(studies: int, seed: int) -> Iterator[str]:
    """Rows of the table."""
    counts: dict[str, dict[str, int]] = {}
    for number, (name, (n, centre)) in enumerate(SCENARIOS.items()):
        random = np.random.default_rng([seed, number])
        truth = truths(random, centre)
        for _ in range(studies):
            for what, happened in one_study(random, n, centre, truth).items():
                counts.setdefault(what, dict.fromkeys(SCENARIOS, 0))[name] += int(happened)
    for what, by_scenario in counts.items():
        cells = []
        for count in by_scenario.values():
            interval = binomtest(count, studies).proportion_ci(method="wilson")
            cells.append(f"{100 * count / studies:.1f} ({100 * interval.low:.1f}–{100 * interval.high:.1f})")
        kind = "rejects a true null in" if what in TESTS else "95 % interval covers in"
        yield f"| {what} | {kind} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table, or write it to docs/methods.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the table to docs/methods.md")
    options = parser.parse_args()
    lines = [f"| of {options.studies:,} studies, % (95 % CI) | | {' | '.join(SCENARIOS)} |", "|---|---|---|---|---|"]
    lines += [*measured(options.studies, options.seed), "", *REMARK]
    if options.write:
        write_table(lines, script="measure_coverage.py")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
