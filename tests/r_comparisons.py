"""Our statistics beside R's on the reference data: what the tests check and `benchmarks/compare_with_r.py` prints."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from cacs_cxr.evaluation.agreement import WEIGHTS, kappa
from cacs_cxr.evaluation.auc_table import fold_aucs
from cacs_cxr.evaluation.calibration import (
    brier_score,
    hosmer_lemeshow,
    log_loss,
    observed_to_expected,
    recalibration,
    spiegelhalter,
)
from cacs_cxr.evaluation.calibration_curve import calibration_curve, calibration_distance
from cacs_cxr.evaluation.discrimination import (
    auc_estimate,
    delong_covariance,
    paired_difference,
    placements,
    plain_interval,
    unpaired_difference,
)
from cacs_cxr.evaluation.net_benefit import avoided, net_benefit, net_benefit_of_all
from cacs_cxr.evaluation.operating_points import choose_cutoff, exact_interval, operating_point
from cacs_cxr.evaluation.pooled_auc import clustered_auc, stratified_auc
from cacs_cxr.evaluation.precision_recall import partial_auc
from cacs_cxr.evaluation.predictive_values import mcnemar
from cacs_cxr.evaluation.roc import counts_by_cutoff
from cacs_cxr.multiplicity import holm
from cacs_cxr.prognosis.concordance import concordance
from cacs_cxr.prognosis.cox import cox_regression
from cacs_cxr.prognosis.incidence import exact_rate
from cacs_cxr.prognosis.kaplan_meier import at_risk, kaplan_meier, median_follow_up
from cacs_cxr.prognosis.logrank import log_rank_scores, overall_test, trend_test
from cacs_cxr.prognosis.pooling import half_width, pool

CLOSED, ITERATIVE = 1e-9, 1e-6


@dataclass(frozen=True)
class Comparison:
    """One number of ours beside R's; both NaN agree."""

    data: str
    statistic: str
    ours: float
    r: float
    tolerance: float

    @property
    def difference(self) -> float:
        """Difference relative to R's value, absolute where that is 0."""
        if np.isnan(self.ours) or np.isnan(self.r):
            return 0.0 if np.isnan(self.ours) and np.isnan(self.r) else np.inf
        return abs(self.ours - self.r) / (abs(self.r) or 1.0)

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.difference <= self.tolerance


def pairs(data: str, statistic: str, ours: Any, r: Any, *, tolerance: float = CLOSED) -> Iterator[Comparison]:
    """One comparison, or one for each entry of two lists of equal length."""
    if isinstance(r, Sequence) and not isinstance(r, str):
        for place, (one, other) in enumerate(zip(ours, r, strict=True)):
            yield from pairs(data, f"{statistic} [{place}]", one, other, tolerance=tolerance)
    else:
        yield Comparison(data, statistic, float(ours), np.nan if r is None else float(r), tolerance)


def references(folder: Path) -> dict[str, Iterator[Comparison]]:
    """Comparisons by data set, for the data sets whose files lie in the folder."""
    makers = {"cohort": cohort, "asah": asah, "lung": lung, "colon": colon, "ovarian": ovarian, "toys": toys}
    makers["imputed"] = imputed
    needed = {name: f"{name}_ref.json" for name in ("cohort", "asah")} | {"imputed": "mi_rubin_ref.json"}
    return {
        name: make(folder) for name, make in makers.items() if (folder / needed.get(name, "survival_ref.json")).exists()
    }


