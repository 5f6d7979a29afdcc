"""No archive with an identifier or a date: every kind planted, in every kind of place, and nothing written."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import write_archive
from cacs_cxr.faults import InputError
from cacs_cxr.report.deidentified import Known, check_deidentified, kinds_of
from cacs_cxr.study import Study
from cacs_cxr.tables import write_csv, write_json, write_parquet
from written_results import (
    CONFIGURATION,
    VERSIONS,
    example_analysis,
    example_archive,
    example_flow,
    example_predictions,
    example_study,
    example_supplements,
)

KNOWN = Known("pseudonyms", frozenset({"P-00017", "18", "4711"}), ["cohort_export.csv"])
Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members() -> Members:
    """Members of the default study's archive."""
    study = example_study()
    capped = {**CONFIGURATION, "deidentification": {"smallest_cell": None, "greatest_age": 89}}
    return example_archive(example_analysis(study, patients=40), study, capped)


def with_cell(name: str, column: str, value: str, row: int = 3) -> Callable[[Members], Members]:
    """A value in a cell of a member."""

    def plant(members: Members) -> Members:
        table = pd.read_csv(io.BytesIO(members[name]), dtype=str, keep_default_na=False)
        table.loc[row, column] = value
        return {**members, name: table.to_csv(index=False).encode()}

    return plant


def with_json(name: str, key: str, value: Any) -> Callable[[Members], Members]:
    """A value in a JSON member."""
    return lambda members: {**members, name: json.dumps({**json.loads(members[name]), key: value}).encode()}


PLANTED = [
    (with_cell("analysis.csv", "patient", "4711"), "row 5, column 'patient': found 'no pseudonym of 16 hexadecimal"),
    (with_cell("analysis.csv", "patient", "P-00017"), "row 5, column 'patient': found \"an identifier of a site's"),
    (with_cell("predictions.csv", "patient", "DOE^JANE"), "row 5, column 'patient': found 'no pseudonym"),
    (with_cell("predictions.csv", "model", "net of 12.03.2021"), "row 5, column 'model': found 'a date'"),
    (with_cell("analysis.csv", "followup_days", "20210312"), "row 5, column 'followup_days': found 'no small integer'"),
    (with_cell("analysis.csv", "followup_days", "12.5"), "row 5, column 'followup_days': found 'no small integer'"),
    (with_cell("analysis.csv", "age", "91"), "row 5, column 'age': found 'an age above"),
    (with_cell("analysis.csv", "bmi", "20210312"), "row 5, column 'bmi': found 'a date'"),
    (with_cell("analysis.csv", "bmi", "heavy"), "row 5, column 'bmi': found 'text'"),
    (with_cell("analysis.csv", "name", "x"), "row 1, column 'number 10': expected only columns of the format"),
    (with_cell("flow.csv", "label", "Scored in March 2021"), "row 5, column 'label': found 'a date'"),
    (with_cell("flow.csv", "label", "Not in cohort_export.csv"), "column 'label': found 'the name of a file"),
    (with_cell("radiographs.csv", "note", "ask a.b@clinic.org"), "column 'note': found 'an e-mail address'"),
    (with_cell("radiographs.csv", "note", "see /data/pacs/one"), "column 'note': found 'the path of a file'"),
    (with_cell("distributions.csv", "vendor", "1.2.840.10008.1"), "column 'vendor': found 'a DICOM UID'"),
    (with_cell("distributions.csv", "vendor", "18"), "column 'vendor': found \"an identifier"),
    (with_json("study.json", "title", "Cohort of P-00017"), "study.json, column 'title': found \"an identifier"),
    (with_json("configuration.json", "training", {"init": "C:\\w.bin"}), "key 'training.init': found 'the path"),
    (with_json("configuration.json", "2021-03-12", 1), "configuration.json, key 'top': found 'a date'"),
    (lambda members: {**members, "README.txt": b"made\n31 May 2021"}, "README.txt, row 2: found 'a date'"),
    (lambda members: {**members, "notes.txt": b""}, "notes.txt: expected no file but those of the format"),
]


