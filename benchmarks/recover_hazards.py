"""How often the Cox models' intervals hold the truth, and how often tests find what is not there, in simulated studies.

python benchmarks/recover_hazards.py [--studies 500] [--patients 4000] [--seed 1]

Each study draws people and follow-up as the simulated site has them, without radiographs, and fits the adjusted model
of the actual category. For the type I error the categories are dealt anew among its patients, so that they say nothing
of the outcome given the factors.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from scipy.stats import binomtest, chi2, norm  # noqa: E402

from cacs_cxr.prognosis.cox import cox_regression  # noqa: E402
from cacs_cxr.prognosis.logrank import log_rank_scores, overall_test, trend_test  # noqa: E402
from cacs_cxr.prognosis.proportional_hazards import GLOBAL, proportionality_tests  # noqa: E402
from cacs_cxr.simulation.hazards import (  # noqa: E402
    AGE_HAZARD_RATIO,
    BMI_HAZARD_RATIO,
    CATEGORY_HAZARD_RATIOS,
    MALE_HAZARD_RATIO,
    draw_follow_up,
)
from cacs_cxr.simulation.population import PEOPLE, draw_people  # noqa: E402

TERMS = ("category 1–99", "category 100–399", "category ≥ 400", "age, per 10 years", "male sex", "BMI, per 5 kg/m²")
TRUTH = np.log([*CATEGORY_HAZARD_RATIOS[1:], AGE_HAZARD_RATIO, MALE_HAZARD_RATIO, BMI_HAZARD_RATIO])


def study(patients: int, generator: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People and follow-up of a simulated development site."""
    people = draw_people(patients, people=PEOPLE["development"], generator=generator)
    longest = generator.integers(1095, 3650, patients)
    return people, draw_follow_up(people, longest_days=longest, generator=generator)


def design(category: np.ndarray, people: pd.DataFrame) -> np.ndarray:
    """Columns of the adjusted model in the order of `TERMS`."""
    levels = [category == code for code in (1, 2, 3)]
    return np.column_stack([*levels, people["age_years"] / 10, people["male"], people["bmi"] / 5]).astype(float)


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--patients", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    estimates, errors, tests, events = [], [], [], []
    for number in range(options.studies):
        generator = np.random.default_rng([options.seed, number])
        people, followed = study(options.patients, generator)
        time, event = followed["followup_days"].to_numpy(), followed["event"].to_numpy()
        columns = design(people["category"].to_numpy(), people)
        fit = cox_regression(time, event, columns)
        estimates.append(fit.coefficients)
        errors.append(np.sqrt(np.diag(fit.covariance)))
        events.append(int(event.sum()))
        proportional = proportionality_tests(
            time, event, columns, fit.coefficients, terms={"category": [0, 1, 2]}, transform="km"
        )
        dealt = generator.permutation(people["category"].to_numpy())
        under_none = cox_regression(time, event, design(dealt, people))
        without = cox_regression(time, event, design(dealt, people)[:, 3:])
        wald = under_none.coefficients[:3] @ np.linalg.solve(under_none.covariance[:3, :3], under_none.coefficients[:3])
        scores = log_rank_scores(time, event, dealt, groups=4)
        tests.append(
            {
                "Cox, likelihood ratio of the categories": chi2.sf(2 * (under_none.loglik - without.loglik), 3),
                "Cox, Wald test of the categories": chi2.sf(wald, 3),
                "Cox, highest against lowest category": 2
                * norm.sf(abs(under_none.coefficients[2]) / np.sqrt(under_none.covariance[2, 2])),
                "log-rank, overall": overall_test(scores).p,
                "log-rank, trend": trend_test(scores).p,
                "proportional hazards, categories": next(t.p for t in proportional if t.term == "category"),
                "proportional hazards, GLOBAL": next(t.p for t in proportional if t.term == GLOBAL),
            }
        )
    values, spread = np.array(estimates), np.array(errors)
    covered = np.abs(values - TRUTH) < norm.isf(0.025) * spread
    print(f"{options.studies} studies of {options.patients:,} patients, {np.mean(events):.0f} events on average.\n")
    print("| term | true HR | mean estimate | bias of log HR, % of it | SE / SD of estimates | covered, % (95 % CI) |")
    print("|---|---|---|---|---|---|")
    for place, term in enumerate(TERMS):
        mean = values[:, place].mean()
        share = binomtest(int(covered[:, place].sum()), options.studies)
        low, high = share.proportion_ci(method="wilson")
        bias = 100 * (mean / TRUTH[place] - 1)
        ratio = spread[:, place].mean() / values[:, place].std(ddof=1)
        cells = f"{np.exp(TRUTH[place]):.3f} | {np.exp(mean):.3f} | {bias:+.1f} | {ratio:.3f}"
        print(f"| {term} | {cells} | {100 * share.statistic:.1f} ({100 * low:.1f}–{100 * high:.1f}) |")
    total = int(covered.sum())
    print(f"| all terms | | | | | {100 * total / covered.size:.1f} |")
    print("\n| test, nothing to be found | p < .05, % (95 % CI) |\n|---|---|")
    for name in tests[0]:
        found = sum(row[name] < 0.05 for row in tests)
        low, high = binomtest(found, options.studies).proportion_ci(method="wilson")
        print(f"| {name} | {100 * found / options.studies:.1f} ({100 * low:.1f}–{100 * high:.1f}) |")


if __name__ == "__main__":
    main()
