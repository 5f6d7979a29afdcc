"""Results of an invented study as the stages before figures and report write them: small, and the same every time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cacs_cxr.imaging.counts import count_radiographs
from cacs_cxr.imaging.distributions import radiograph_distributions
from cacs_cxr.report.archive import archive_members
from cacs_cxr.report.supplements import SUPPLEMENTS
from cacs_cxr.study import MODELS, Biomarker, Event, Factor, Site, Study, Threshold

DEFINITION: dict[str, Any] = {
    "title": "Predicting categories of coronary artery calcium scores from chest radiographs",
    "simulated": True,
    "biomarker": {
        "name": "cacs",
        "label": "Coronary artery calcium score",
        "short": "CACS",
        "unit": "Agatston units",
    },
    "thresholds": [
        {"name": "gt0", "operator": ">", "value": 0, "label": "> 0"},
        {"name": "ge100", "operator": ">=", "value": 100, "label": "≥ 100"},
        {"name": "ge400", "operator": ">=", "value": 400, "label": "≥ 400"},
    ],
    "categories": ["0", "1-99", "100-399", ">=400"],
    "factors": [
        {"name": "age", "label": "Age", "kind": "continuous", "unit": "years", "per": 10, "missing": "exclude"},
        {"name": "sex", "label": "Male sex", "kind": "binary", "levels": ["F", "M"], "missing": "exclude"},
        {
            "name": "bmi",
            "label": "Body mass index",
            "kind": "continuous",
            "unit": "kg/m²",
            "per": 5,
            "missing": "impute",
        },
    ],
    "event": {"name": "MACE", "label": "Major adverse cardiovascular event"},
}

VERSIONS = {"python": "3.11.7", "torch": "2.14.1"}
STAGES = [
    ("cohort", "link_radiographs", 1, ""),
    ("training", "train_network", 6, "link_radiographs"),
    ("training", "predict", 1, "train_network"),
    ("report", "write_report", 1, "predict"),
]

CONFIGURATION: dict[str, Any] = {
    "seed": 7,
    "eligibility": {
        "minimum_age": 18,
        "window_days": 183,
        "modalities": ["CR", "DX"],
        "views": ["PA"],
        "unknown_view": "exclude",
    },
    "guards": {
        "patient_in_two_sites": "stop",
        "pixels_of_two_patients": "exclude",
        "outcome_before_time_zero": "exclude",
        "score_in_header": "exclude",
    },
    "imaging": {"size": 64},
    "folds": {"count": 10, "tuning_fraction": 0.25},
    "training": {
        "backbone": "test_resnet",
        "init": "none",
        "epochs": 15,
        "batch_size": 16,
        "learning_rate": 0.003,
        "weight_decay": 0.05,
        "augmentation": {"rotation_degrees": 7, "scale": 0.1, "shift": 0.05, "brightness": 0.1, "contrast": 0.1},
    },
    "evaluation": {
        "cutoff_rule": "youden",
        "operating_points": {"sensitivity": [0.9], "specificity": [0.9], "probability": [0.1]},
        "prevalences": [0.05, 0.2],
        "decision": {"low": 0.05, "high": 0.5, "step": 0.05},
        "bootstrap": 200,
        "subgroups": {"bands": {"age": [60], "bmi": [25], "days_to_score": [31]}, "minimum_per_class": 5},
        "sensitivity": [
            {"name": "complete_cases", "label": "All clinical factors known", "keep": {"complete": []}},
            {"name": "unflagged", "label": "Without a flag", "keep": {"column": "flagged", "equals": False}},
        ],
        "robustness": {"patients": 50, "corruptions": ["noise", "blur"], "severities": [1, 3]},
        "precision": {"widths": {"oe": 0.2, "auc": 0.1}, "threshold_probability": 0.1},
    },
    "prognosis": {
        "model": "cxr",
        "horizons_years": [1, 3, 5],
        "minimum_events_per_category": 5,
        "missing": "multiple_imputation",
        "imputations": 5,
    },
}


def example_study(*, external: bool = True, simulated: bool = True) -> Study:
    """The default study's definition, with attainable AUCs where it is simulated."""
    sites = [{"name": "development", "role": "development"}, {"name": "external", "role": "external"}]
    chosen = sites if external else sites[:1]
    attainable = [
        {"site": site["name"], "model": model, "threshold": threshold["name"], "auc": 0.80 + 0.02 * place}
        for site in chosen
        for place, model in enumerate(MODELS)
        for threshold in DEFINITION["thresholds"]
    ]
    content = {**DEFINITION, "simulated": simulated, "sites": chosen, "attainable": attainable if simulated else []}
    return Study.from_plain(content)


