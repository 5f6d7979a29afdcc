"""The archive: the same bytes twice, read back exactly, and refused when something is wrong with it."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import unpack_archive
import write_archive
from cacs_cxr.faults import InputError
from cacs_cxr.report.archive import archive_bytes, checksum_lines, csv_bytes
from cacs_cxr.report.configuration import received_configuration, reported_configuration
from cacs_cxr.report.received import received_tables
from cacs_cxr.report.received_supplements import received_supplements, received_versions
from cacs_cxr.report.supplements import RESULTS, SUPPLEMENTS
from cacs_cxr.report.unpacking import read_archive
from cacs_cxr.study import Study
from cacs_cxr.tables import write_csv, write_json, write_parquet
from written_results import (
    CONFIGURATION,
    DEFINITION,
    VERSIONS,
    described,
    example_analysis,
    example_archive,
    example_flow,
    example_predictions,
    example_study,
    example_supplements,
)

WRITTEN = (
    "analysis.parquet",
    "predictions.parquet",
    "flow.csv",
    "study.json",
    "configuration.json",
    "versions.json",
)


def members_of(study: Study, *, patients: int = 40) -> dict[str, bytes]:
    """Members of an archive of an invented study."""
    return example_archive(example_analysis(study, patients=patients), study, CONFIGURATION)


def unpacked(archive: Path, folder: Path, *, settings: dict[str, Any] = CONFIGURATION) -> dict[str, Path]:
    """Run the rule that unpacks an archive."""
    paths = {name.partition(".")[0]: folder / name for name in WRITTEN}
    supplements = [folder / name for name in SUPPLEMENTS]
    given: dict[str, Any] = {"definition": DEFINITION, "settings": settings, "stages": []}
    unpack_archive.main(archive=archive, **paths, supplements=supplements, **given)
    return paths


def packed(paths: dict[str, Path], archive: Path) -> bytes:
    """Run the rule that writes an archive on what lies in the folder of the paths."""
    folder = paths["analysis"].parent
    supplements = [folder / name for name in SUPPLEMENTS]
    (folder / "cards.md").write_text("# Model cards\n")
    (folder / "auc.csv").write_text("site,AUC\ndevelopment,0.75\n")
    others = {"cards": folder / "cards.md", "tables": [folder / "auc.csv"], "supplements": supplements}
    write_archive.main(**paths, **others, archive=archive, sites=[])  # type: ignore[arg-type]
    return archive.read_bytes()


def refused(members: dict[str, bytes]) -> list[str]:
    """Messages of the faults of an archive's tables."""
    with pytest.raises(InputError) as error:
        received_tables(members, DEFINITION, archive="a.tar.gz")
    return [str(fault) for fault in error.value.faults]


