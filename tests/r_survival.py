"""Survival beyond curves and plain Cox models beside R: residuals, tests, concordances, risks, competing events."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.absolute_risk import calibration_groups, net_benefit, observed_risk
from cacs_cxr.prognosis.concordance import TimeWeight, concordance
from cacs_cxr.prognosis.cox import CoxFit, cox_regression
from cacs_cxr.prognosis.cox_residuals import (
    baseline_hazard,
    robust_covariance,
    schoenfeld_residuals,
    score_residuals,
)
from cacs_cxr.prognosis.cumulative_incidence import cumulative_incidence
from cacs_cxr.prognosis.fine_gray import fine_gray
from cacs_cxr.prognosis.penalised_cox import profiled
from cacs_cxr.prognosis.proportional_hazards import TRANSFORMS, proportionality_tests
from cacs_cxr.prognosis.restricted_mean import restricted_mean
from cacs_cxr.prognosis.time_dependent_auc import time_dependent_auc
from r_comparisons import ITERATIVE, Comparison, answers, dummies, pairs

IPCW = 1e-5  # of riskRegression, which weights by another estimate of censoring
CRR = 1e-2  # of cmprsk::crr, relative; it differs from finegray() on tied days
Terms = Mapping[str, Sequence[int]]


def survival_references(folder: Path) -> dict[str, Iterator[Comparison]]:
    """Comparisons by data set, for the data sets whose files lie in the folder."""
    makers = {
        "cohort survival": (cohort, "cohort_ref.json"),
        "lung survival": (lung, "survival_ref.json"),
        "colon survival": (colon, "survival_ref.json"),
        "ovarian survival": (ovarian, "survival_ref.json"),
        "zero events": (zero_events, "survival_ref.json"),
        "mgus2": (mgus2, "competing_risks_ref.json"),
    }
    return {name: make(folder) for name, (make, file) in makers.items() if (folder / file).exists()}


def cohort_answers(folder: Path) -> Any:
    """R's answers on the cohort: the part that the repository holds, or in another folder all of them."""
    part = "cohort_survival_ref.json"
    return answers(folder, part if (folder / part).exists() else "cohort_ref.json")