def other_study() -> Study:
    """A study of another biomarker at one site, with two thresholds, one factor and no attainable AUCs."""
    return Study(
        title="Lactate dehydrogenase from chest radiographs",
        simulated=False,
        biomarker=Biomarker("ldh", "Lactate dehydrogenase", "LDH", "U/L"),
        thresholds=(Threshold("ge250", ">=", 250, "≥ 250"), Threshold("ge400", ">=", 400, "≥ 400")),
        categories=("<250", "250-399", ">=400"),
        factors=(Factor("sex", "Male sex", "binary", levels=("F", "M")),),
        event=Event("death", "Death of any cause"),
        sites=(Site("ward", "development"),),
    )


def example_analysis(study: Study, *, patients: int = 300, seed: int = 1) -> pd.DataFrame:
    """Analysis table: about a third of patients in the lowest category, one in ten without follow-up."""
    parts = []
    for place, site in enumerate(study.sites):
        rng = np.random.default_rng(seed + place)
        n = patients if place == 0 else patients // 2
        age = rng.normal(60, 9, n).round(1)
        burden = 0.06 * (age - 60) + rng.normal(size=n)
        cuts = [threshold.value for threshold in study.thresholds]
        scale = np.interp(burden, [-0.4, 0.5, 1.4, 3], [cuts[0], cuts[min(1, len(cuts) - 1)], cuts[-1], 4 * cuts[-1]])
        columns = {
            "patient": [f"{value:016x}" for value in rng.integers(0, 2**63, n)],
            "site": site.name,
            "fold": rng.permutation(n) % 10 if site.role == "development" else -1,
            study.biomarker.name: np.where(burden < -0.4, 0.0, scale.round(1)),
        }
        for factor in study.factors:
            if factor.kind == "binary":
                columns[factor.name] = np.asarray(factor.levels)[rng.integers(0, 2, n)]
            else:
                columns[factor.name] = age if factor.name == "age" else rng.normal(25, 3, n).round(1)
            if factor.missing == "impute":
                columns[factor.name] = np.where(rng.random(n) < 0.05, np.nan, columns[factor.name])
        time = rng.exponential(6000 * np.exp(-0.8 * burden))
        censored = rng.uniform(200, 3000, n)
        frame = pd.DataFrame(columns)
        frame["followup_days"] = pd.array(np.ceil(np.minimum(time, censored)).astype(int), dtype="Int64")
        frame["event"] = pd.array((time < censored).astype(int), dtype="Int64")
        frame.loc[rng.random(n) < 0.1, ["followup_days", "event"]] = pd.NA
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def example_predictions(analysis: pd.DataFrame, study: Study, *, seed: int = 5) -> pd.DataFrame:
    """Predictions of three models whose scores follow the biomarker with noise."""
    rng = np.random.default_rng(seed)
    rank = analysis[study.biomarker.name].rank(pct=True).to_numpy()
    parts = []
    for noise, model in zip((0.6, 0.5, 0.4), MODELS, strict=True):
        for place, threshold in enumerate(study.thresholds):
            score = rank - 0.4 - 0.2 * place + noise * rng.normal(size=len(analysis))
            frame = analysis[["site", "patient", "fold"]].copy()
            frame["model"], frame["threshold"] = model, threshold.name
            frame["label"] = threshold.positive(analysis[study.biomarker.name]).astype("int64")
            frame["probability"] = 1 / (1 + np.exp(-3 * score))
            parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def example_flow(study: Study) -> pd.DataFrame:
    """Flow of radiographs and patients, with a reason that nobody met."""
    steps = [
        ("radiographs", "start", "Radiograph files found", 2341),
        ("radiographs", "excluded", "File cannot be read", 4),
        ("radiographs", "excluded", "View is not PA (lateral)", 310),
        ("radiographs", "excluded", "View not recorded", 212),
        ("radiographs", "remaining", "Eligible radiographs", 1815),
        ("radiographs", "excluded", "Not the nearest radiograph to the score", 503),
        ("radiographs", "remaining", "Radiographs analysed", 1312),
        ("patients", "start", "Patients with a score", 1450),
        ("patients", "excluded", "Younger than 18 years", 0),
        ("patients", "excluded", "No frontal radiograph within 183 days of the score", 138),
        ("patients", "remaining", "Patients analysed", 1312),
        ("patients", "excluded", "No follow-up", 120),
        ("patients", "remaining", "Patients with follow-up", 1192),
    ]
    rows = [
        {"site": site.name, "unit": unit, "order": order, "kind": kind, "label": label, "n": n}
        for site in study.sites
        for order, (unit, kind, label, n) in enumerate(steps)
    ]
    return pd.DataFrame(rows)