def tar(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    """A .tar.gz of any entries."""
    with tarfile.open(path, "w:gz") as archive:
        for entry, content in entries:
            entry.size = len(content) if entry.isreg() else 0
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_round_trip_is_exact_and_gives_the_same_bytes(tmp_path: Path) -> None:
    study = example_study()
    analysis = described(example_analysis(study))
    analysis.loc[0, "age"] = 0.1 + 0.2
    analysis.loc[1, ["days_to_score", "flagged"]] = pd.NA
    predictions = example_predictions(analysis, study)
    sources = {name.partition(".")[0]: tmp_path / "first" / name for name in WRITTEN}
    write_parquet(analysis, sources["analysis"])
    write_parquet(predictions, sources["predictions"])
    write_csv(example_flow(study), sources["flow"])
    write_json(VERSIONS, sources["versions"])
    supplements = example_supplements(analysis)
    for name, table in supplements.items():
        said = {"simulated": study.simulated} if name in RESULTS else {}
        write_csv(table.assign(**said), tmp_path / "first" / name)
    write_json(study.plain(), sources["study"])
    write_json(CONFIGURATION, sources["configuration"])
    first = packed(sources, tmp_path / "first.tar.gz")
    read_back = unpacked(tmp_path / "first.tar.gz", tmp_path / "second")
    pd.testing.assert_frame_equal(pd.read_parquet(read_back["analysis"]), analysis, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_parquet(read_back["predictions"]), predictions, check_exact=True)
    for name in ("flow.csv", "study.json", "configuration.json", "versions.json", *supplements):
        assert (tmp_path / "second" / name).read_bytes() == (tmp_path / "first" / name).read_bytes(), name
    assert packed(read_back, tmp_path / "second.tar.gz") == first


def test_archive_holds_no_time_owner_or_place() -> None:
    packed = archive_bytes(members_of(example_study()))
    assert packed[4:8] == b"\0\0\0\0"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for entry in archive:
            assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")
    assert b"/tmp" not in gzip.decompress(packed)


def test_settings_of_the_machine_stay_out_and_weights_are_named_only() -> None:
    config = {
        "sites": [{"radiographs": {"folder": "/pacs/export"}}],
        "eligibility": {"window_days": 183, "pseudonym_key_file": "/secret/key"},
        "training": {"init": "/home/me/weights.safetensors", "device": "cuda", "threads": 4},
    }
    assert reported_configuration(config) == {
        "eligibility": {"window_days": 183},
        "training": {"init": "weights.safetensors"},
    }


def test_predictions_keep_their_configuration_and_evaluation_takes_the_current_one() -> None:
    archived = {"training": {"epochs": 15}, "prognosis": {"model": "cxr"}}
    current = {"training": {"epochs": 99}, "prognosis": {"model": "integrated"}}
    assert received_configuration(archived, current) == {
        "training": {"epochs": 15},
        "prognosis": {"model": "integrated"},
    }


def test_two_tables_alone_are_an_archive(tmp_path: Path) -> None:
    study = example_study()
    analysis = example_analysis(study, patients=30)
    analysis["patient"] = [f"{number:04d}" for number in range(len(analysis))]
    predictions = example_predictions(analysis, study)
    folder = tmp_path / "theirs"
    folder.mkdir()
    analysis.to_parquet(folder / "analysis.parquet")
    predictions.assign(model="theirs").drop_duplicates(["site", "patient", "threshold"])[
        ["patient", "site", "model", "threshold", "probability"]
    ].to_csv(folder / "predictions.csv", index=False)
    paths = unpacked(folder, tmp_path / "out")
    assert pd.read_parquet(paths["analysis"])["patient"].iloc[7] == "0007"
    assert set(pd.read_parquet(paths["predictions"])["model"]) == {"theirs"}
    described = Study.read(paths["study"])
    assert described.development == "development"
    assert list(described.external) == ["external"]
    flow = pd.read_csv(paths["flow"])
    followed = analysis.dropna(subset=["event"]).groupby("site").size()
    kept = flow[flow["kind"] == "remaining"].set_index("site")["n"]
    assert kept.to_dict() == followed.to_dict()
    assert json.loads(paths["configuration"].read_text()) == {
        key: CONFIGURATION[key] for key in ("evaluation", "prognosis")
    }


def test_two_sites_in_folds_are_ambiguous() -> None:
    study = example_study()
    members = members_of(study)
    table = pd.read_csv(io.BytesIO(members["analysis.csv"]), dtype=str, keep_default_na=False)
    table["fold"] = "0"
    del members["study.json"]
    members["analysis.csv"] = table.to_csv(index=False).encode()
    assert "exactly one site with folds" in refused(members)[0]
    table["fold"] = "-1"
    members["analysis.csv"] = table.to_csv(index=False).encode()
    assert "found 'none'" in refused(members)[0]


def set_cell(column: str, value: str, row: int = 3) -> Callable[[pd.DataFrame], None]:
    """A planted fault: a value in a cell."""

    def plant(table: pd.DataFrame) -> None:
        table.loc[row, column] = value

    return plant


ANALYSIS_FAULTS = [
    (set_cell("sex", "X"), "row 5, column 'sex': found 'X'; expected F or M"),
    (set_cell("cacs", "-1"), "row 5, column 'cacs': found '-1'; expected a number of at least 0"),
    (set_cell("cacs", ""), "row 5, column 'cacs': expected a number of at least 0"),
    (set_cell("cacs", "inf"), "row 5, column 'cacs': found 'inf'"),
    (set_cell("age", "sixty"), "row 5, column 'age': found 'sixty'; expected a number (years)"),
    (set_cell("age", ""), "row 5, column 'age': expected a value"),
    (set_cell("fold", "1.5"), "row 5, column 'fold': found '1.5'"),
    (set_cell("fold", "-1"), "row 5, column 'fold': found '-1'; expected 0 or more at the development site"),
    (set_cell("site", "elsewhere"), "row 5, column 'site': found 'elsewhere'; expected one of development, external"),
    (set_cell("event", "3"), "row 5, column 'event': found '3'; expected 0, 1, 2 or nothing"),
    (set_cell("event", ""), "row 5, column 'event': expected followup_days and event both filled"),
    (set_cell("followup_days", "-4"), "row 5, column 'followup_days': found '-4'; expected an integer of at least 0"),
    (set_cell("patient", ""), "row 5, column 'patient': expected a value"),
    (set_cell("flagged", "maybe"), "row 5, column 'flagged': found 'maybe'; expected True, False or nothing"),
    (set_cell("days_to_score", "1.5"), "row 5, column 'days_to_score': found '1.5'; expected whole days, or nothing"),
]


@pytest.mark.parametrize(("plant", "message"), ANALYSIS_FAULTS)
def test_faults_of_the_analysis_table(plant: Callable[[pd.DataFrame], None], message: str) -> None:
    members = members_of(example_study())
    table = pd.read_csv(io.BytesIO(members["analysis.csv"]), dtype=str, keep_default_na=False)
    table.loc[3, ["followup_days", "event"]] = ["100", "0"]
    plant(table)
    members["analysis.csv"] = table.to_csv(index=False).encode()
    assert any(f"a.tar.gz: analysis.csv, {message}" in fault for fault in refused(members)), refused(members)


PREDICTION_FAULTS = [
    (set_cell("probability", "1.2"), "row 5, column 'probability': found '1.2'; expected a number from 0 to 1"),
    (set_cell("probability", ""), "row 5, column 'probability': expected a number from 0 to 1"),
    (set_cell("threshold", "ge99"), "row 5, column 'threshold': found 'ge99'; expected one of gt0, ge100, ge400"),
    (set_cell("patient", "nobody"), "row 5, column 'patient': expected a patient of the analysis table"),
    (set_cell("model", ""), "row 5, column 'model': expected the name of a model"),
]


@pytest.mark.parametrize(("plant", "message"), PREDICTION_FAULTS)
def test_faults_of_the_predictions(plant: Callable[[pd.DataFrame], None], message: str) -> None:
    members = members_of(example_study())
    table = pd.read_csv(io.BytesIO(members["predictions.csv"]), dtype=str, keep_default_na=False)
    plant(table)
    members["predictions.csv"] = table.to_csv(index=False).encode()
    assert any(f"a.tar.gz: predictions.csv, {message}" in fault for fault in refused(members)), refused(members)


def test_all_faults_of_both_tables_come_together_without_identifiers() -> None:
    members = members_of(example_study())
    analysis = pd.read_csv(io.BytesIO(members["analysis.csv"]), dtype=str, keep_default_na=False)
    analysis.loc[1, "sex"] = "X"
    twice = pd.concat([analysis, analysis.iloc[[0]]])
    predictions = pd.read_csv(io.BytesIO(members["predictions.csv"]), dtype=str, keep_default_na=False)
    again = pd.concat([predictions, predictions.iloc[[0]]])
    members["analysis.csv"] = twice.to_csv(index=False).encode()
    members["predictions.csv"] = again.to_csv(index=False).encode()
    faults = refused(members)
    assert len(faults) == 3
    assert any("each patient once at a site" in fault for fault in faults)
    assert any("one prediction a patient, model and threshold" in fault for fault in faults)
    assert not any(analysis["patient"].iloc[0] in fault for fault in faults)


def test_columns_that_are_missing_or_unknown() -> None:
    members = members_of(example_study())
    table = pd.read_csv(io.BytesIO(members["analysis.csv"]), dtype=str, keep_default_na=False)
    members["analysis.csv"] = table.rename(columns={"bmi": "BMI"}).to_csv(index=False).encode()
    faults = refused(members)
    assert len(faults) == 2
    assert "column 'bmi': expected this column to be present" in faults[0]
    assert "column 'BMI': expected only the columns patient, site, fold, cacs" in faults[1]


def test_other_files_of_the_archive_are_checked_too() -> None:
    members = members_of(example_study())
    assert "the definition of a study" in refused({**members, "study.json": b"{}"})[0]
    assert "expected JSON" in refused({**members, "configuration.json": b"{"})[0]
    wrong = members["flow.csv"].replace(b"start", b"begin")
    assert "one of start, excluded, remaining" in refused({**members, "flow.csv": wrong})[0]
    assert "expected a table" in refused({**members, "analysis.csv": b""})[0]


RADIOGRAPH_FAULTS = [
    ("radiographs.csv", set_cell("site", "elsewhere"), "column 'site': found 'elsewhere'; expected one of development"),
    ("radiographs.csv", set_cell("n", "1.5"), "column 'n': found '1.5'; expected an integer of at least 0"),
    ("radiographs.csv", set_cell("n", ""), "column 'n': expected an integer of at least 0"),
    ("radiographs.csv", set_cell("value", "big"), "column 'value': found 'big'; expected a number of at least 0"),
    ("radiographs.csv", set_cell("note", "x" * 201), "expected a text of at most 200 characters"),
    ("distributions.csv", set_cell("share", "-0.1"), "column 'share': found '-0.1'; expected a number of at least 0"),
    ("distributions.csv", set_cell("low", ""), "column 'low': expected a number of at least 0"),
]


@pytest.mark.parametrize(("name", "plant", "message"), RADIOGRAPH_FAULTS)
def test_faults_of_what_is_known_of_the_radiographs(
    name: str, plant: Callable[[pd.DataFrame], None], message: str
) -> None:
    study = example_study()
    members = members_of(study)
    table = pd.read_csv(io.BytesIO(members[name]), dtype=str, keep_default_na=False)
    plant(table)
    members[name] = table.to_csv(index=False).encode()
    with pytest.raises(InputError) as error:
        received_supplements(members, study, archive="a.tar.gz")
    assert str(error.value.faults[0]).startswith(f"a.tar.gz: {name}, row 5")
    assert message in str(error.value)
    assert len(error.value.faults) == 1


def test_unknown_columns_and_endless_tables_of_radiographs_are_refused() -> None:
    study = example_study()
    members = members_of(study)
    renamed = members["radiographs.csv"].replace(b"part,", b"patient,", 1)
    with pytest.raises(InputError, match="column 'part': expected this column to be present"):
        received_supplements({**members, "radiographs.csv": renamed}, study, archive="a.tar.gz")
    head, _, first = members["radiographs.csv"].partition(b"\n")
    endless = head + b"\n" + (first.partition(b"\n")[0] + b"\n") * 100_001
    with pytest.raises(InputError, match="expected at most 100,000 rows"):
        received_supplements({**members, "radiographs.csv": endless}, study, archive="a.tar.gz")


def test_older_archives_without_radiographs_are_read(tmp_path: Path) -> None:
    members = members_of(example_study())
    newer = ("versions.json", "schema.json", "LICENCE.txt", "model_cards.md", "checksums.txt")
    for name in (*SUPPLEMENTS, *newer):
        del members[name]
    (tmp_path / "a.tar.gz").write_bytes(archive_bytes(members))
    paths = unpacked(tmp_path / "a.tar.gz", tmp_path / "out")
    for name in SUPPLEMENTS:
        assert pd.read_csv(tmp_path / "out" / name).empty
    packed(paths, tmp_path / "again.tar.gz")
    assert "radiographs.csv" not in read_archive(tmp_path / "again.tar.gz")


def test_changed_file_does_not_pass_its_checksum(tmp_path: Path) -> None:
    members = members_of(example_study())
    members["flow.csv"] += b"\n"
    (tmp_path / "a.tar.gz").write_bytes(archive_bytes(members))
    with pytest.raises(InputError, match=r"flow\.csv: found 'other content'; expected the SHA-256") as error:
        read_archive(tmp_path / "a.tar.gz")
    assert len(error.value.faults) == 1


def test_missing_file_that_the_checksums_name_is_reported(tmp_path: Path) -> None:
    members = members_of(example_study())
    del members["flow.csv"]
    (tmp_path / "a.tar.gz").write_bytes(archive_bytes(members))
    with pytest.raises(InputError, match=r"flow\.csv: expected the file that checksums\.txt names"):
        read_archive(tmp_path / "a.tar.gz")


@pytest.mark.parametrize("name", ["../analysis.csv", "/etc/analysis.csv", "a/../../analysis.csv", "..\\analysis.csv"])
def test_paths_out_of_the_archive_are_refused(name: str, tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", (tarfile.TarInfo(name), b"x"))
    with pytest.raises(InputError, match="a path inside the archive"):
        read_archive(path)
    assert not list(tmp_path.parent.glob("analysis.csv"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    entry = tarfile.TarInfo("analysis.csv")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with pytest.raises(InputError, match="a link or device"):
        read_archive(tar(tmp_path / "a.tar.gz", (entry, b"")))


def test_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "analysis.csv").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="found 'a link'; expected a regular file"):
        read_archive(tmp_path)


def test_files_beyond_the_bound_are_refused_unread(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", (tarfile.TarInfo("analysis.csv"), b"0" * 5000))
    with pytest.raises(InputError, match="found '5,000 bytes'; expected at most 4,999 bytes"):
        read_archive(path, largest=4999)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "analysis.csv").write_bytes(b"0" * 5000)
    with pytest.raises(InputError, match="expected at most 4,999 bytes"):
        read_archive(folder, largest=4999)


def test_truncated_absent_and_incomplete_archives(tmp_path: Path) -> None:
    whole = archive_bytes(members_of(example_study()))
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"a whole \.tar\.gz file"):
        read_archive(tmp_path / "cut.tar.gz")
    (tmp_path / "not.tar.gz").write_bytes(b"PK\x03\x04 a zip")
    with pytest.raises(InputError, match=r"a whole \.tar\.gz file"):
        read_archive(tmp_path / "not.tar.gz")
    with pytest.raises(InputError, match="an archive at this path"):
        read_archive(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"one of analysis\.csv and analysis\.parquet") as error:
        read_archive(tmp_path / "empty")
    assert len(error.value.faults) == 2


def test_archive_in_one_folder_with_strangers_is_read(tmp_path: Path) -> None:
    members = members_of(example_study())
    entries = [(tarfile.TarInfo(f"mine/{name}"), content) for name, content in members.items()]
    entries.append((tarfile.TarInfo("mine/._analysis.csv"), b"finder"))
    assert read_archive(tar(tmp_path / "a.tar.gz", *entries)) == members


def test_checksums_cover_every_file_but_themselves() -> None:
    members = members_of(example_study())
    listed = {line.split("  ")[1] for line in members["checksums.txt"].decode().splitlines()}
    assert listed == set(members) - {"checksums.txt"}
    rest = {name: content for name, content in members.items() if name != "checksums.txt"}
    assert checksum_lines(rest) == members["checksums.txt"].decode()


def test_missing_values_as_r_writes_them_are_empty() -> None:
    members = members_of(example_study())
    table = pd.read_csv(io.BytesIO(members["analysis.csv"]), dtype=str, keep_default_na=False)
    columns = ["bmi", "followup_days", "event"]
    table.loc[3, columns] = "NA"
    members["analysis.csv"] = table.to_csv(index=False).encode()
    _, analysis, _, _, _ = received_tables(members, DEFINITION, archive="a")
    assert analysis[columns].isna().iloc[3].all()


def test_floats_are_read_to_the_last_bit() -> None:
    study = example_study()
    analysis = example_analysis(study, patients=40)
    predictions = example_predictions(analysis, study)
    predictions["probability"] = np.random.default_rng(0).random(len(predictions))
    columns = ["patient", "site", "model", "threshold", "probability"]
    members = {**members_of(study), "predictions.csv": csv_bytes(predictions[columns])}
    _, _, received, _, _ = received_tables(members, DEFINITION, archive="a")
    np.testing.assert_array_equal(received["probability"].to_numpy(), predictions["probability"].to_numpy())


def test_schema_names_every_column_of_every_table() -> None:
    members = members_of(example_study())
    tables = json.loads(members["schema.json"])["tables"]
    for name, columns in tables.items():
        header = members[name].decode().partition("\n")[0].split(",")
        assert [column["name"] for column in columns] == header, name
    units = {column["name"]: column.get("unit") for column in tables["analysis.csv"]}
    assert units["cacs"] == "Agatston units"
    assert units["age"] == "years"


def test_archive_of_a_later_format_and_strange_versions_are_refused() -> None:
    members = members_of(example_study())
    assert received_versions(members, archive="a") == VERSIONS
    later = {**members, "schema.json": json.dumps({"format": 99}).encode()}
    with pytest.raises(InputError, match="column 'format': found '99'; expected at most 2"):
        received_versions(later, archive="a")
    strange = {**members, "versions.json": json.dumps({"numpy": "<b>2</b>"}).encode()}
    with pytest.raises(InputError, match=r"column 'numpy'.*expected a version"):
        received_versions(strange, archive="a")


def test_printed_tables_are_verified_and_never_read_as_data(tmp_path: Path) -> None:
    members = members_of(example_study())
    members["tables/radiographs.csv"] = b"quantity,development\nSelected,1\n"
    rest = {name: content for name, content in members.items() if name != "checksums.txt"}
    members["checksums.txt"] = checksum_lines(rest).encode()
    path = tmp_path / "a.tar.gz"
    path.write_bytes(archive_bytes(members))
    assert read_archive(path) == members
    assert read_archive(path)["radiographs.csv"] != members["tables/radiographs.csv"]
    path.write_bytes(archive_bytes({**members, "tables/auc.csv": b"site,AUC\ndevelopment,0.99\n"}))
    with pytest.raises(InputError, match=r"tables/auc\.csv: found 'other content'"):
        read_archive(path)
    folder = tmp_path / "folder"
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert read_archive(folder) == members


def test_licence_note_tells_what_may_be_done_with_the_data() -> None:
    assert b"CC0 1.0" in members_of(example_study())["LICENCE.txt"]
    assert b"Do not try to find out who anybody is" in members_of(example_study(simulated=False))["LICENCE.txt"]