def restricted(data: str, time: Any, event: Any, group: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Restricted means of every group."""
    days, happened, labels = np.asarray(time), np.asarray(event).astype(bool), np.asarray(group).astype(str)
    for level, expected in r.items():
        mean = restricted_mean(days[labels == level], happened[labels == level], horizon=expected["rmst"]["tau"])
        yield from pairs(data, f"restricted mean {level}", mean.days, expected["rmst"]["rmst"])
        yield from pairs(data, f"restricted mean SE {level}", mean.se, expected["rmst"]["se"])


def model(
    data: str,
    name: str,
    rows: tuple[Any, Any],
    columns: Any,
    r: Mapping[str, Any],
    *,
    terms: Terms,
    strata: Any = None,
) -> Iterator[Comparison]:
    """Tests of proportional hazards of a model, and the concordance of its predictor with every time weight."""
    time, event = np.asarray(rows[0]), np.asarray(rows[1]).astype(bool)
    x = np.asarray(columns, dtype=float)
    fit = cox_regression(time, event, x, strata=strata)
    for transform in TRANSFORMS:
        expected = r["cox_zph"][transform]["by_term"]
        made = proportionality_tests(time, event, x, fit.coefficients, terms=terms, transform=transform, strata=strata)
        for test, chi2, df, p in zip(made, expected["chisq"], expected["df"], expected["p"], strict=True):
            label = f"{name} cox.zph {transform} {test.term}"
            yield from pairs(data, f"{label} chi2", test.chi2, chi2, tolerance=ITERATIVE)
            yield from pairs(data, f"{label} df", test.df, df)
            yield from pairs(data, f"{label} p", test.p, p, tolerance=ITERATIVE)
    if strata is None:
        yield from weighted_concordance(data, name, time, event, x @ fit.coefficients, r["concordance_variants"])


def weighted_concordance(
    data: str, name: str, time: Any, event: Any, score: Any, r: Mapping[str, Any]
) -> Iterator[Comparison]:
    """Concordance with R's time weights, with and without a horizon."""
    for variant, expected in r.items():
        weight: TimeWeight = variant.removesuffix("_tau")  # type: ignore[assignment]
        result = concordance(time, event, score, time_weight=weight, horizon=expected.get("tau"))
        label = f"{name} ({variant}) weighted C"
        yield from pairs(data, label, result.c, expected["c"], tolerance=ITERATIVE)
        yield from pairs(data, f"{label} SE", result.se, expected["se"], tolerance=ITERATIVE)


def difference(data: str, name: str, one: Any, other: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Difference of two concordances in the same patients."""
    label = f"{name} difference of weighted C"
    yield from pairs(data, label, other.c - one.c, r["diff"], tolerance=ITERATIVE)
    se = np.linalg.norm(other.influence - one.influence)
    yield from pairs(data, f"{label} SE", se, r["se"], tolerance=ITERATIVE)


def coefficients(
    data: str, name: str, fit: CoxFit, r: Mapping[str, Any], *, errors: Any = None
) -> Iterator[Comparison]:
    """Coefficients, standard errors and likelihood of a model."""
    se = np.sqrt(np.diag(fit.covariance)) if errors is None else errors
    for value, error, term in zip(fit.coefficients, se, r["coef"], strict=True):
        yield from pairs(data, f"{name} Cox coef {term}", value, r["coef"][term], tolerance=ITERATIVE)
        kind = "Cox se" if errors is None else "robust SE"
        yield from pairs(data, f"{name} {kind} {term}", error, r["se"][term], tolerance=ITERATIVE)
    yield from pairs(data, f"{name} Cox loglik", fit.loglik, r["loglik"])


def robust(
    data: str, name: str, rows: tuple[Any, Any], x: Any, r: Mapping[str, Any], **how: Any
) -> Iterator[Comparison]:
    """A model with sandwich standard errors."""
    cluster = how.pop("cluster", None)
    fit = cox_regression(*rows, x, **how)
    residuals, information = score_residuals(*rows, x, fit.coefficients, **how)
    errors = np.sqrt(np.diag(robust_covariance(residuals, information, cluster=cluster)))
    yield from coefficients(data, name, fit, r, errors=errors)


def lung(folder: Path) -> Iterator[Comparison]:
    """Lung cancer: ties, Breslow, strata, clusters, predicted survival and residuals."""
    table, r = pd.read_csv(folder / "lung.csv"), answers(folder, "survival_ref.json")["lung"]
    event = (table["status"] == table["status"].max()).to_numpy()
    yield from restricted("lung", table["time"], event, table["sex"], r["km_sex"])
    known = table["ph.ecog"].notna().to_numpy()
    rows, event = table[known], event[known]
    ecog = rows["ph.ecog"].clip(upper=2)
    x = np.column_stack([rows["age"], rows["sex"], ecog == 1, ecog == 2]).astype(float)
    outcome = rows["time"].to_numpy(), event
    yield from model("lung", "lung", outcome, x, r["cox_efron"], terms={"age": [0], "sex": [1], "ecog": [2, 3]})
    stratified = x[:, [0, 2, 3]]
    strata = rows["sex"].to_numpy()
    terms = {"age": [0], "ecog": [1, 2]}
    yield from model("lung", "strata", outcome, stratified, r["cox_strata_sex"], terms=terms, strata=strata)
    fit = cox_regression(*outcome, stratified, strata=strata)
    yield from coefficients("lung", "strata", fit, r["cox_strata_sex"])
    yield from coefficients("lung", "Breslow", cox_regression(*outcome, x, ties="breslow"), r["cox_breslow"])
    yield from robust("lung", "robust", outcome, x, r["cox_robust"])
    yield from robust("lung", "robust Breslow", outcome, x, r["cox_robust_breslow"], ties="breslow")
    placed = rows["inst"].notna().to_numpy()
    clustered = outcome[0][placed], event[placed]
    cluster = rows.loc[placed, "inst"]
    yield from robust("lung", "clustered", clustered, x[placed], r["cox_cluster_inst"], cluster=cluster)
    fit = cox_regression(*outcome, x)
    _, residuals = schoenfeld_residuals(*outcome, x, fit.coefficients)
    for number, expected in enumerate(r["schoenfeld_head"]):
        yield from pairs("lung", "Schoenfeld residual", residuals[number], expected, tolerance=ITERATIVE)
    for ties in ("efron", "breslow"):
        expected = r[f"predict_{ties}"]
        made = cox_regression(*outcome, x, ties=ties)
        hazard = baseline_hazard(*outcome, x @ made.coefficients, ties=ties)
        for number, person in enumerate(expected["newdata"]):
            row = [person["age"], person["sex"], person["ecog"] == "1", person["ecog"] == "2"]
            predictor = np.array(row, dtype=float) @ made.coefficients
            for day, survival in zip(expected["times"], expected["surv"][number], strict=True):
                ours = 1 - float(hazard.risk(day, predictor))
                yield from pairs("lung", f"predicted survival, {ties}", ours, survival, tolerance=ITERATIVE)
    small = cox_regression(*outcome, x[:, :2])
    scores = (concordance(*outcome, x[:, :2] @ small.coefficients), concordance(*outcome, x @ fit.coefficients))
    yield from difference("lung", "nested", *scores, r["nested"]["delta_c"])


def colon(folder: Path) -> Iterator[Comparison]:
    """Colon cancer: factors of several levels."""
    table, r = pd.read_csv(folder / "colon_death.csv"), answers(folder, "survival_ref.json")["colon"]
    yield from restricted("colon", table["time"], table["status"], table["rx"], r["km_rx"])
    rows = table.dropna(subset="differ")
    columns = pd.DataFrame(
        dummies(rows["rx"], ["Obs", "Lev", "Lev+5FU"]) | {name: rows[name] for name in ("age", "sex", "node4")}
    )
    columns = columns.assign(**{f"differ {level}": rows["differ"] == level for level in (2, 3)})
    columns = columns.assign(**{f"extent {level}": rows["extent"] == level for level in (2, 3, 4)})
    terms = {"rx": [0, 1], "age": [2], "sex": [3], "node4": [4], "differ": [5, 6], "extent": [7, 8, 9]}
    outcome = rows["time"], rows["status"]
    yield from model("colon", "colon", outcome, columns.to_numpy(float), r["cox_efron"], terms=terms)


def ovarian(folder: Path) -> Iterator[Comparison]:
    """Twenty-six patients: residuals of few events, robust errors without ties."""
    table, r = pd.read_csv(folder / "ovarian.csv"), answers(folder, "survival_ref.json")["ovarian"]
    yield from restricted("ovarian", table["futime"], table["fustat"], table["rx"], r["km_rx"])
    x = table[["age", "resid.ds", "rx", "ecog.ps"]].to_numpy(float)
    terms = {"age": [0], "resid.ds": [1], "rx": [2], "ecog.ps": [3]}
    outcome = table["futime"].to_numpy(), table["fustat"].to_numpy()
    yield from model("ovarian", "ovarian", outcome, x, r["cox_efron"], terms=terms)


def zero_events(folder: Path) -> Iterator[Comparison]:
    """A reference group without events: likelihood ratio and the limit of the profile likelihood."""
    table, r = pd.read_csv(folder / "zero_event_group.csv"), answers(folder, "survival_ref.json")
    expected = r["toy"]["zero_event_reference"]
    against_one = np.column_stack([table["g"] == 0, table["g"] == 2]).astype(float)
    found = profiled(table["time"], table["event"], against_one, place=0, penalty="none")
    limit = expected["profile_upper95_HR_0_vs_1"]
    yield from pairs("zero events", "profile likelihood limit", np.exp(found.high), limit, tolerance=ITERATIVE)
    yield from pairs("zero events", "profile LR", found.statistic, expected["profile_LR_0_vs_1"], tolerance=ITERATIVE)
    yield from pairs("zero events", "profile p", found.p, expected["profile_p"], tolerance=ITERATIVE)
    against_zero = np.column_stack([table["g"] == 1, table["g"] == 2]).astype(float)
    fit = cox_regression(table["time"], table["event"], against_zero)
    statistic = 2 * (fit.loglik - fit.loglik_null)
    yield from pairs("zero events", "LR chi2", statistic, expected["lr"]["test"], tolerance=ITERATIVE)


def incidence(data: str, time: Any, code: Any, group: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Aalen-Johansen estimates with both variances and log-log limits, and one minus Kaplan-Meier."""
    days, codes, labels = np.asarray(time), np.asarray(code), np.asarray(group).astype(str)
    for level, expected in r["cif"].items():
        here = labels == level
        curve = cumulative_incidence(days[here], codes[here])
        other = cumulative_incidence(days[here], codes[here], cause=2)
        for place, day in enumerate(r["times"]):
            value, se, low, high = curve.at(day)
            row = int(np.searchsorted(curve.times, day, side="right")) - 1
            numbers = {
                "aj": value,
                "se_survfit_IJ": se,
                "loglog_lower": low,
                "loglog_upper": high,
                "aj_competing": other.at(day)[0],
                "cuminc_var_aalen": curve.variance[row],
                "one_minus_KM_naive": observed_risk(days[here], codes[here] == 1, horizon=day)[0],
            }
            for key, number in numbers.items():
                if expected[key][place] is not None and np.isfinite(number):
                    yield from pairs(data, f"cumulative incidence {key} {level}", number, expected[key][place])


def subdistribution(data: str, time: Any, code: Any, x: Any, r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Fine-Gray and cause-specific coefficients."""
    fit, expected = fine_gray(time, code, x), r["fine_gray_survival_breslow"]
    yield from pairs(data, "Fine-Gray coef", fit.coefficients, expected["coef"])
    errors = np.sqrt(np.diag(fit.covariance))
    yield from pairs(data, "Fine-Gray robust SE", errors, expected["robust_se"])
    crr = r["fine_gray_crr"]["coef"]
    yield from pairs(data, "Fine-Gray beside crr", fit.coefficients, crr, tolerance=CRR)
    own = cox_regression(time, np.asarray(code) == 1, x)
    specific = r["cause_specific_cox_efron"]
    yield from pairs(data, "cause-specific coef", own.coefficients, specific["coef"], tolerance=ITERATIVE)
    errors = np.sqrt(np.diag(own.covariance))
    yield from pairs(data, "cause-specific se", errors, specific["se"], tolerance=ITERATIVE)


def mgus2(folder: Path) -> Iterator[Comparison]:
    """Monoclonal gammopathy: months, heavily tied, death far more frequent than progression."""
    table = pd.read_csv(folder / "mgus2_cr.csv").dropna(subset="mspike")
    r = answers(folder, "competing_risks_ref.json")["mgus2"]
    yield from incidence("mgus2", table["etime"], table["ev"], table["sex"], r)
    x = np.column_stack([table["age"], table["sex"] == "M", table["mspike"]]).astype(float)
    yield from subdistribution("mgus2", table["etime"].to_numpy(), table["ev"].to_numpy(), x, r)


def cohort(folder: Path) -> Iterator[Comparison]:
    """The simulated cohort: tests, concordances, risks and competing deaths of its models."""
    table, r = pd.read_csv(folder / "cohort.csv"), cohort_answers(folder)
    survival = r["survival"]
    for name, category in (("actual", "cat4"), ("predicted", "pred4")):
        curves = survival[f"km_{name}_days"]
        yield from restricted("cohort", table["time"], table["event"], table[category], curves)
    rows = table.dropna(subset="bmi")
    time, event = rows["time"].to_numpy(), rows["event"].to_numpy()
    clinical = rows[["age", "male", "bmi"]].to_numpy(float)
    actual, predicted = (np.column_stack([rows[name] == level for level in (1, 2, 3)]) for name in ("cat4", "pred4"))
    designs = {
        "clin": clinical,
        "adj_actual": np.column_stack([actual, clinical]).astype(float),
        "adj_predicted": np.column_stack([predicted, clinical]).astype(float),
        "adj_both": np.column_stack([predicted, actual, clinical]).astype(float),
    }
    factors = ("age", "male", "bmi")
    scores = {}
    for name, x in designs.items():
        blocks = {"adj_actual": ["cat"], "adj_predicted": ["pcat"], "adj_both": ["pcat", "cat"]}.get(name, [])
        terms: dict[str, Sequence[int]] = {block: range(3 * i, 3 * i + 3) for i, block in enumerate(blocks)}
        terms |= {factor: [3 * len(blocks) + i] for i, factor in enumerate(factors)}
        yield from model("cohort", name, (time, event), x, survival["cox"][name], terms=terms)
        scores[name] = x @ cox_regression(time, event, x).coefficients
    for name, small, big in (
        ("clin_to_predicted", "clin", "adj_predicted"),
        ("clin_to_actual", "clin", "adj_actual"),
        ("predicted_to_both", "adj_predicted", "adj_both"),
        ("actual_to_both", "adj_actual", "adj_both"),
    ):
        for kind, weight, horizon in (("harrell", "n", None), ("uno_tau3650", "n/G2", 3650)):
            made = [
                concordance(time, event, scores[key], time_weight=weight, horizon=horizon)  # type: ignore[arg-type]
                for key in (small, big)
            ]
            yield from difference("cohort", f"{name} {kind}", *made, survival["nested"][name][kind])
    yield from cohort_auc(time, event, scores, survival)
    yield from cohort_risks(table, time, event, scores["adj_predicted"], survival)
    later = rows[rows["time"] > 180]
    x = np.column_stack([later["pred4"] == level for level in (1, 2, 3)] + [later[list(factors)]]).astype(float)
    fit = cox_regression(later["time"] - 180, later["event"], x)
    yield from coefficients("cohort", "landmark", fit, survival["landmark_180d"]["cox"])
    spread = survival["cox"]["adj_pred_strat_site"]
    fit = cox_regression(time, event, designs["adj_predicted"], strata=rows["site"])
    yield from coefficients("cohort", "strata", fit, spread)
    competing = r["competing"]
    yield from incidence("cohort", time, rows["event_cr"], rows["pred4"], competing)
    order = np.column_stack([clinical, predicted]).astype(float)
    yield from subdistribution("cohort", time, rows["event_cr"].to_numpy(), order, competing)


def cohort_auc(time: Any, event: Any, scores: Mapping[str, Any], r: Mapping[str, Any]) -> Iterator[Comparison]:
    """Time-dependent AUC beside timeROC's formula and riskRegression."""
    formula, regression = r["timeROC_formula_handcoded"], r["riskRegression"]["auc"]
    names = {"clin": "clin", "pred": "adj_predicted", "actual": "adj_actual"}
    for short, name in names.items():
        for place, day in enumerate(formula["times"]):
            result = time_dependent_auc(time, event, scores[name], horizon=day)
            label = f"{name} time-dependent AUC"
            yield from pairs("cohort", label, result.auc, formula[short][place], tolerance=ITERATIVE)
            found = [
                number
                for number, (model_name, at) in enumerate(zip(regression["model"], regression["times"], strict=True))
                if model_name == short and at == day
            ]
            expected = regression["AUC"][found[0]]
            yield from pairs("cohort", f"{label} beside Score", result.auc, expected, tolerance=IPCW)
            yield from pairs("cohort", f"{label} SE", result.se, regression["se"][found[0]], tolerance=IPCW)


def cohort_risks(
    table: pd.DataFrame, time: Any, event: Any, predictor: Any, r: Mapping[str, Any]
) -> Iterator[Comparison]:
    """Predicted five-year risks, their calibration by tenths, and a net benefit."""
    expected = r["calibration_5y_m1"]
    risk = baseline_hazard(time, event, predictor).risk(expected["t"], predictor)
    yield from pairs("cohort", "predicted risk, mean", risk.mean(), expected["mean_pred"], tolerance=ITERATIVE)
    observed = observed_risk(time, event, horizon=expected["t"])[0]
    yield from pairs("cohort", "observed risk", observed, expected["observed_1mKM"])
    tenths = calibration_groups(time, event, risk, horizon=expected["t"])
    yield from pairs(
        "cohort", "predicted risk by tenths", tenths["mean_predicted"], expected["decile_pred"], tolerance=ITERATIVE
    )
    yield from pairs("cohort", "observed risk by tenths", tenths["observed"], expected["decile_obs"])
    benefit = r["survival_net_benefit_5y_pA100_as_marker"]
    values = net_benefit(
        table["time"], table["event"], table["pA100"], horizon=benefit["t"], thresholds=benefit["thresholds"]
    )
    yield from pairs("cohort", "net benefit at a horizon", values, benefit["nb"])