FLAGS = {
    "likely_blank": "Likely blank",
    "likely_inverted": "Likely inverted (negative)",
    "likely_rotated": "Likely rotated",
}


def example_radiographs(analysis: pd.DataFrame, *, seed: int = 3) -> pd.DataFrame:
    """images.parquet of the patients, who have one radiograph each, and of three refused radiographs a site."""
    parts = []
    for site, here in analysis.groupby("site", sort=False):
        broken = [f"{site[:2]}{number:014x}" for number in range(3)]
        parts.append(pd.DataFrame({"site": site, "patient": [*here["patient"], *broken], "readable": True}))
        parts[-1].loc[len(here) :, "readable"] = False
    table = pd.concat(parts, ignore_index=True)
    rng, n = np.random.default_rng(seed), len(table)
    table["row"] = range(n)
    table["reason"] = np.where(table["readable"], "", np.where(np.arange(n) % 3 == 0, "timeout", "truncated"))
    table["vendor"] = rng.choice(["Fuji", "Konica Minolta", "GE", ""], n, p=[0.6, 0.25, 0.1, 0.05])
    paths = rng.choice(["window-linear", "voi-lut>invert", "percentile"], n, p=[0.6, 0.3, 0.1])
    table["intensity_path"] = np.where(table["readable"], paths, "")
    table["width"] = np.where(table["readable"], rng.choice([2500, 2021], n), 0)
    table["height"] = np.where(table["readable"], 3056, 0)
    table["overridden"] = np.where(np.arange(n) == 5, "rotate,mirror", "")
    table["duplicate_of"] = np.where(np.arange(n) == 7, 2, -1)
    table["near_duplicate_of"] = np.where(np.arange(n) == 8, 2, -1)
    for flag, places in zip(FLAGS, ((), range(30), (4, n - 10)), strict=True):
        table[flag] = table["row"].isin(places) & table["readable"]
    return table


def example_images(table: pd.DataFrame, *, size: int = 16) -> np.ndarray:
    """images.npy of the radiographs: bright squares on black whose brightness is the row's, zeros where unreadable."""
    images = np.zeros((len(table), size, size), dtype=np.uint8)
    images[:, 2:-2, 4:-4] = (60 + 7 * table["row"].to_numpy() % 180)[:, None, None]
    images[~table["readable"].to_numpy()] = 0
    return images


def example_counts(table: pd.DataFrame) -> pd.DataFrame:
    """radiographs.csv of the radiographs."""
    return count_radiographs(table, flags=FLAGS)


def example_distributions(table: pd.DataFrame) -> pd.DataFrame:
    """distributions.csv of the radiographs."""
    return radiograph_distributions(example_images(table), table, seed=1)