@pytest.mark.parametrize(("plant", "message"), PLANTED)
def test_every_planted_secret_is_refused_without_being_shown(
    plant: Callable[[Members], Members], message: str, members: Members
) -> None:
    with pytest.raises(InputError) as error:
        check_deidentified(plant(members), example_study(), known=KNOWN)
    text = "\n".join([str(error.value), *map(str, error.value.faults)])
    assert message in text
    for secret in ("P-00017", "4711", "DOE", "2021", "a.b@", "pacs", "840", "cohort_export", "w.bin", "'91'"):
        assert secret not in text


def test_archive_of_the_default_study_passes(members: Members) -> None:
    check_deidentified(members, example_study(), known=KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-12",
        "12.3.2021",
        "3/12/21",
        "2021/03/12",
        "20210312",
        "20210312101500",
        "12-MAR-2021",
        "seen 2021-03-12T10:00",
        "12. March",
        "3rd May",
        "March 2021",
        "31.12.1999",
        "12.03.21",
        "May 3, 2021",
    ],
)
def test_dates_are_seen(text: str) -> None:
    assert kinds_of(text, known=KNOWN) == ["a date"]


@pytest.mark.parametrize(
    "text",
    [
        "0.20210312",
        "March of the biomarkers",
        "which may 2 of 3",
        "Younger than 18 years",
        "kg/m²",
        "1 / 2",
        "2.4.10",
        "95 % CI",
        "resnet34.a1_in1k",
        "1-99",
        ">=400",
        "100-399",
        "12345678",
        "20219912",
        "window-linear>invert",
    ],
)
def test_words_and_numbers_are_not_taken_for_secrets(text: str) -> None:
    assert kinds_of(text, known=KNOWN) == []


def test_patients_of_a_received_archive_may_be_any_text_but_a_date(members: Members) -> None:
    study = example_study()
    theirs = with_cell("analysis.csv", "patient", "0007")(members)
    check_deidentified(theirs, study, known=Known("received"))
    with pytest.raises(InputError, match="found 'a date'"):
        check_deidentified(with_cell("analysis.csv", "patient", "2021-03-12")(members), study, known=Known("received"))


def test_great_ages_pass_without_a_cap(members: Members) -> None:
    uncapped = with_json("configuration.json", "deidentification", {"smallest_cell": None})
    check_deidentified(uncapped(with_cell("analysis.csv", "age", "97")(members)), example_study(), known=KNOWN)


def test_nothing_is_written_when_an_identifier_of_the_sites_tables_is_found(tmp_path: Path) -> None:
    study = Study.from_plain({**example_study(external=False).plain(), "title": "Study of the patient H-90210"})
    analysis = example_analysis(study, patients=30)
    files = ("analysis.parquet", "predictions.parquet", "flow.csv", "study.json", "configuration.json", "versions.json")
    paths: dict[str, Any] = {name.partition(".")[0]: tmp_path / name for name in files}
    write_parquet(analysis, paths["analysis"])
    write_parquet(example_predictions(analysis, study), paths["predictions"])
    write_csv(example_flow(study), paths["flow"])
    write_json(VERSIONS, paths["versions"])
    supplements = example_supplements(analysis)
    for name, table in supplements.items():
        write_csv(table, tmp_path / name)
    (tmp_path / "cards.md").write_text("# Model cards\n")
    paths |= {"supplements": [tmp_path / name for name in supplements], "cards": tmp_path / "cards.md", "tables": []}
    write_json(study.plain(), paths["study"])
    write_json(CONFIGURATION, paths["configuration"])
    source = tmp_path / "patients.csv"
    source.write_text("id;age\nH-90210;60\nH-90211;61\n")
    columns = {"patient": "id", "age": "age", "value": "v"}
    part = {"file": str(source), "columns": columns}
    site = {"name": "development", "role": "development", "dates": "iso", "patients": part, "scores": part}
    site |= {"outcomes": None, "radiographs": {"folder": "x"}}
    with pytest.raises(InputError, match=r"study\.json, column 'title': found \"an identifier"):
        write_archive.main(**paths, archive=tmp_path / "a.tar.gz", sites=[site])
    assert not (tmp_path / "a.tar.gz").exists()
    source.unlink()
    write_archive.main(**paths, archive=tmp_path / "a.tar.gz", sites=[site])
    assert (tmp_path / "a.tar.gz").exists()
