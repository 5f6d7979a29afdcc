"""Patients with follow-up, checked, and grouped by actual or predicted category."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.row_faults import row_faults
from cacs_cxr.study import CLINICAL, CXR, INTEGRATED, Factor, Study

ACTUAL, PREDICTED = GROUPINGS = ("actual", "predicted")
EVENT, COMPETING = 1, 2
DAYS_TO_SCORE = "days_to_score"
FALLBACK = (CXR, INTEGRATED, CLINICAL)
DAYS_PER_YEAR = 365.25
CENSORED = "competing events treated as censored (cause-specific)"


@dataclass(frozen=True)
class GroupedFollowUp:
    """Patients of one site with follow-up, grouped by category.

    Attributes:
        time: follow-up in integer days from time zero [n].
        code: 0 censored, 1 event, 2 competing event [n].
        category: 0 for the lowest category [n].
        factors: coded factors, one column a `Factor.term`; NaN where missing [n].
        remark: what a reader of any number of this group must know, e.g. which model stood in; empty otherwise.
        imputed: the factors with missing values imputed, once for each completed data set [m] of [n]; empty where
            nothing is missing or complete cases are analysed.
    """

    site: str
    grouping: str
    time: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    category: npt.NDArray[np.int64]
    factors: pd.DataFrame
    remark: str
    imputed: tuple[pd.DataFrame, ...] = ()

    @property
    def event(self) -> npt.NDArray[np.bool_]:
        """Whether follow-up ended with the event; a competing event counts as censored (cause-specific analysis)."""
        return np.asarray(self.code == EVENT)

    def chosen(self, rows: npt.NDArray[np.bool_]) -> "GroupedFollowUp":
        """The same group with the marked patients only."""
        return GroupedFollowUp(
            site=self.site,
            grouping=self.grouping,
            time=self.time[rows],
            code=self.code[rows],
            category=self.category[rows],
            factors=self.factors[rows],
            remark=self.remark,
            imputed=tuple(factors[rows] for factors in self.imputed),
        )

    @property
    def incomplete(self) -> int:
        """Number of patients with a missing factor."""
        return int(self.factors.isna().any(axis=1).sum())

    def completed(self) -> "tuple[GroupedFollowUp, ...]":
        """The group once for each completed data set; without any, its patients without a missing factor.

        All have the same patients, so that nested models have them too.
        """
        if not self.imputed:
            return (self.chosen(self.factors.notna().all(axis=1).to_numpy()),)
        known = self.chosen(self.imputed[0].notna().all(axis=1).to_numpy())
        return tuple(replace(known, factors=factors, imputed=()) for factors in known.imputed)


def coded_factor(values: pd.Series, factor: Factor) -> npt.NDArray[np.float64]:
    """Values of a factor as numbers: 0/1 by level for a binary one; NaN where missing or unknown."""
    if factor.kind == "continuous":
        return pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    codes = {level: float(code) for code, level in enumerate(factor.levels)}
    return np.array([codes.get(str(value), np.nan) for value in values], dtype=float)


def prognostic_model(categories: pd.DataFrame, *, wanted: str) -> tuple[str | None, str]:
    """Model whose predicted categories are analysed, and a remark where it is not the wanted one.

    Args:
        categories: table of predicted categories.
        wanted: the configured model. In its absence cxr, integrated, clinical are tried in this order, then the first
            other model by name.

    Returns:
        The model, None where there are no predicted categories at all; and the remark, empty for the wanted model.
    """
    present = set(categories["model"])
    if not present:
        return None, "no predicted categories"
    model = next(name for name in (wanted, *FALLBACK, *sorted(present)) if name in present)
    return model, "" if model == wanted else f"categories predicted by model {model}, as {wanted} has none"


def checked_follow_up(analysis: pd.DataFrame, study: Study, *, file: str = "analysis.csv") -> pd.DataFrame:
    """Follow-up, event, factors and biomarker of every patient as numbers.

    Args:
        analysis: site, patient, the biomarker, the study's factors, followup_days and event; the last two may be empty
            together, or absent together.
        study: names the biomarker and the factors.
        file: name of the table in messages.

    Returns:
        Columns site, patient (text), category, time and code (NaN without follow-up), days_to_score (radiograph minus
        score; NaN where the table does not tell it) and one column a `Factor.term`.

    Raises:
        InputError: with row and column of every value that is not what the format says.
    """
    needed = ["site", "patient", study.biomarker.name, *(factor.name for factor in study.factors)]
    if absent := [name for name in needed if name not in analysis]:
        found = f"Columns found: {', '.join(map(str, analysis.columns))}."
        raise InputError(Fault(file, None, name, "", "a column of this name", found) for name in absent)
    empty = pd.Series(np.nan, index=analysis.index)
    given = {name: analysis.get(name, empty) for name in ("followup_days", "event")}
    time = pd.to_numeric(given["followup_days"], errors="coerce").to_numpy(float, na_value=np.nan)
    code = pd.to_numeric(given["event"], errors="coerce").to_numpy(float, na_value=np.nan)
    followed, known = (given[name].notna().to_numpy() for name in ("followup_days", "event"))
    whole = np.isfinite(time) & (time == np.floor(time)) & (time >= 0)
    faults = row_faults(
        followed & ~whole,
        file=file,
        column="followup_days",
        values=given["followup_days"],
        expected="whole days, 0 or more, or nothing",
        remedy="Count the days from time zero; leave it empty where there is no follow-up.",
    )
    faults += row_faults(
        known & ~np.isin(code, (0, EVENT, COMPETING)),
        file=file,
        column="event",
        values=given["event"],
        expected="0 (censored), 1 (event), 2 (competing event) or nothing",
        remedy="Correct the code; leave it empty where there is no follow-up.",
    )
    for one, other, column in ((followed, known, "event"), (known, followed, "followup_days")):
        faults += row_faults(
            one & ~other,
            file=file,
            column=column,
            values=None,
            expected="followup_days and event both filled in or both empty",
            remedy="Fill in the missing one, or empty the other.",
        )
    checked = pd.DataFrame({"site": analysis["site"], "patient": analysis["patient"].astype(str)})
    checked["category"] = study.category(pd.to_numeric(analysis[study.biomarker.name]).to_numpy(float))
    checked["time"], checked["code"] = time, code
    between = pd.to_numeric(analysis.get(DAYS_TO_SCORE, empty), errors="coerce")
    checked[DAYS_TO_SCORE] = between.to_numpy(float, na_value=np.nan)
    for factor in study.factors:
        values = coded_factor(analysis[factor.name], factor)
        checked[factor.term] = values
        kind = "a number" if factor.kind == "continuous" else " or ".join(factor.levels)
        faults += row_faults(
            analysis[factor.name].notna().to_numpy() & ~np.isfinite(values),
            file=file,
            column=factor.name,
            values=analysis[factor.name],
            expected=f"{kind}, or nothing",
            remedy="Correct the value, or empty it where it is not known.",
        )
    if faults:
        raise InputError(faults)
    return checked


def grouped_follow_ups(
    checked: pd.DataFrame,
    categories: pd.DataFrame,
    study: Study,
    *,
    model: str | None,
    remark: str,
    imputed: Mapping[str, tuple[pd.DataFrame, ...]] | None = None,
) -> list[GroupedFollowUp]:
    """Every site grouped by actual and by predicted category, patients with follow-up only, in the study's order.

    Args:
        checked: as `checked_follow_up` returns it.
        categories: table of predicted categories.
        study: gives the sites and factors.
        model: model of the predicted categories; None where there is none.
        remark: goes with the predicted groups.
        imputed: by site, as `cacs_cxr.prognosis.imputation.imputed_factors` returns them; None for complete cases.
    """
    predicted = categories[categories["model"] == model][["site", "patient", "predicted"]]
    followed = checked[checked["time"].notna()]
    groups = []
    for site in (site.name for site in study.sites):
        here = followed[followed["site"] == site]
        here = here.assign(place=np.arange(len(here)))
        known: dict[str, Any] = {"site": site, "imputed": (imputed or {}).get(site, ())}
        groups.append(_group(here, here["category"], study, **known, grouping=ACTUAL, remark=""))
        joined = here.merge(predicted[predicted["site"] == site], on=["site", "patient"], how="inner")
        remarks = [remark] if remark else []
        if len(joined) < len(here) and not joined.empty:
            remarks.append(f"{len(here) - len(joined)} patients without a predicted category left out")
        elif len(joined) < len(here) and model is not None:
            remarks.append(f"no categories predicted by model {model} at this site")
        text = "; ".join(remarks)
        groups.append(_group(joined, joined["predicted"], study, **known, grouping=PREDICTED, remark=text))
    return groups


def joined_notes(*notes: str) -> str:
    """Notes joined by semicolons, empty ones left out."""
    return "; ".join(note for note in notes if note)


def _group(
    rows: pd.DataFrame,
    category: pd.Series,
    study: Study,
    *,
    site: str,
    grouping: str,
    remark: str,
    imputed: tuple[pd.DataFrame, ...],
) -> GroupedFollowUp:
    code = rows["code"].to_numpy(np.int64)
    deaths = int((code == COMPETING).sum())
    note = f"{deaths} {CENSORED}" if deaths else ""
    return GroupedFollowUp(
        site=site,
        grouping=grouping,
        time=rows["time"].to_numpy(np.int64),
        code=code,
        category=category.to_numpy(np.int64),
        factors=rows[[factor.term for factor in study.factors]].reset_index(drop=True),
        remark=joined_notes(remark, note),
        imputed=tuple(factors.iloc[rows["place"].to_numpy()].reset_index(drop=True) for factors in imputed),
    )