def described(analysis: pd.DataFrame, *, seed: int = 4) -> pd.DataFrame:
    """The patients with what is known of their radiographs."""
    rng, n = np.random.default_rng(seed), len(analysis)
    return analysis.assign(
        vendor=rng.choice(["Fuji", "GE", ""], n, p=[0.6, 0.3, 0.1]).astype(object),
        view=np.full(n, "PA", dtype=object),
        days_to_score=pd.array(rng.integers(-150, 150, n), dtype="Int64"),
        flagged=pd.array(rng.random(n) < 0.1, dtype="boolean"),
    )


def example_corrupted(analysis: pd.DataFrame, *, seed: int = 6) -> pd.DataFrame:
    """Predictions of noisy radiographs of some development patients, worse the noisier; none of other biomarkers."""
    if "cacs" not in analysis:
        return pd.DataFrame(columns=list(SUPPLEMENTS["corrupted_predictions.csv"]))
    own = analysis[analysis["fold"] >= 0].head(120)
    rank = own["cacs"].rank(pct=True).to_numpy()
    rng = np.random.default_rng(seed)
    frames = [
        pd.DataFrame(
            {
                "patient": own["patient"].to_numpy(),
                "model": "cxr",
                "threshold": threshold,
                "corruption": corruption,
                "severity": severity,
                "probability": 1 / (1 + np.exp(-3 * (rank - 0.5 + 0.3 * severity * noise))),
            }
        )
        for threshold in ("gt0", "ge100", "ge400")
        for noise in [rng.normal(size=len(own))]
        for corruption, severity in (("clean", 0), ("noise", 1), ("noise", 3))
    ]
    return pd.concat(frames, ignore_index=True)


def example_archive(analysis: pd.DataFrame, study: Study, configuration: dict[str, Any]) -> dict[str, bytes]:
    """Members of an archive of invented patients."""
    return archive_members(
        analysis,
        example_predictions(analysis, study),
        example_flow(study),
        study,
        configuration,
        supplements=example_supplements(analysis),
        versions=VERSIONS,
        cards="# Model cards\n",
        tables={"auc.csv": b"site,AUC\ndevelopment,0.75\n"},
    )


def example_network_tables() -> dict[str, pd.DataFrame]:
    """What is known of where the networks of the development site look, as an archive brings it."""
    thresholds = ("gt0", "ge100", "ge400")
    shares = {"n": 40, "n_without_map": 1, "mean": 0.36, "low": 0.33, "high": 0.39, "even": 0.33}
    shares |= {"ratio": 1.09, "ratio_low": 1.04, "ratio_high": 1.14}
    agreement = {"n": 40, "n_without_map": 0, "low": -0.05, "high": 0.65, "p10": -0.2, "median": 0.3, "p90": 0.7}
    probe = {
        "kind": "acquisition",
        "statistic": "auc",
        "n": 300,
        "n_positive": 120.0,
        "low": 0.6,
        "high": 0.8,
        "p": 1e-4,
    }
    sampled = {"site": "development", "category": "all"}
    measures = ("outside thorax", "calcium", "points at calcium")
    readings = ("more than an even map: a possible shortcut", "more than an even map", "more than an even map")
    comparisons = {"randomised above the map": 0.1, "randomised": -0.02, "other fold": 0.6}
    passed = "passed: the maps depend on what was learnt"
    warning = "warning: told better than by chance among patients of the same category"
    return {
        "saliency.csv": pd.DataFrame(
            [
                {**sampled, "threshold": name, "measure": measure, **shares, "reading": said}
                for name in thresholds
                for measure, said in zip(measures, readings, strict=True)
            ]
        )[list(SUPPLEMENTS["saliency.csv"])],
        "sanity.csv": pd.DataFrame(
            [
                {"threshold": name, "comparison": comparison, **agreement, "mean": mean, "reading": passed}
                for name in thresholds
                for comparison, mean in comparisons.items()
            ]
        )[list(SUPPLEMENTS["sanity.csv"])],
        "shortcut_probes.csv": pd.DataFrame(
            [
                {
                    "model": "cxr", "site": "development", "threshold": name, "target": "vendor: GE", "given": given,
                    **probe, "estimate": 0.7, "p_holm": holm, "reading": said, "note": "",
                }
                for name in thresholds
                for given, holm, said in (
                    ("nothing", np.nan, "to be read given the category"), ("category", 3e-4, warning),
                )
            ]
        )[list(SUPPLEMENTS["shortcut_probes.csv"])],
    }  # fmt: skip


