"""Times of the prognostic analyses: python benchmarks/time_prognosis.py [--patients 13000] [--replicates 1000].

First C and the test of proportional hazards at 1,000, 10,000 and 100,000 patients, then everything of one study of two
sites with the bootstrap. Times are of the processor, so that other work on the machine counts little.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests")]

from cacs_cxr.prognosis.competing_risks import competing_hazards, incidence_at_horizons  # noqa: E402
from cacs_cxr.prognosis.concordance import UNO, concordance  # noqa: E402
from cacs_cxr.prognosis.cox import cox_regression  # noqa: E402
from cacs_cxr.prognosis.cumulative_incidence import cumulative_incidence_table  # noqa: E402
from cacs_cxr.prognosis.follow_up import ACTUAL, PREDICTED, GroupedFollowUp  # noqa: E402
from cacs_cxr.prognosis.hazard_ratios import concordance_table, cox_table, cox_test_table  # noqa: E402
from cacs_cxr.prognosis.incidence import incidence_table  # noqa: E402
from cacs_cxr.prognosis.incremental_value import carried_table, comparison_table, model_table  # noqa: E402
from cacs_cxr.prognosis.kaplan_meier import kaplan_meier_table  # noqa: E402
from cacs_cxr.prognosis.logrank import logrank_table  # noqa: E402
from cacs_cxr.prognosis.paired_follow_up import PairedFollowUp  # noqa: E402
from cacs_cxr.prognosis.proportional_hazards import proportionality_tests  # noqa: E402
from cacs_cxr.prognosis.proportionality import proportionality_table, residual_table  # noqa: E402
from cacs_cxr.prognosis.risk_tables import benefit_table, calibration_table  # noqa: E402
from cacs_cxr.prognosis.site_models import SiteModels, site_models  # noqa: E402
from cacs_cxr.simulation.hazards import draw_follow_up  # noqa: E402
from cacs_cxr.simulation.population import PEOPLE, draw_people  # noqa: E402
from reference_cohort import two_sites  # noqa: E402


def drawn(site: str, n: int, seed: int) -> PairedFollowUp:
    """A simulated site with a noisy prediction and a competing death in one of twenty who are censored."""
    rng = np.random.default_rng(seed)
    people = draw_people(n, people=PEOPLE[site], generator=rng)
    followed = draw_follow_up(people, longest_days=rng.integers(1095, 3650, n), generator=rng)
    code = followed["event"].to_numpy(np.int64)
    code = np.where((code == 0) & (rng.random(n) < 0.05), 2, code)
    category = people["category"].to_numpy(np.int64)
    noisy = people["propensity"].to_numpy() + rng.normal(0, 0.8, n)
    cuts = np.quantile(noisy, np.cumsum(np.bincount(category, minlength=4))[:-1] / n)
    factors = pd.DataFrame(
        {"age": people["age_years"].astype(float), "sex[M]": people["male"].astype(float), "bmi": people["bmi"]}
    )
    predicted = np.searchsorted(cuts, noisy).astype(np.int64)
    expected = 3 / (1 + np.exp(-noisy))
    time_days = followed["followup_days"].to_numpy(np.int64)
    return PairedFollowUp(site, time_days, code, category, predicted, expected, factors, "")


def seconds(work: Callable[[], object]) -> float:
    """Processor time of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def single(n: int) -> tuple[float, float, float, float]:
    """Times of Harrell's C, Uno's C, a Cox model and its tests of proportional hazards for n patients."""
    site = drawn("development", n, 1)
    columns = np.column_stack([*(site.actual == level for level in (1, 2, 3)), site.factors]).astype(float)
    days, event = site.time, site.event
    fit = cox_regression(days, event, columns)
    score = columns @ fit.coefficients
    terms = {"category": [0, 1, 2], "age": [3], "sex": [4], "bmi": [5]}
    return (
        seconds(lambda: concordance(days, event, score)),
        seconds(lambda: concordance(days, event, score, time_weight=UNO, horizon=1826)),
        seconds(lambda: cox_regression(days, event, columns)),
        seconds(lambda: proportionality_tests(days, event, columns, fit.coefficients, terms=terms)),
    )


def whole(patients: int, replicates: int) -> dict[str, float]:
    """Times of all tables of a study whose external site has three thirteenths of the patients."""
    study = two_sites()
    sites = [drawn("development", round(patients * 10 / 13), 1), drawn("external", round(patients * 3 / 13), 2)]
    groups: list[GroupedFollowUp] = [site.grouped(name) for site in sites for name in (ACTUAL, PREDICTED)]
    made: list[SiteModels] = []

    def models() -> None:
        for number, site in enumerate(sites):
            made.append(
                site_models(
                    site,
                    study,
                    horizon=1826.25,
                    replicates=replicates,
                    generator=np.random.default_rng(number),
                    development=made[0] if made else None,
                )
            )
        for site_model in made:
            model_table(site_model, horizon_years=5)
            comparison_table(site_model, horizon_years=5)
            carried_table(site_model)
            calibration_table(site_model, horizon_years=5)
            benefit_table(site_model, horizon_years=5, thresholds=[0.05, 0.1, 0.2])

    def curves() -> None:
        for group in groups:
            kaplan_meier_table(group, study)
            logrank_table(group, study)
            incidence_table(group, study, horizons_years=[1, 3, 5, 10])

    def hazards() -> None:
        for group in groups:
            cox_table(group, study, minimum_events=5)
            cox_test_table(group, study)
            concordance_table(group, study)
            proportionality_table(group, study, declared="km", alpha=0.05)
            residual_table(group, study, transform="km")

    def competing() -> None:
        for group in groups:
            cumulative_incidence_table(group, study)
            incidence_at_horizons(group, study, horizons_years=[1, 3, 5])
            competing_hazards(group, study, minimum_events=5)

    return {
        "curves, rates, log-rank": seconds(curves),
        "Cox models, C, proportional hazards": seconds(hazards),
        "competing events": seconds(competing),
        f"incremental value with {replicates:,} bootstrap samples": seconds(models),
    }


def main() -> None:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=13_000)
    parser.add_argument("--replicates", type=int, default=1000)
    options = parser.parse_args()
    print("| patients | Harrell's C, s | Uno's C, s | Cox model, s | cox.zph, s |\n|---|---|---|---|---|")
    for n in (1000, 10_000, 100_000):
        print(f"| {n:,} | " + " | ".join(f"{value:.3f}" for value in single(n)) + " |")
    times = whole(options.patients, options.replicates)
    print(f"\n| {options.patients:,} patients at two sites | s |\n|---|---|")
    for name, value in times.items():
        print(f"| {name} | {value:.1f} |")
    print(f"| together | {sum(times.values()):.1f} |")


if __name__ == "__main__":
    main()