def answers(folder: Path, name: str) -> Any:
    """R's answers as they stand in a JSON file."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def asah(folder: Path) -> Iterator[Comparison]:
    """Single and paired AUCs, ROC points, Youden's cut-off and an operating point on aSAH."""
    table, r = pd.read_csv(folder / "asah.csv"), answers(folder, "asah_ref.json")
    labels = table["outcome01"].to_numpy()
    for marker, expected in r["single"].items():
        scores = table[marker].to_numpy(float)
        estimate = auc_estimate(labels, scores)
        name = f"{marker} "
        yield from pairs("asah", f"{name}AUC", estimate.auc, expected["auc"])
        yield from pairs("asah", f"{name}DeLong variance", estimate.se**2, expected["var_delong"])
        yield from pairs("asah", f"{name}95 % CI", (estimate.low, estimate.high), expected["ci95"])
        yield from pairs(
            "asah", f"{name}90 % CI", plain_interval(estimate.auc, estimate.se, level=0.9), expected["ci90"]
        )
        yield from pairs("asah", f"{name}logit CI", (estimate.logit_low, estimate.logit_high), expected["ci95_logit"])
        cutoff = choose_cutoff(labels, scores, rule="youden")
        yield from pairs("asah", f"{name}Youden cut-off", cutoff, expected["youden"]["threshold"])
        area = partial_auc(labels, scores, specificity=0.9)
        yield from pairs("asah", f"{name}partial AUC", area, expected["pauc_spec_1_0.9"])
        _, hits, alarms = counts_by_cutoff(labels, scores)
        points = expected["roc_points"]
        yield from pairs("asah", f"{name}ROC sensitivity", hits[::-1] / hits[-1], points["sens"][:-1])
        yield from pairs("asah", f"{name}ROC specificity", 1 - alarms[::-1] / alarms[-1], points["spec"][:-1])
    for expected in r["paired"]:
        first, second = (table[expected[side]].to_numpy(float) for side in ("a", "b"))
        yield from paired("asah", f"{expected['a']} - {expected['b']}", labels, first, second, expected, "diff_ci95")
    point = r["operating_point_s100b_ge_0.21"]
    yield from operating("asah", "s100b >= 0.21", labels, table["s100b"].to_numpy(float), 0.21, point)
    men = (table["gender"] == "Male").to_numpy()
    groups = [placements(labels[rows], table.loc[rows, "s100b"]) for rows in (men, ~men)]
    yield from unpaired("asah", "s100b, men - women", *groups, r["unpaired_s100b_male_vs_female"])
    called = [(table[marker] >= cut).to_numpy() for marker, cut in (("s100b", 0.21), ("wfns", 3))]
    for measure, positive in (("sens", 1), ("spec", 0)):
        right = [one[labels == positive] == bool(positive) for one in called]
        test, expected = mcnemar(*right), r["mcnemar_s100b21_vs_wfns3"][measure]
        discordant = sorted((test.only_first, test.only_second))
        yield from pairs("asah", f"McNemar {measure} discordant", discordant, sorted((expected["b"], expected["c"])))
        yield from pairs("asah", f"McNemar {measure} exact p", test.p, expected["p_exact"])


def unpaired(data: str, name: str, first: Any, second: Any, expected: Mapping[str, Any]) -> Iterator[Comparison]:
    """DeLong's unpaired test with Welch-type degrees of freedom."""
    test = unpaired_difference(first, second)
    yield from pairs(data, f"{name} unpaired D", test.d, expected["D"])
    yield from pairs(data, f"{name} unpaired df", test.df, expected["df"])
    yield from pairs(data, f"{name} unpaired p", test.p, expected["p"])


def paired(
    data: str, name: str, labels: Any, first: Any, second: Any, expected: Mapping[str, Any], interval: str
) -> Iterator[Comparison]:
    """DeLong's paired test."""
    result = paired_difference(labels, first, second)
    covariance = delong_covariance(placements(labels, first), placements(labels, second))
    yield from pairs(data, f"{name} DeLong z", result.z, expected["Z"])
    yield from pairs(data, f"{name} DeLong p", result.p, expected["p"])
    yield from pairs(data, f"{name} difference CI", (result.low, result.high), expected[interval])
    yield from pairs(data, f"{name} covariance", covariance, expected["cov"])


def operating(
    data: str, name: str, labels: Any, scores: Any, cutoff: float, r: Mapping[str, Any]
) -> Iterator[Comparison]:
    """Counts, proportions, Wilson and exact intervals."""
    point = operating_point(labels, scores, cutoff)
    for count in ("tp", "fp", "tn", "fn"):
        yield from pairs(data, f"{name} {count}", point[count], r[count])
    for ours, theirs in (("sensitivity", "sens"), ("specificity", "spec"), ("ppv", "ppv"), ("npv", "npv")):
        expected = r[theirs]
        yield from pairs(data, f"{name} {ours}", point[ours], expected["est"])
        yield from pairs(
            data, f"{name} {ours} Wilson", (point[f"{ours}_low"], point[f"{ours}_high"]), expected["wilson"]
        )
        yield from pairs(data, f"{name} {ours} exact", exact_interval(expected["x"], expected["n"]), expected["exact"])