def example_supplements(analysis: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables that an archive brings besides patients and predictions."""
    table = example_radiographs(analysis)
    network = {"backbone": "test_resnet", "parameters": 1000, "initialisation": "random", "size": 64, "epochs": 10}
    network |= {"n_train": 60, "n_tuning": 20, "n_test": 20, "tuning_loss": 0.6, "tuning_auc": 0.7, "device": "x86_64"}
    networks = [
        {
            "network": "cxr",
            "threshold": name,
            "fold": fold,
            "member": 0,
            **network,
            "best_epoch": 7,
            "torch": "2.14",
            "timm": "1",
        }
        for name in ("gt0", "ge100", "ge400")
        for fold in range(2)
    ]
    fitted = {"coefficient": -0.05, "se": 0.01, "odds_ratio": 0.95, "low": 0.9, "high": 1.0, "n": 80, "n_positive": 40}
    coefficients = [
        {"model": "clinical", "threshold": "gt0", "fold": fold, "term": "age", **fitted, "note": ""} for fold in (0, -1)
    ]
    return {
        **example_network_tables(),
        "radiographs.csv": example_counts(table),
        "distributions.csv": example_distributions(table),
        "stages.csv": pd.DataFrame(STAGES, columns=["stage", "rule", "jobs", "after"]),
        "networks.csv": pd.DataFrame(networks)[list(SUPPLEMENTS["networks.csv"])],
        "coefficients.csv": pd.DataFrame(coefficients),
        "corrupted_predictions.csv": example_corrupted(analysis),
        "network_calibration.csv": pd.DataFrame(
            [
                {
                    "site": "development", "model": "cxr", "threshold": "gt0", "stage": stage, "n": 100,
                    "n_positive": 45, "observed": 0.45, "expected": expected, "observed_to_expected": 0.45 / expected,
                    "intercept": intercept, "intercept_se": 0.2, "slope": slope, "slope_se": 0.1, "brier": 0.231,
                    "log_loss": 0.66, "note": "",
                }
                for stage, expected, intercept, slope in (("network", 0.6, -0.7, 0.5), ("calibrated", 0.45, 0.0, 1.0))
            ]
        ),
    }  # fmt: skip


def auc_with_interval(score: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """AUC by ranks, with Hanley and McNeil's standard error."""
    positive = int(label.sum())
    negative = len(label) - positive
    if not positive or not negative:
        return np.nan, np.nan
    ranks = pd.Series(score).rank().to_numpy()
    auc = (ranks[label == 1].sum() - positive * (positive + 1) / 2) / (positive * negative)
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positive - 1) * (q1 - auc**2) + (negative - 1) * (q2 - auc**2)
    return auc, float(np.sqrt(variance / (positive * negative)))


def example_discrimination(predictions: pd.DataFrame, study: Study) -> pd.DataFrame:
    """discrimination.csv of the predictions."""
    rows = []
    for (site, model, threshold), group in predictions.groupby(["site", "model", "threshold"], sort=False):
        auc, se = auc_with_interval(group["probability"].to_numpy(), group["label"].to_numpy())
        oof = site == study.development
        rows.append(
            {
                "site": site,
                "model": model,
                "threshold": threshold,
                "n": len(group),
                "n_positive": int(group["label"].sum()),
                "auc": auc,
                "auc_se": se,
                "auc_low": auc - 1.96 * se,
                "auc_high": auc + 1.96 * se,
                "auc_fold_mean": auc + 0.004 if oof else np.nan,
                "auc_fold_sd": 0.03 if oof else np.nan,
                "note": "" if np.isfinite(auc) else "not estimable: one class is absent",
                "simulated": study.simulated,
            }
        )
    return pd.DataFrame(rows)


