"""The main hazard ratio under every declared choice of patients, start of follow-up, outcome and method."""

from collections.abc import Sequence
from pathlib import Path

from cacs_cxr.job import logged
from cacs_cxr.prognosis.follow_up import PREDICTED
from cacs_cxr.prognosis.sensitivity import MAIN, sensitivity_table, variant
from cacs_cxr.prognosis.study_groups import Missing, read_study_groups
from cacs_cxr.tables import read_json, write_results


def main(
    *,
    analysis: Path,
    predicted_categories: Path,
    study: Path,
    configuration: Path,
    table: Path,
    model: str,
    missing: Missing,
    imputations: int,
    minimum_events_per_category: int,
    sensitivity: Sequence[str],
    seed: int,
) -> None:
    """Write the table of the sensitivity analyses.

    Args:
        configuration: settings of the study's method; of a study from an archive, those above the waterline are the
            archive's.
        table: CSV to write.
        missing: whether Cox models leave out patients with a missing factor, or impute it.
        imputations: number of completed data sets.
        sensitivity: names of the declared choices.
        seed: the study's.
    """
    read = read_study_groups(
        analysis=analysis,
        predicted_categories=predicted_categories,
        study=study,
        model=model,
        missing=missing,
        imputations=imputations,
        seed=seed,
    )
    start = read_json(configuration).get("followup") or {}
    frames = []
    for group in read.groups:
        others = read.by_other_models(group.site) if group.grouping == PREDICTED else {}
        choices = [
            (
                name,
                variant(
                    name,
                    group,
                    days_to_score=read.days_to_score(group),
                    others=others,
                    time_zero=str(start.get("time_zero", "not recorded")),
                    landmark_days=int(start.get("landmark_days", 0)),
                ),
            )
            for name in dict.fromkeys([MAIN, *sensitivity])
        ]
        frames.append(sensitivity_table(choices, read.study, minimum_events=minimum_events_per_category))
    write_results(frames, table, simulated=read.study.simulated)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            analysis=Path(snakemake.input.analysis),
            predicted_categories=Path(snakemake.input.predicted_categories),
            study=Path(snakemake.input.study),
            configuration=Path(snakemake.input.configuration),
            table=Path(snakemake.output.sensitivity),
            **snakemake.params.prognosis,
            seed=snakemake.params.seed,
        )