def curves(data: str, name: str, time: Any, event: Any, group: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Kaplan-Meier estimates, numbers at risk, medians, reverse medians and exact rates of every group."""
    days, happened, labels = np.asarray(time), np.asarray(event).astype(bool), np.asarray(group).astype(str)
    for level, expected in r.items():
        rows = labels == level
        curve = kaplan_meier(days[rows], happened[rows])
        at = np.array([curve.at(day) for day in expected["times"]])
        known = ~np.isnan(at[:, 0])
        label = f"{name} {level} KM"
        chosen = np.flatnonzero(known).tolist()
        yield from pairs(data, f"{label} S", at[known, 0], [expected["surv"][i] for i in chosen])
        yield from pairs(data, f"{label} SE", at[known, 1], [expected["std_err"][i] for i in chosen])
        yield from pairs(data, f"{label} log-log low", at[known, 2], [expected["loglog"]["lower"][i] for i in chosen])
        yield from pairs(data, f"{label} log-log high", at[known, 3], [expected["loglog"]["upper"][i] for i in chosen])
        yield from pairs(data, f"{label} at risk", at_risk(days[rows], expected["times"]), expected["n_risk"])
        yield from pairs(data, f"{label} median", curve.median, expected["median"])
        follow_up = median_follow_up(days[rows], happened[rows].astype(int))
        yield from pairs(data, f"{label} median follow-up", follow_up, expected["reverse_km_followup"]["median"])
        rate = expected["incidence_rate"]
        ours = exact_rate(int(happened[rows].sum()), float(days[rows].sum()))
        theirs = [rate["rate"], rate["exact_lower"], rate["exact_upper"]]
        yield from pairs(data, f"{name} {level} rate and exact CI", ours, theirs)


def logrank(data: str, name: str, time: Any, event: Any, group: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Log-rank overall, for trend, pairwise and after Holm."""
    levels = r["levels"]
    codes = np.array([levels.index(str(value)) for value in group])
    days, happened = np.asarray(time), np.asarray(event).astype(bool)
    scores = log_rank_scores(days, happened, codes, groups=len(levels))
    test, trend = overall_test(scores), trend_test(scores)
    overall, trended = r["overall"], r["trend_scores_0_to_k"]
    yield from pairs(data, f"{name} log-rank chi2", test.chi2, overall["chi2"])
    yield from pairs(data, f"{name} log-rank df", test.df, overall["df"])
    yield from pairs(data, f"{name} log-rank p", test.p, overall["p"])
    yield from pairs(data, f"{name} log-rank expected", scores.expected, overall["exp"])
    yield from pairs(data, f"{name} log-rank variance", scores.covariance.tolist(), overall["var"])
    yield from pairs(data, f"{name} log-rank trend chi2", trend.chi2, trended["chi2"])
    yield from pairs(data, f"{name} log-rank trend p", trend.p, trended["p"])
    if "pairwise" in r:
        tests = []
        for a, b in combinations(range(len(levels)), 2):
            rows = np.isin(codes, (a, b))
            tests.append(overall_test(log_rank_scores(days[rows], happened[rows], codes[rows] == b, groups=2)))
        p_values = np.array([pair.p for pair in tests])
        yield from pairs(data, f"{name} log-rank pairwise chi2", [pair.chi2 for pair in tests], r["pairwise"]["chi2"])
        yield from pairs(data, f"{name} log-rank pairwise p", p_values, r["pairwise"]["p_raw"])
        yield from pairs(data, f"{name} log-rank pairwise Holm p", holm(p_values), r["pairwise"]["p_holm"])


def cox(
    data: str, name: str, time: Any, event: Any, columns: pd.DataFrame, r: Mapping[str, Any]
) -> Iterator[Comparison]:
    """Coefficients, standard errors, hazard ratios, p-values, global tests and concordance of a Cox model."""
    covariates = columns.to_numpy(float)
    days, happened = np.asarray(time), np.asarray(event).astype(bool)
    fit = cox_regression(days, happened, covariates)
    errors = np.sqrt(np.diag(fit.covariance))
    half = norm.isf(0.025) * errors
    numbers = {
        "coef": fit.coefficients,
        "se": errors,
        "hr": np.exp(fit.coefficients),
        "hr_lower": np.exp(fit.coefficients - half),
        "hr_upper": np.exp(fit.coefficients + half),
        "p": 2 * norm.sf(np.abs(fit.coefficients / errors)),
    }
    for key, values in numbers.items():
        for value, (term, expected) in zip(values, r[key].items(), strict=True):
            yield from pairs(data, f"{name} Cox {key} {term}", value, expected, tolerance=ITERATIVE)
    wald = fit.coefficients @ np.linalg.solve(fit.covariance, fit.coefficients)
    for key, statistic in (("lr", 2 * (fit.loglik - fit.loglik_null)), ("wald", wald), ("score", fit.score)):
        yield from pairs(data, f"{name} Cox {key} chi2", statistic, r[key]["test"], tolerance=ITERATIVE)
        p = chi2.sf(statistic, len(fit.coefficients))
        yield from pairs(data, f"{name} Cox {key} p", p, r[key]["pvalue"], tolerance=ITERATIVE)
    yield from pairs(data, f"{name} Cox loglik", (fit.loglik_null, fit.loglik), [r["loglik_null"], r["loglik"]])
    result = concordance(days, happened, (covariates * fit.coefficients).sum(axis=1))
    yield from pairs(data, f"{name} C", result.c, r["concordance"])
    yield from pairs(data, f"{name} C SE", result.se, r["concordance_se"])


def dummies(values: Any, levels: Sequence[Any]) -> dict[str, Any]:
    """0/1 columns of every level above the first."""
    return {f"level {level}": np.asarray(values) == level for level in levels[1:]}


def lung(folder: Path) -> Iterator[Comparison]:
    """Survival by sex and performance score in lung cancer: many ties."""
    table, r = pd.read_csv(folder / "lung.csv"), answers(folder, "survival_ref.json")["lung"]
    table["status"] = (table["status"] == 2) if table["status"].max() == 2 else table["status"] == 1
    yield from curves("lung", "sex", table["time"], table["status"], table["sex"], r["km_sex"])
    yield from logrank("lung", "sex", table["time"], table["status"], table["sex"], r["logrank_sex"])
    known = table.dropna(subset="ph.ecog").copy()
    known["ecog"] = known["ph.ecog"].clip(upper=2).astype(int)
    yield from curves("lung", "ecog", known["time"], known["status"], known["ecog"], r["km_ecog"])
    yield from logrank("lung", "ecog", known["time"], known["status"], known["ecog"], r["logrank_ecog"])
    columns = known[["age", "sex"]].assign(**dummies(known["ecog"], [0, 1, 2]))
    yield from cox("lung", "age + sex + ecog", known["time"], known["status"], columns, r["cox_efron"])


def colon(folder: Path) -> Iterator[Comparison]:
    """Survival by treatment in colon cancer: three groups, factors of several levels."""
    table, r = pd.read_csv(folder / "colon_death.csv"), answers(folder, "survival_ref.json")["colon"]
    yield from curves("colon", "rx", table["time"], table["status"], table["rx"], r["km_rx"])
    yield from logrank("colon", "rx", table["time"], table["status"], table["rx"], r["logrank_rx"])
    known = table.dropna(subset="differ")
    columns = pd.DataFrame(
        dummies(known["rx"], ["Obs", "Lev", "Lev+5FU"]) | {name: known[name] for name in ("age", "sex", "node4")}
    )
    columns = columns.assign(**{f"differ {level}": known["differ"] == level for level in (2, 3)})
    columns = columns.assign(**{f"extent {level}": known["extent"] == level for level in (2, 3, 4)})
    yield from cox("colon", "rx + factors", known["time"], known["status"], columns, r["cox_efron"])


def ovarian(folder: Path) -> Iterator[Comparison]:
    """Twenty-six patients, twelve events."""
    table, r = pd.read_csv(folder / "ovarian.csv"), answers(folder, "survival_ref.json")["ovarian"]
    yield from curves("ovarian", "rx", table["futime"], table["fustat"], table["rx"], r["km_rx"])
    levels = {"levels": ["1", "2"], **r["logrank_rx"]}
    yield from logrank("ovarian", "rx", table["futime"], table["fustat"], table["rx"], levels)
    columns = table[["age", "resid.ds", "rx", "ecog.ps"]]
    yield from cox("ovarian", "all factors", table["futime"], table["fustat"], columns, r["cox_efron"])


def toys(folder: Path) -> Iterator[Comparison]:
    """Curves at exactly one half, at 1 and at 0, and a group without events."""
    r = answers(folder, "survival_ref.json")["toy"]
    for name in ("median_flat_at_half", "median_not_reached", "all_censored", "last_is_event"):
        toy = r[name]
        curve = kaplan_meier(toy["time"], toy["event"])
        at = np.array([curve.at(day) for day in toy["t"]])
        for column, key in enumerate(("surv", "std_err", "lower", "upper")):
            yield from pairs("toys", f"{name} {key}", at[:, column], toy[key])
        yield from pairs("toys", f"{name} median", curve.median, toy["median"])
    tick = r["risk_table_at_tick_equal_to_event_time"]
    yield from pairs("toys", "at risk at ticks", at_risk(tick["time"], tick["ticks"]), tick["n_risk"])
    table, expected = pd.read_csv(folder / "zero_event_group.csv"), r["zero_event_reference"]
    yield from logrank("toys", "zero-event group", table["time"], table["event"], table["g"], expected["logrank"])


def imputed(folder: Path) -> Iterator[Comparison]:
    """Cox models of ten fixed imputations of the cohort, pooled as mitools::MIcombine does."""
    table, r = pd.read_csv(folder / "cohort.csv"), answers(folder, "mi_rubin_ref.json")
    bmi = pd.read_csv(folder / "cohort_bmi_imputations.csv").set_index("id")
    fits = []
    for place, name in enumerate(bmi.columns):
        columns = pd.DataFrame(dummies(table["pred4"], [0, 1, 2, 3]) | {key: table[key] for key in ("age", "male")})
        columns["bmi"] = table["bmi"].fillna(table["id"].map(bmi[name]))
        fits.append(cox_regression(table["time"], table["event"], columns.to_numpy(float)))
        errors = np.sqrt(np.diag(fits[-1].covariance))
        label = f"imputation {place + 1} Cox"
        yield from pairs(
            "imputed", f"{label} coef", fits[-1].coefficients, r["per_imputation_coef"][place], tolerance=ITERATIVE
        )
        yield from pairs("imputed", f"{label} se", errors, r["per_imputation_se"][place], tolerance=ITERATIVE)
    pooled = pool([fit.coefficients for fit in fits], [fit.covariance for fit in fits])
    errors = np.sqrt(np.diag(pooled.covariance))
    half = [half_width(se, df=np.inf) for se in errors]  # mitools prints limits by the normal distribution
    limits = np.column_stack([pooled.coefficients - half, pooled.coefficients + half])
    numbers = {
        "pooled_coef": pooled.coefficients, "pooled_se": errors, "missinfo": pooled.fmi, "ci95_t": limits,
        "within": pooled.within, "between": pooled.between, "df_rubin_old": pooled.df_rubin,
    }  # fmt: skip
    for key, values in numbers.items():
        yield from pairs("imputed", f"Rubin {key}", values, r[key], tolerance=ITERATIVE)


def cohort(folder: Path) -> Iterator[Comparison]:
    """Discrimination, operating points, survival, Cox models and concordance of the simulated cohort."""
    table, r = pd.read_csv(folder / "cohort.csv"), answers(folder, "cohort_ref.json")
    yield from cohort_discrimination(table, r)
    yield from cohort_calibration(table, r)
    yield from cohort_usefulness(table, r)
    yield from clustered(folder, r)
    survival = r["survival"]
    time, event, external = table["time"], table["event"], table[table["site"] == "ext"]
    groups = {"actual": table["cat4"], "predicted": table["pred4"]}
    yield from curves("cohort", "all", time, event, np.ones(len(table), dtype=int), survival["km_overall"])
    for name, group in groups.items():
        yield from curves("cohort", name, time, event, group, survival[f"km_{name}_days"])
        yield from logrank("cohort", name, time, event, group, survival[f"logrank_{name}"])
    external_groups = external["time"], external["event"], external["pred4"]
    yield from curves("cohort", "ext predicted", *external_groups, survival["km_predicted_ext"])
    yield from logrank("cohort", "ext predicted", *external_groups, survival["logrank_predicted_ext"])
    yield from cohort_models(table, survival)


def cohort_discrimination(table: pd.DataFrame, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """AUCs and paired tests of both models at three thresholds, folds, Holm and operating points."""
    sites = {"int": table["site"] == "int", "ext": table["site"] == "ext", "all": table["site"].notna()}
    labels = {"gt0": table["cacs"] > 0, "ge100": table["cacs"] >= 100, "ge400": table["cacs"] >= 400}
    p_values = []
    for threshold, cut in (("gt0", "0"), ("ge100", "100"), ("ge400", "400")):
        for site, rows in sites.items():
            positive = labels[threshold][rows].to_numpy()
            scores = {model: table.loc[rows, f"p{model}{cut}"].to_numpy() for model in "AB"}
            expected = r["discrimination"][threshold][site]
            for model in "AB":
                estimate, name = auc_estimate(positive, scores[model]), f"{site} {threshold} {model}"
                yield from pairs("cohort", f"{name} AUC", estimate.auc, expected[model]["auc"])
                yield from pairs("cohort", f"{name} DeLong variance", estimate.se**2, expected[model]["var"])
                yield from pairs("cohort", f"{name} 95 % CI", (estimate.low, estimate.high), expected[model]["ci95"])
            name = f"{site} {threshold} A - B"
            yield from paired("cohort", name, positive, scores["A"], scores["B"], expected["A_vs_B"], "ci95")
            if site == "int":
                p_values.append(paired_difference(positive, scores["A"], scores["B"]).p)
        internal = sites["int"]
        folds = fold_aucs(labels[threshold][internal], table.loc[internal, f"pA{cut}"], table.loc[internal, "fold"])
        expected, aucs = r["discrimination"][threshold]["folds_A"], np.array(list(folds.values()))
        yield from pairs("cohort", f"{threshold} fold AUC", aucs, expected["auc"])
        yield from pairs("cohort", f"{threshold} fold mean", aucs.mean(), expected["mean"])
        yield from pairs("cohort", f"{threshold} fold SD", aucs.std(ddof=1), expected["sd"])
        inside = labels[threshold][internal], table.loc[internal, f"pA{cut}"]
        within = stratified_auc(*inside, table.loc[internal, "fold"])
        yield from pairs("cohort", f"{threshold} pairs within folds", within.auc, expected["pair_weighted"])
        outside = labels[threshold][sites["ext"]], table.loc[sites["ext"], f"pA{cut}"]
        expected = r["discrimination"][threshold]["A_int_vs_ext_unpaired"]
        yield from unpaired("cohort", f"{threshold} int - ext", placements(*inside), placements(*outside), expected)
    yield from pairs("cohort", "DeLong Holm p", holm(p_values), r["discrimination"]["multiplicity_A_vs_B_int"]["holm"])
    points = r["operating_points_ge100_A"]
    for site in ("int", "ext"):
        positive, marker = labels["ge100"][sites[site]].to_numpy(), table.loc[sites[site], "pA100"].to_numpy()
        yield from operating("cohort", f"{site} >= 0.35", positive, marker, 0.35, points[f"{site}_at_.35"])
        if site == "int":
            cutoff = choose_cutoff(positive, marker, rule="youden")
            yield from pairs("cohort", "Youden cut-off", cutoff, points["int_youden_threshold"])


def cohort_calibration(table: pd.DataFrame, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Calibration of both models at three thresholds and two sites, beside glm and rms::val.prob."""
    for threshold, cut, passed in (
        ("gt0", "0", table["cacs"] > 0),
        ("ge100", "100", table["cacs"] >= 100),
        ("ge400", "400", table["cacs"] >= 400),
    ):
        for site in ("int", "ext"):
            rows = table["site"] == site
            labels = passed[rows].to_numpy()
            for model in "AB":
                predicted = table.loc[rows, f"p{model}{cut}"].to_numpy()
                yield from calibrated(
                    f"{site} {threshold} {model}", labels, predicted, r["calibration"][threshold][site][model]
                )


def calibrated(name: str, labels: Any, predicted: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Every measure of calibration of one set of probabilities."""
    lines = recalibration(labels, predicted)
    fitted = {
        "calibration_in_the_large_offset": ("CITL", lines.in_the_large),
        "slope": ("calibration slope", lines.slope),
        "joint_intercept": ("joint intercept", lines.intercept),
    }
    for key, (label, ours) in fitted.items():
        expected = r[key]
        # A coefficient near 0 has no relative digits: it is compared on the scale of its standard error.
        scale = max(abs(expected["est"]), expected["se"])
        yield Comparison("cohort", f"{name} {label}", ours.value / scale, expected["est"] / scale, ITERATIVE)
        yield from pairs("cohort", f"{name} {label} SE", ours.se, expected["se"], tolerance=ITERATIVE)
        limits = [value / expected["se"] for value in (ours.low, ours.high)]
        theirs = [value / expected["se"] for value in expected["wald95"]]
        yield from pairs("cohort", f"{name} {label} limits", limits, theirs, tolerance=ITERATIVE)
    if r["U_test"]["chi2"] > 1e-6:
        yield from pairs("cohort", f"{name} U-test chi2", lines.chi2, r["U_test"]["chi2"], tolerance=ITERATIVE)
        yield from pairs("cohort", f"{name} U-test p", lines.p, r["U_test"]["p"], tolerance=ITERATIVE)
    brier, scaled = brier_score(labels, predicted)
    yield from pairs("cohort", f"{name} O:E", observed_to_expected(labels, predicted).value, r["OE"])
    yield from pairs("cohort", f"{name} Brier", brier.value, r["brier"])
    yield from pairs("cohort", f"{name} Brier scaled", scaled, r["scaled_brier"])
    yield from pairs("cohort", f"{name} log loss", log_loss(labels, predicted), r["logloss"])
    z = spiegelhalter(labels, predicted)
    yield from pairs("cohort", f"{name} Spiegelhalter", z, [r["rms_val_prob"]["S:z"], r["rms_val_prob"]["S:p"]])
    distance = calibration_distance(calibration_curve(labels, predicted), predicted)
    for key, ours in (("ICI", distance.ici), ("E50", distance.e50), ("E90", distance.e90), ("Emax", distance.emax)):
        yield from pairs("cohort", f"{name} {key} (lowess)", ours, r["ici_lowess_iter0"][key])
    for key, degrees in (("hosmer_lemeshow_g10_df8", 2), ("hosmer_lemeshow_g10_df10_external", 0)):
        test = hosmer_lemeshow(labels, predicted, fitted=degrees)
        ours = test.chi2, test.df, test.p
        yield from pairs("cohort", f"{name} Hosmer-Lemeshow", ours, [r[key][name] for name in ("chi2", "df", "p")])


def cohort_usefulness(table: pd.DataFrame, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Net benefit, interventions avoided, likelihood ratios and kappa."""
    expected = r["decision_curve_ge100"]
    thresholds = expected["thresholds"]
    for site in ("int", "ext"):
        rows = table["site"] == site
        labels, share = (table["cacs"] >= 100)[rows], float((table["cacs"] >= 100)[rows].mean())
        of_all = net_benefit_of_all(share, thresholds)
        yield from pairs("cohort", f"{site} net benefit of all", of_all, expected[site]["all"])
        for model in "AB":
            benefit = net_benefit(labels, table.loc[rows, f"p{model}100"], thresholds)
            yield from pairs("cohort", f"{site} {model} net benefit", benefit, expected[site][model])
            if model == "A":
                yield from pairs("cohort", f"{site} net benefit standardised", benefit / share, expected[site]["snb_A"])
                per_100 = expected[site]["net_interventions_avoided_per_100_A"]
                yield from pairs("cohort", f"{site} avoided", avoided(benefit, of_all, thresholds) / 10, per_100)
        point = operating_point(labels, table.loc[rows, "pA100"], 0.35)
        theirs = r["operating_points_ge100_A"][f"{site}_at_.35"]
        yield from pairs("cohort", f"{site} LR+", point["lr_positive"], theirs["LRpos"])
        yield from pairs("cohort", f"{site} LR-", point["lr_negative"], theirs["LRneg"])
    for weights in WEIGHTS:
        ours, theirs = kappa(r["agreement_int"]["confusion_rows_actual"], weights=weights), r["agreement_int"][weights]
        yield from pairs("cohort", f"{weights} kappa", ours.value, theirs["kappa"])
        yield from pairs("cohort", f"{weights} kappa SE", ours.se, theirs["se"])
        yield from pairs("cohort", f"{weights} kappa CI", (ours.low, ours.high), theirs["ci95"])


def clustered(folder: Path, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """AUC of several images a patient, with Obuchowski's variance."""
    images = pd.read_csv(folder / "cohort_images.csv")
    for model in "AB":
        ours = clustered_auc(images["c100"], images[f"p{model}100"], images["id"])
        expected = r["clustered_images"][model]
        yield from pairs("cohort", f"images {model} clustered AUC", ours.auc, expected["auc"])
        yield from pairs("cohort", f"images {model} clustered variance", ours.se**2, expected["var_clustered"])


def cohort_models(table: pd.DataFrame, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Cox models by actual and predicted category, nested tests, concordance and its differences."""
    complete = table.dropna(subset="bmi")
    factors = ["age", "male", "bmi"]

    def columns(rows: pd.DataFrame, *terms: str) -> pd.DataFrame:
        parts: dict[str, Any] = {}
        for term in terms:
            if term in ("cat4", "pred4"):
                parts |= {f"{term} {level}": rows[term] == level for level in (1, 2, 3)}
            else:
                parts[term] = rows[term]
        return pd.DataFrame(parts, index=rows.index)

    models = {
        "uni_actual_all4000": (table, ["cat4"]),
        "uni_predicted_all4000": (table, ["pred4"]),
        **{f"uni_{factor}": (complete, [factor]) for factor in factors},
        "clin": (complete, factors),
        "adj_actual": (complete, ["cat4", *factors]),
        "adj_predicted": (complete, ["pred4", *factors]),
        "adj_both": (complete, ["pred4", "cat4", *factors]),
        "adj_predicted_ext": (complete[complete["site"] == "ext"], ["pred4", *factors]),
    }
    for name, (rows, terms) in models.items():
        yield from cox("cohort", name, rows["time"], rows["event"], columns(rows, *terms), r["cox"][name])
    name = "adj_predicted_ordinal_trend"
    yield from cox("cohort", name, complete["time"], complete["event"], complete[["pred4", *factors]], r["cox"][name])
    influences = {}
    for name in ("clin", "adj_predicted", "adj_actual", "adj_both"):
        design = columns(complete, *models[name][1]).to_numpy(float)
        fit = cox_regression(complete["time"], complete["event"], design)
        influences[name] = (
            concordance(complete["time"], complete["event"], (design * fit.coefficients).sum(axis=1)),
            fit.loglik,
        )
    nested = {
        "clin_to_predicted": ("clin", "adj_predicted"),
        "clin_to_actual": ("clin", "adj_actual"),
        "predicted_to_both": ("adj_predicted", "adj_both"),
        "actual_to_both": ("adj_actual", "adj_both"),
    }
    for name, (small, big) in nested.items():
        (first, low), (second, high) = influences[small], influences[big]
        yield from pairs("cohort", f"{name} LR chi2", 2 * (high - low), r["nested"][name]["chi2"], tolerance=ITERATIVE)
        change = np.linalg.norm(second.influence - first.influence)
        yield from pairs("cohort", f"{name} difference of C", second.c - first.c, r["nested"][name]["harrell"]["diff"])
        yield from pairs("cohort", f"{name} difference of C SE", change, r["nested"][name]["harrell"]["se"])
    for name, column in (("actual", "cat4"), ("predicted", "pred4")):
        result, expected = concordance(table["time"], table["event"], table[column]), r["c_category_score_only"][name]
        yield from pairs("cohort", f"{name} category C", result.c, expected["c"])
        yield from pairs("cohort", f"{name} category C SE", result.se, expected["se"])
        yield from pairs("cohort", f"{name} concordant pairs", result.concordant, expected["count"]["concordant"])
        yield from pairs("cohort", f"{name} tied pairs", result.tied, expected["count"]["tied.x"])