def example_roc(predictions: pd.DataFrame, study: Study) -> pd.DataFrame:
    """roc.csv of the predictions: pooled for every model, by fold where there are folds."""
    parts = []
    for (site, model, threshold), group in predictions.groupby(["site", "model", "threshold"], sort=False):
        folds = [("pooled", group)]
        if site == study.development:
            folds += [(str(fold), part) for fold, part in group.groupby("fold")]
        for fold, part in folds:
            ordered = part.sort_values("probability", ascending=False)["label"].to_numpy()
            if ordered.min() == ordered.max():
                continue
            rates = {
                "false_positive_rate": np.append(0, np.cumsum(1 - ordered) / (1 - ordered).sum()),
                "sensitivity": np.append(0, np.cumsum(ordered) / ordered.sum()),
            }
            parts.append(
                pd.DataFrame(rates).assign(site=str(site), model=str(model), threshold=str(threshold), fold=fold)
            )
    columns = ["site", "model", "threshold", "fold", "false_positive_rate", "sensitivity"]
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return frame[columns].assign(simulated=study.simulated).reset_index(drop=True)


def example_categories(analysis: pd.DataFrame, predictions: pd.DataFrame, study: Study) -> pd.DataFrame:
    """predicted_categories: the highest threshold at which the radiograph's probability is a half or more."""
    cxr = predictions[predictions["model"] == "cxr"].pivot_table(
        index=["site", "patient"], columns="threshold", values="probability"
    )
    passed = (cxr[[threshold.name for threshold in study.thresholds]] >= 0.5).cumprod(axis=1).sum(axis=1)
    frame = analysis[["site", "patient"]].assign(model="cxr", actual=study.category(analysis[study.biomarker.name]))
    frame["predicted"] = passed.reindex(pd.MultiIndex.from_frame(frame[["site", "patient"]])).to_numpy()
    return frame.assign(repaired=False)


def groups_with_followup(
    analysis: pd.DataFrame, categories: pd.DataFrame, study: Study
) -> Iterator[tuple[str, str, str, np.ndarray, np.ndarray]]:
    """Site, grouping, category, times and events of every group that has a patient with follow-up."""
    joined = analysis.merge(categories, on=["site", "patient"]).dropna(subset=["followup_days", "event"])
    for site in study.sites:
        for grouping in ("actual", "predicted"):
            for place, category in enumerate(study.categories):
                group = joined[(joined["site"] == site.name) & (joined[grouping] == place)]
                if len(group):
                    time, event = group["followup_days"].to_numpy(dtype=int), (group["event"] == 1).to_numpy(dtype=int)
                    yield site.name, grouping, category, time, event


def example_kaplan_meier(analysis: pd.DataFrame, categories: pd.DataFrame, study: Study) -> pd.DataFrame:
    """kaplan_meier.csv with log-log intervals."""
    rows = []
    for site, grouping, category, time, event in groups_with_followup(analysis, categories, study):
        survival, hazard = 1.0, 0.0
        for day in [0, *sorted(set(time) - {0})]:
            at_risk, events = int((time >= day).sum()), int(event[time == day].sum())
            survival *= 1 - events / at_risk
            hazard += events / (at_risk * (at_risk - events)) if at_risk > events else 0.0
            inside = 0 < survival < 1
            wide = 1.96 * np.sqrt(hazard) / np.log(survival) if inside else 0.0
            rows.append(
                {
                    "site": site,
                    "grouping": grouping,
                    "category": category,
                    "time_days": day,
                    "n_at_risk": at_risk,
                    "n_events": events,
                    "survival": survival,
                    "se": survival * np.sqrt(hazard),
                    "low": survival ** np.exp(-wide) if inside else survival,
                    "high": survival ** np.exp(wide) if inside else survival,
                }
            )
    columns = ["site", "grouping", "category", "time_days", "n_at_risk", "n_events", "survival", "se", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(simulated=study.simulated)


def without_follow_up(analysis: pd.DataFrame) -> pd.DataFrame:
    """The patients, none of whom was followed."""
    nothing = pd.array([None] * len(analysis), dtype="Int64")
    return analysis.assign(followup_days=nothing, event=nothing)
