"""The workflow as its users run it: a mini study end to end, reruns, the waterline, mistaken configurations."""

import json
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from slurm_cluster import NoCluster, slurm_cluster
from slurm_runs import adapted_profile
from slurm_runs import run as run_on_slurm
from study_checksums import RESULTS, checksums
from study_runs import REPOSITORY, logs_of, snakemake

MINI = REPOSITORY / "studies" / "mini.yaml"
NOTHING = "Nothing to be done"


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished mini study."""
    folder = tmp_path_factory.mktemp("mini")
    done = snakemake(directory=folder, overlay=MINI)
    assert done.returncode == 0, done.stdout + logs_of(folder)
    (folder / "screen.txt").write_text(done.stdout, encoding="utf-8")
    return folder


BELOW_THE_WATERLINE = (
    "results/images/radiographs.csv",
    "results/images/distributions.csv",
    "results/evaluation/*",
    "results/prognosis/*",
    "results/tables/*",
    "results/figures/*",
)
OF_NETWORKS = ("results/figures/saliency.", "results/figures/training_curves.")  # an archive cannot draw them


@pytest.mark.slow
def test_mini_study_shows_its_progress(mini: Path) -> None:
    lines = re.findall(r"^ *(\d+) of (\d+), \d+:\d\d elapsed  (.*)$", (mini / "screen.txt").read_text(), re.MULTILINE)
    done, total = [int(line[0]) for line in lines], {line[1] for line in lines}
    assert done == sorted(done)
    assert total == {str(done[-1])}
    assert not re.search("[\r\x1b]", (mini / "screen.txt").read_bytes().decode()), "a bar where there is no terminal"
    assert any("trained cxr, ge100, fold 2" in line[2] for line in lines)


@pytest.mark.slow
def test_second_run_does_nothing(mini: Path) -> None:
    again = snakemake(directory=mini, overlay=MINI)
    assert again.returncode == 0, again.stdout
    assert NOTHING in again.stdout


@pytest.mark.slow
def test_touched_scripts_rerun_nothing(mini: Path) -> None:
    for script in (REPOSITORY / "workflow" / "scripts").rglob("*.py"):
        os.utime(script)
    dry = snakemake("--dry-run", directory=mini, overlay=MINI)
    assert NOTHING in dry.stdout, dry.stdout


@pytest.mark.slow
def test_changed_configuration_reruns_what_depends_on_it(mini: Path, tmp_path: Path) -> None:
    overlay = yaml.safe_load(MINI.read_text(encoding="utf-8"))
    overlay["prognosis"] = {"minimum_events_per_category": 7}
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(overlay), encoding="utf-8")
    dry = snakemake("--dry-run", directory=mini, overlay=changed)
    assert "analyse_prognosis" in dry.stdout, dry.stdout
    assert "train_network" not in dry.stdout


@pytest.mark.slow
def test_study_is_the_same_bits_twice(mini: Path, tmp_path: Path) -> None:
    """Down to the predictions; what follows from them is compared where the archive is rebuilt.

    The second time the networks and predictions go through a SLURM cluster of this machine, where SLURM is installed:
    another executor, arrays of jobs, other nodes, the same bits. `make test-cluster` does so with the whole study.
    """
    target = "results/predictions/predictions.parquet"
    done = snakemake("results/cohort/folds.csv", "results/images/radiographs.csv", directory=tmp_path, overlay=MINI)
    assert done.returncode == 0, done.stdout + logs_of(tmp_path)
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        try:
            with slurm_cluster(Path(folder)) as cluster:
                profile = adapted_profile(tmp_path / "profile")  # two GPUs: two networks at a time
                code, printed = run_on_slurm(cluster, target, directory=tmp_path, overlay=MINI, profile=profile)
        except NoCluster:
            done = snakemake(target, directory=tmp_path, overlay=MINI)
            code, printed = done.returncode, done.stdout
    assert code == 0, printed + logs_of(tmp_path)
    made = checksums(tmp_path, *RESULTS)
    assert {target, "results/images/images.npy"} <= set(made)
    assert len([file for file in made if file.endswith("weights.safetensors")]) == 9
    assert made == {file: value for file, value in checksums(mini, *RESULTS).items() if file in made}


@pytest.mark.slow
def test_archive_rebuilds_everything_below_the_waterline(mini: Path, tmp_path: Path) -> None:
    archive = shutil.copy(mini / "results/archive.tar.gz", tmp_path / "archive.tar.gz")
    below = {
        key: value for key, value in yaml.safe_load(MINI.read_text()).items() if key in ("evaluation", "prognosis")
    }
    overlay = {"start_from": "predictions", "archive": str(archive), **below}
    dry = snakemake("--dry-run", directory=tmp_path, overlay=overlay)
    for rule in ("train_network", "preprocess_radiographs", "simulate_population", "link_radiographs"):
        assert rule not in dry.stdout
    done = snakemake(directory=tmp_path, overlay=overlay)
    assert done.returncode == 0, done.stdout + logs_of(tmp_path)
    sums = checksums(mini, *BELOW_THE_WATERLINE)
    rebuilt = {file: value for file, value in sums.items() if not file.startswith(OF_NETWORKS)}
    assert len(rebuilt) == len(sums) - 8
    assert checksums(tmp_path, *BELOW_THE_WATERLINE) == rebuilt
    carried = ("results/model_cards.md", "results/models/*.csv", "results/cohort/stages.csv")
    assert set(checksums(tmp_path, *carried).items()) <= set(checksums(mini, *carried).items())
    again = (tmp_path / "results/archive.tar.gz").read_bytes()
    assert again == Path(archive).read_bytes(), "the archive of a rebuilt study is the archive that it came from"
    assert not list((tmp_path / "results/images").glob("*.png"))
    page = (tmp_path / "results/report.html").read_text(encoding="utf-8")
    assert "can be drawn only where the radiographs are" in page
    assert "holds neither networks nor radiographs" in page


@pytest.mark.slow
def test_snakemakes_own_report_has_categories_and_captions_with_numbers(mini: Path) -> None:
    done = snakemake("--report", str(mini / "report.zip"), directory=mini, overlay=MINI)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(mini / "report.zip") as report:
        page = report.read("report/report.html").decode()
        names = {Path(name).name for name in report.namelist()}
    assert {"roc.svg", "kaplan_meier.svg", "stages.svg", "table1.csv", "report.html"} <= names
    for category in ("Cohort", "Discrimination", "Prognosis", "Radiographs", "Study", "Tables"):
        assert category in page
    assert "chest radiograph 0." in page, "captions quote numbers"
    assert "Simulated patients: not evidence." in page


@pytest.mark.slow
def test_patients_never_cross_folds(mini: Path) -> None:
    folds = pd.read_csv(mini / "results/cohort/folds.csv")
    cohort = pd.read_parquet(mini / "results/cohort/cohort.parquet")
    development = cohort.loc[cohort["site"] == "development", "patient"]
    tests = folds[folds["part"] == "test"]
    assert sorted(tests["patient"]) == sorted(development)
    assert (folds.groupby(["patient", "fold"]).size() == 1).all()
    logits = pd.read_parquet(mini / "results/models/cxr/gt0/fold-1/member-0/logits.parquet")
    part = folds[folds["fold"] == 1].set_index("patient")["part"]
    assert (part.loc[logits["patient"]].to_numpy() == logits["part"].to_numpy()).all()
    assert set(logits["part"]) == {"tuning", "test"}


@pytest.mark.slow
def test_stable_outputs_have_their_columns(mini: Path) -> None:
    columns = {
        "evaluation/discrimination": "site,model,threshold,n,n_positive,"
        "auc,auc_se,auc_low,auc_high,auc_fold_mean,auc_fold_sd",
        "evaluation/auc_comparison": "site,threshold,model_a,model_b,difference,low,high,z,p",
        "prognosis/kaplan_meier": "site,grouping,category,time_days,n_at_risk,survival,se,low,high",
        "prognosis/cox": "site,grouping,adjustment,term,n,events,coefficient,se,hr,low,high,p",
    }
    for name, expected in columns.items():
        frame = pd.read_csv(mini / "results" / f"{name}.csv")
        assert set(expected.split(",")) <= set(frame.columns), name
        assert frame["simulated"].all(), name
    predictions = pd.read_parquet(mini / "results/predictions/predictions.parquet")
    assert predictions["probability"].between(0, 1, inclusive="neither").all()
    assert set(predictions["model"]) == {"clinical", "cxr", "integrated"}
    counts = predictions.groupby(["site", "model", "threshold"])["patient"].agg(["size", "nunique"])
    assert (counts["size"] == counts["nunique"]).all()


@pytest.mark.slow
def test_no_identifier_and_no_date_in_results_or_logs(mini: Path) -> None:
    patients = pd.concat(pd.read_csv(file) for file in (mini / "data/simulated").glob("*/patients.csv"))
    identifiers = set(patients["patient_id"].astype(str))
    date = re.compile(r"\b(19|20)\d\d-[01]\d-[0-3]\d\b(?![ T]\d\d:\d\d)")
    for folder in ("results", "logs"):
        for file in (mini / folder).rglob("*"):
            if file.suffix in {".csv", ".json", ".txt", ".html", ".log"}:
                text = file.read_text(encoding="utf-8")
                assert not date.search(text), (file, date.search(text))
                assert not [name for name in identifiers if name in text], file
            elif file.suffix == ".parquet":
                frame = pd.read_parquet(file).select_dtypes("object")
                assert not identifiers & set(frame.to_numpy().ravel().tolist()), file


@pytest.mark.slow
def test_every_figure_table_and_page_says_simulated(mini: Path) -> None:
    for file in [*(mini / "results/tables").glob("*.csv"), *(mini / "results/figures").glob("*.csv")]:
        assert pd.read_csv(file)["simulated"].all(), file
    assert "simulated" in (mini / "results/report.html").read_text(encoding="utf-8").lower()
    manifest = json.loads((mini / "results/manifest.json").read_text(encoding="utf-8"))
    assert manifest["simulated"] is True
    assert manifest["seed"] == 1
    assert manifest["packages"]["torch"]


@pytest.mark.slow
def test_radiographs_are_summed_up_on_the_screen_and_shown_in_the_report(mini: Path) -> None:
    screen = (mini / "screen.txt").read_text(encoding="utf-8")
    table = pd.read_parquet(mini / "results/images/images.parquet")
    for site, part in table.groupby("site"):
        assert f"{site}: {part['readable'].sum()} of {len(part)} radiographs read\n" in screen
    sheets = sorted(file.stem for file in (mini / "results/images").glob("*.png"))
    assert sheets == [
        "contact_sheet_development",
        "contact_sheet_external",
        "example_radiographs",
        "flagged_radiographs",
    ]
    page = (mini / "results/report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 23
    assert len(page) < 15_000_000


@pytest.mark.slow
def test_networks_are_explained_and_probed(mini: Path) -> None:
    saliency = mini / "results/saliency"
    explained = pd.read_csv(saliency / "explained.csv", float_precision="round_trip")
    maps = np.load(saliency / "maps.npy", allow_pickle=False)
    assert len(maps) == len(explained)
    assert maps.shape[1:] == (8, 8)
    assert (maps >= 0).all()
    folds = pd.read_csv(mini / "results/cohort/folds.csv").query("part == 'test'").set_index("patient")["fold"]
    development = explained[explained["site"] == "development"]
    assert (development["fold"].to_numpy() == folds.loc[development["patient"]].to_numpy()).all()
    assert (explained.loc[explained["site"] == "external", "fold"] == -1).all()
    predictions = pd.read_parquet(mini / "results/predictions/predictions.parquet").query("model == 'cxr'")
    keys = ["site", "patient", "threshold"]
    joined = explained.merge(predictions, on=keys, suffixes=("", "_predicted"))
    assert (joined["probability"] == joined["probability_predicted"]).all()
    logits = pd.read_parquet(mini / "results/models/cxr/gt0/fold-1/member-0/logits.parquet").query("part == 'test'")
    both = explained.query("threshold == 'gt0'").merge(logits, on="patient", suffixes=("", "_trained"))
    np.testing.assert_allclose(both["logit"], both["logit_trained"], rtol=1e-4, atol=1e-5)
    summary = pd.read_csv(saliency / "saliency.csv")
    assert {"outside thorax", "rim", "corners", "calcium", "points at calcium"} <= set(summary["measure"])
    assert summary["mean"].dropna().between(0, 1).all()
    sanity = pd.read_csv(saliency / "sanity.csv")
    assert set(sanity["comparison"]) == {"randomised above the map", "randomised", "other fold"}
    probes = pd.read_csv(saliency / "shortcut_probes.csv")
    assert {"age", "sex", "site: external"} <= set(probes["target"])
    assert any(target.startswith("vendor: ") for target in probes["target"])
    training = pd.read_csv(mini / "results/models/training.csv")
    assert len(training) == 9
    assert (training["epochs"] == 2).all()
    for name in (*saliency.glob("*.csv"), mini / "results/models/training.csv"):
        assert pd.read_csv(name)["simulated"].all(), name


@pytest.mark.slow
def test_images_are_what_the_networks_need(mini: Path) -> None:
    images = np.load(mini / "results/images/images.npy", allow_pickle=False, mmap_mode="r")
    table = pd.read_parquet(mini / "results/images/images.parquet")
    assert images.dtype == np.uint8
    assert images.shape == (len(table), 32, 32)
    assert images[table["readable"].to_numpy()].std(axis=(1, 2)).min() > 5


def export(mini: Path, folder: Path) -> dict[str, object]:
    """Tables of the mini study's development site as a hospital's own, copied to `folder`, and their overlay."""
    for name in ("patients.csv", "scores.csv", "outcomes.csv"):
        shutil.copy(mini / "data/simulated/development" / name, folder / name)
    columns = {"patient": "patient_id"}
    site = {
        "name": "hospital",
        "role": "development",
        "dates": "iso",
        "patients": {
            "file": "patients.csv",
            "columns": {**columns, "age": "age_years", "sex": "sex", "bmi": "bmi"},
        },
        "scores": {"file": "scores.csv", "columns": {**columns, "date": "ct_date", "value": "agatston"}},
        "outcomes": {"file": "outcomes.csv", "columns": {**columns, "date": "last_date", "event": "mace"}},
        "radiographs": {"folder": str(mini / "data/simulated/development/radiographs")},
    }
    return {"simulated": False, "sites": [site], "imaging": {"size": 32}, "folds": {"count": 3}}


@pytest.mark.slow
def test_faulty_tables_stop_the_study_with_all_their_faults(mini: Path, tmp_path: Path) -> None:
    overlay = export(mini, tmp_path)
    patients = pd.read_csv(tmp_path / "patients.csv", dtype=str)
    patients.loc[3, "sex"] = "X"
    patients.loc[len(patients)] = patients.loc[7]
    patients.to_csv(tmp_path / "patients.csv", index=False)
    scores = pd.read_csv(tmp_path / "scores.csv", dtype=str)
    scores.loc[4, "agatston"] = "-12"
    scores.to_csv(tmp_path / "scores.csv", index=False)
    done = snakemake(directory=tmp_path, overlay=overlay)
    assert done.returncode != 0
    assert "3 faults in the input" in done.stdout, done.stdout
    assert "patients.csv, row 5, column 'sex': found 'X'" in done.stdout
    assert re.search(r"scores.csv, row 6, column 'agatston': found '-12'", done.stdout)
    assert f"patients.csv, row {len(patients) + 1}" in done.stdout
    assert not list((tmp_path / "results").rglob("*.parquet"))
    assert not (tmp_path / "restricted").exists(), "headers were read although the tables are faulty"


@pytest.mark.slow
def test_check_inputs_predicts_the_flow(mini: Path, tmp_path: Path) -> None:
    overlay = export(mini, tmp_path)
    done = snakemake("check_inputs", directory=tmp_path, overlay=overlay)
    assert done.returncode == 0, done.stdout + logs_of(tmp_path)
    flow = pd.read_csv(mini / "results/cohort/flow.csv").query("site == 'development' and unit == 'patients'")
    eligible = flow.loc[flow["label"] == "Eligible patients", "n"].item()
    assert re.search(rf"\b{eligible}\b.*[Ee]ligible|[Ee]ligible.*\b{eligible}\b", done.stdout), done.stdout
    scores = pd.read_csv(tmp_path / "scores.csv", dtype=str)
    scores.loc[0, "agatston"] = "77"
    scores.to_csv(tmp_path / "scores.csv", index=False)
    again = snakemake("check_inputs", directory=tmp_path, overlay=overlay)
    assert "checked the tables" in again.stdout
    assert "read the headers" not in again.stdout, "other tables read the headers anew"
