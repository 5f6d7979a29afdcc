"""The study's patients with follow-up as every prognostic analysis needs them: checked, grouped, imputed, paired."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.job import LOGGER
from cacs_cxr.prognosis.follow_up import (
    DAYS_TO_SCORE,
    PREDICTED,
    GroupedFollowUp,
    checked_follow_up,
    grouped_follow_ups,
    prognostic_model,
)
from cacs_cxr.prognosis.imputation import imputed_factors
from cacs_cxr.prognosis.paired_follow_up import PairedFollowUp, paired_follow_up
from cacs_cxr.study import Study
from cacs_cxr.tables import read_written_table

Missing = Literal["complete_case", "multiple_imputation"]


@dataclass(frozen=True)
class StudyGroups:
    """Patients with follow-up of all sites.

    Attributes:
        study: the definition of the study.
        model: whose predicted categories are analysed; None where there are none.
        groups: every site by actual and by predicted category.
        rows: the checked table of each group's patients, in its order, by site and grouping.
        categories: table of predicted categories.
        imputed: completed factors by site.
        checked: follow-up, event, factors and category of all patients.
    """

    study: Study
    model: str | None
    groups: list[GroupedFollowUp]
    rows: Mapping[tuple[str, str], pd.DataFrame]
    categories: pd.DataFrame
    imputed: Mapping[str, tuple[pd.DataFrame, ...]]
    checked: pd.DataFrame

    def pairs(self, predictions: pd.DataFrame) -> list[PairedFollowUp]:
        """Every site's patients of whom both categories are known.

        Args:
            predictions: site, patient, model, threshold, probability.
        """
        rows = {site: table for (site, grouping), table in self.rows.items() if grouping == PREDICTED}
        return paired_follow_up(self.groups, rows, predictions, model=self.model)

    def by_other_models(self, site: str) -> dict[str, GroupedFollowUp]:
        """The site's groups by the category that each other model predicts, by its name."""
        others = {}
        for model in dict.fromkeys(self.categories["model"].astype(str)):
            if model == self.model:
                continue
            found = grouped_follow_ups(
                self.checked, self.categories, self.study, model=model, remark="", imputed=self.imputed
            )
            group = next(group for group in found if group.site == site and group.grouping == PREDICTED)
            if group.time.size:
                others[model] = group
        return others

    def days_to_score(self, group: GroupedFollowUp) -> npt.NDArray[np.float64]:
        """Days from score to radiograph of each patient of a group, NaN where not known [n]."""
        return self.rows[group.site, group.grouping][DAYS_TO_SCORE].to_numpy(float)


def read_study_groups(
    *,
    analysis: Path,
    predicted_categories: Path,
    study: Path,
    model: str,
    missing: Missing,
    imputations: int,
    seed: int,
) -> StudyGroups:
    """Read, check, group and impute.

    Args:
        analysis: the analysis cohort.
        predicted_categories: table of predicted categories.
        study: the definition of the study.
        model: whose predicted categories are wanted.
        missing: whether Cox models leave out patients with a missing factor, or impute it.
        imputations: number of completed data sets.
        seed: the study's.

    Raises:
        InputError: values of the analysis cohort that are not what the format says.
    """
    definition = Study.read(study)
    checked = checked_follow_up(read_written_table(analysis), definition, file=analysis.name)
    categories = read_written_table(predicted_categories)
    chosen, remark = prognostic_model(categories, wanted=model)
    if remark:
        LOGGER.warning("prognosis: %s", remark)
    imputed = (
        imputed_factors(checked, categories, definition, model=chosen, imputations=imputations, seed=seed)
        if missing == "multiple_imputation"
        else {}
    )
    groups = grouped_follow_ups(checked, categories, definition, model=chosen, remark=remark, imputed=imputed)
    predicted = categories[categories["model"] == chosen][["site", "patient"]]
    rows = {}
    for group in groups:
        here = checked[checked["time"].notna() & (checked["site"] == group.site)]
        if group.grouping == PREDICTED:
            here = here.merge(predicted, on=["site", "patient"], how="inner")
        rows[group.site, group.grouping] = here.reset_index(drop=True)
        LOGGER.info("%s by %s category: %d patients with follow-up", group.site, group.grouping, group.time.size)
    return StudyGroups(definition, chosen, groups, rows, categories, imputed, checked)
