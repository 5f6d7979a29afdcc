"""Our statistics beside R's: python benchmarks/compare_with_r.py [--reference FOLDER] [--all] [--write].

With --write the table of the worst number of every kind takes the place of the one in docs/methods.md.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests")]

from methods_page import write_table  # noqa: E402

from r_comparisons import Comparison, references  # noqa: E402
from r_survival import survival_references  # noqa: E402

SURVIVAL_KINDS = (
    "cox.zph", "Schoenfeld", "robust SE", "predicted survival", "difference of weighted C SE",
    "difference of weighted C", "weighted C SE", "weighted C", "time-dependent AUC beside Score",
    "time-dependent AUC SE", "time-dependent AUC", "restricted mean SE", "restricted mean",
    "cumulative incidence se_survfit_IJ", "cumulative incidence cuminc_var_aalen", "cumulative incidence loglog",
    "cumulative incidence", "Fine-Gray beside crr", "Fine-Gray robust SE", "Fine-Gray", "cause-specific",
    "profile", "predicted risk", "observed risk", "net benefit",
)  # fmt: skip
KINDS = (
    "CITL SE", "CITL limits", "CITL", "calibration slope SE", "calibration slope limits", "calibration slope",
    "joint intercept SE", "joint intercept limits", "joint intercept", "U-test chi2", "U-test p", "O:E", "Brier scaled",
    "Brier", "log loss", "Spiegelhalter", "ICI", "E50", "E90", "Emax", "Hosmer-Lemeshow", "net benefit standardised",
    "net benefit of all", "net benefit", "avoided", "LR+", "LR-", "kappa SE", "kappa CI", "kappa", "clustered AUC",
    "clustered variance", "McNemar", "unpaired", "pairs within folds", "partial AUC",
    *SURVIVAL_KINDS,
    "Rubin df", "Rubin missinfo", "Rubin between", "Rubin",
    "DeLong variance", "logit CI", "DeLong z", "DeLong p", "DeLong Holm p", "covariance", "difference CI", "fold",
    "ROC", "Youden cut-off", "Wilson", "exact CI", "exact", "KM SE", "KM S", "KM log-log", "KM at risk", "at risk",
    "median follow-up", "median", "log-rank trend", "log-rank pairwise", "log-rank", "Cox coef", "Cox se", "Cox hr",
    "Cox p", "Cox lr", "Cox wald", "Cox score", "Cox loglik", "LR chi2", "difference of C SE", "difference of C",
    "C SE", "pairs", "AUC", "CI", " C", "",
)  # fmt: skip
LABELS = {"": "counts and proportions", " C": "Harrell C", "exact": "exact proportion CI", "exact CI": "rate, exact CI"}


def kind(comparison: Comparison) -> str:
    """What kind of statistic a number is: the first of `KINDS` in its name."""
    return next(name for name in KINDS if name in comparison.statistic)


def worst(comparisons: Iterable[Comparison]) -> list[tuple[str, int, Comparison]]:
    """Of each kind its label, how many numbers there are, and the one that differs most beside its tolerance."""
    kinds: dict[str, list[Comparison]] = {}
    for comparison in comparisons:
        kinds.setdefault(kind(comparison), []).append(comparison)
    return [
        (LABELS.get(name, name), len(rows), max(rows, key=lambda row: row.difference / row.tolerance))
        for name, rows in sorted(kinds.items(), key=lambda item: KINDS.index(item[0]))
    ]


def main() -> None:
    """Print, or write to docs/methods.md, the worst number of every kind of statistic (or print every number)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=ROOT / "tests" / "reference", help="folder of R's answers")
    parser.add_argument("--all", action="store_true", help="every number, not the worst of each kind")
    parser.add_argument("--write", action="store_true", help="write the table to docs/methods.md")
    options = parser.parse_args()
    rows = [
        row
        for comparisons in {**references(options.reference), **survival_references(options.reference)}.values()
        for row in comparisons
    ]
    shown = [(row.statistic, 1, row) for row in rows] if options.all else worst(rows)
    lines = ["| statistic | numbers | greatest difference in | ours | R | relative difference | tolerance |"]
    lines.append("|---|---|---|---|---|---|---|")
    for label, count, row in shown:
        numbers = f"{row.ours:.12g} | {row.r:.12g} | {row.difference:.1e} | {row.tolerance:.0e}"
        lines.append(f"| {label} | {count} | {row.data}: {row.statistic} | {numbers} |")
    beyond = sum(not row.agrees for row in rows)
    lines += ["", f"{len(rows):,} numbers, {beyond} beyond their tolerance."]
    if options.write:
        write_table(lines, script="compare_with_r.py")
    else:
        print("\n".join(lines))
    sys.exit(beyond > 0)


if __name__ == "__main__":
    main()
