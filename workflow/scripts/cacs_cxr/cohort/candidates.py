"""Scores that may be paired with a radiograph, and the criteria that patients meet or not by the tables alone.

Age and prior conditions are those on the day of a score, so they are judged at each score of a patient. Scores at which
the patient does not qualify are no candidates; a patient is excluded by the first criterion that leaves no candidate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.cohort.flow import Criterion
from cacs_cxr.cohort.site_inputs import Eligibility, PriorCondition, SiteTables
from cacs_cxr.study import Factor

DAYS_PER_YEAR = 365.25
Marks = npt.NDArray[np.bool_]
Rule = tuple[str, Marks]  # label of a criterion, and the candidates that fail it


@dataclass(frozen=True)
class Judgement:
    """What the criteria leave of a site's patients and their scores.

    Attributes:
        usable: whether each candidate has a value and meets every criterion.
        criteria: the criteria with the patients whom they exclude, in the order of the configuration.
        excluded_by_tables: whether each patient is excluded by the tables alone.
    """

    usable: Marks
    criteria: Sequence[Criterion]
    excluded_by_tables: Marks


@dataclass(frozen=True)
class _Judged:
    tables: SiteTables
    eligibility: Eligibility
    factors: Sequence[Factor]
    what: str
    in_earlier_site: Marks
    table: pd.DataFrame

    def of_patients(self, fails: Marks) -> Marks:
        """Marks of patients as marks of their candidates."""
        return np.asarray(fails[self.table["patient_position"].to_numpy()], dtype=bool)


def judge(
    tables: SiteTables,
    candidates: pd.DataFrame,
    *,
    by_radiographs: Mapping[str, Sequence[Rule]],
    eligibility: Eligibility,
    factors: Sequence[Factor],
    what: str,
    in_earlier_site: Marks,
) -> Judgement:
    """Judge the candidates of a site, criterion by criterion in the order of the configuration.

    Args:
        candidates: as `candidate_scores` returns them.
        by_radiographs: criteria that the radiographs decide, by the names that the configuration gives them.
        what: short name of the biomarker.
        in_earlier_site: patients whom an earlier site lists too.
    """
    judged = _Judged(tables, eligibility, factors, what, in_earlier_site, candidates)
    position, count = candidates["patient_position"].to_numpy(), len(tables.patients)
    left, left_by_tables = np.ones(len(candidates), dtype=bool), np.ones(len(candidates), dtype=bool)
    criteria = []
    for name in eligibility.patient_criteria:
        by_tables = RULES[name](judged) if name in RULES else ()
        for label, fails in (*by_tables, *by_radiographs.get(name, ())):
            left &= ~fails
            criteria.append(Criterion(label, _without(position[left], count=count)))
        for _, fails in by_tables:
            left_by_tables &= ~fails
    usable = left & candidates["value"].notna().to_numpy()
    return Judgement(usable, criteria, _without(position[left_by_tables], count=count))


def _without(positions: npt.NDArray[np.int64], *, count: int) -> Marks:
    """Patients who are not among the positions."""
    return np.asarray(np.bincount(positions, minlength=count) == 0)


def candidate_scores(tables: SiteTables) -> pd.DataFrame:
    """Scores of the patients whom the table lists.

    Returns:
        patient_position (row of the patients table), value, score_day, and age on that day where it is known; patients
        without a score have one row without value.
    """
    patients, scores = tables.patients, tables.scores[tables.scores["value"].notna()]
    position = pd.Index(patients["patient"]).get_indexer(pd.Index(scores["patient"]))
    table = pd.DataFrame(
        {
            "patient_position": position,
            "value": scores["value"].to_numpy(float),
            "score_day": scores["day"].to_numpy(float),
        }
    )
    table = table[table["patient_position"] >= 0]
    without = np.setdiff1d(np.arange(len(patients)), table["patient_position"])
    table = pd.concat([table, pd.DataFrame({"patient_position": without})], ignore_index=True)
    if "birth_day" in patients:
        born = patients["birth_day"].to_numpy(float)[table["patient_position"]]
        table["age"] = np.floor((table["score_day"] - born) / DAYS_PER_YEAR * 10) / 10
    elif "age" in patients:
        table["age"] = patients["age"].to_numpy(float)[table["patient_position"]]
    return table


def _one_site(judged: _Judged) -> list[Rule]:
    if judged.tables.site.role == "development":
        return []
    return [("Also a patient of another site", judged.of_patients(judged.in_earlier_site))]


def _age(judged: _Judged) -> list[Rule]:
    low, high = judged.eligibility.minimum_age, judged.eligibility.maximum_age
    if low is None and high is None:
        return []
    age = judged.table["age"].to_numpy(float)
    rules = [("Age missing", _age_missing(judged))]
    if low is not None:
        rules.append((f"Younger than {low:g} years", age < low))
    if high is not None:
        rules.append((f"Older than {high:g} years", age > high))
    return rules


def _age_missing(judged: _Judged) -> Marks:
    """A patient with a birth date but no score lacks the score, not the age."""
    table, patients = judged.table, judged.tables.patients
    missing = table["age"].isna().to_numpy()
    if "birth_day" not in patients:
        return missing
    return missing & (table["value"].notna().to_numpy() | judged.of_patients(patients["birth_day"].isna().to_numpy()))


def _prior(judged: _Judged) -> list[Rule]:
    given = [condition for condition in judged.eligibility.prior if condition.name in judged.tables.patients]
    return [rule for condition in given for rule in _rules_of_prior(judged, condition)]


def _rules_of_prior(judged: _Judged, condition: PriorCondition) -> list[Rule]:
    values = judged.tables.patients[condition.name].to_numpy(float)[judged.table["patient_position"].to_numpy()]
    if condition.kind == "date":
        return [(condition.label, values <= judged.table["score_day"].to_numpy(float))]
    rules = [(condition.label, values == 1.0)]
    if condition.missing == "exclude":
        rules.append((f"{condition.label}: unknown", np.isnan(values)))
    return rules


def _score(judged: _Judged) -> list[Rule]:
    return [(f"No {judged.what}", judged.table["value"].isna().to_numpy())]


def _factors(judged: _Judged) -> list[Rule]:
    rules = []
    for factor in judged.factors:
        if factor.missing != "exclude" or (factor.name == "age" and _age(judged)):
            continue
        fails = (
            _age_missing(judged)
            if factor.name == "age"
            else judged.of_patients(judged.tables.patients[factor.name].isna().to_numpy())
        )
        label = factor.label if factor.kind == "continuous" else factor.name.capitalize()
        rules.append((f"{label} missing", fails))
    return rules


RULES: Mapping[str, Callable[[_Judged], list[Rule]]] = {
    "one_site": _one_site,
    "age": _age,
    "prior": _prior,
    "score": _score,
    "factors": _factors,
}
"""Criteria of patients by the tables alone, by the names that the configuration gives them."""
