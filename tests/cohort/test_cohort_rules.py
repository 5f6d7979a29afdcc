"""The rules of the cohort in their order, on two small sites: files, columns, and what must not be in them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from small_site import SmallStudy, radiograph

import build_cohort
import check_inputs
import describe_study
import link_radiographs
import split_folds
from cacs_cxr.cohort.input_check import summary_text
from cacs_cxr.cohort.shared_pictures import own_pictures, shows_another_patient
from cacs_cxr.faults import InputError
from cacs_cxr.imaging.quality import FLAGS
from cacs_cxr.study import Study

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = (
    "flow_linkage.csv",
    "flow.csv",
    "cohort.parquet",
    "folds.csv",
    "study.json",
    "analysis.parquet",
    "configuration.json",
    "check.json",
)


@pytest.fixture
def big(small: SmallStudy) -> SmallStudy:
    """The small study with 60 and 30 patients, a tenth of them without follow-up."""
    for site, letter, count in (("home", "H", 60), ("away", "A", 30)):
        numbers = range(1000, 1000 + count)
        rows = "".join(f"{letter}{n},{40 + n % 40},{'FM'[n % 2]},{20 + n % 9}\n" for n in numbers)
        small.write(f"{site}/patients.csv", "patient_id,age_years,sex,bmi\n" + rows)
        rows = "".join(f"{letter}{n},2019-03-01,{(0, 7, 100, 400)[n % 4]}\n" for n in numbers)
        small.write(f"{site}/scores.csv", "patient_id,ct_date,agatston\n" + rows)
        rows = "".join(f"{letter}{n},2021-03-01,{n % 3 % 2}\n" for n in numbers if n % 10)
        small.write(f"{site}/outcomes.csv", "patient_id,last_date,mace\n" + rows)
        small.write_index(site, [radiograph(f"{letter}{n}", "2019-04-01") for n in numbers])
    return small


def run(
    small: SmallStudy,
    *,
    unreadable: tuple[int, ...] = (),
    further_sites: tuple[str, ...] = (),
    identical: Mapping[int, int] | None = None,
    alike: Mapping[int, int] | None = None,
    shown: list[str] | None = None,
) -> Path:
    """Run every rule of the cohort in its order; return the folder of the results.

    Args:
        identical: rows of images with the row whose pixels they repeat; `alike` those that nearly do.
        shown: gets what the rules show.
    """
    results = small.folder / "results"
    sites = small.study.pop("sites")
    check_inputs.main(
        indexes=small.indexes,
        summary_file=results / "check.json",
        text_file=results / "check.txt",
        definition=small.study,
        sites=sites,
        eligibility=small.eligibility,
        followup=small.followup,
        greatest_age=small.greatest_age,
        guards=small.guards,
        folds={"count": 5, "tuning_fraction": 0.25},
        seed=1,
    )
    link_radiographs.main(
        indexes=small.indexes,
        patients_file=small.folder / "restricted/patients.parquet",
        selection_file=small.folder / "restricted/selection.parquet",
        flow_file=results / "flow_linkage.csv",
        sites=sites,
        eligibility=small.eligibility,
        followup=small.followup,
        greatest_age=small.greatest_age,
        guards=small.guards,
        definition=small.study,
        seed=1,
        shards=4,
        further_sites=further_sites,
    )
    images = pd.read_parquet(small.folder / "restricted/selection.parquet")[["row", "site", "patient"]]
    images = images.assign(
        readable=~images["row"].isin(unreadable),
        duplicate_of=images["row"].map(identical or {}).fillna(-1).astype(int),
        near_duplicate_of=images["row"].map(alike or {}).fillna(-1).astype(int),
        vendor="Fuji",
        view="PA",
        **dict.fromkeys(FLAGS, images["row"] == 0),
    )
    images.to_parquet(results / "images.parquet", index=False)
    build_cohort.main(
        patients_file=small.folder / "restricted/patients.parquet",
        images_file=results / "images.parquet",
        linkage_file=results / "flow_linkage.csv",
        cohort_file=results / "cohort.parquet",
        flow_file=results / "flow.csv",
        definition=small.study,
        sites=["home", "away"],
        shared_pixels=small.guards["pixels_of_two_patients"],
        show=(shown if shown is not None else []).append,
    )
    split_folds.main(
        cohort_file=results / "cohort.parquet",
        folds_file=results / "folds.csv",
        development="home",
        categories=small.study["categories"],
        count=5,
        tuning_fraction=0.25,
        seed=1,
    )
    attainable = small.folder / "attainable.csv"
    attainable.write_text("site,model,threshold,auc\nhome,cxr,gt0,0.8\n")
    describe_study.main(
        cohort_file=results / "cohort.parquet",
        folds_file=results / "folds.csv",
        images_file=results / "images.parquet",
        attainable_files=[attainable],
        study_file=results / "study.json",
        analysis_file=results / "analysis.parquet",
        configuration_file=results / "configuration.json",
        versions_file=results / "versions.json",
        definition=small.study,
        sites=[{"name": site["name"], "role": site["role"]} for site in sites],
        settings=yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8")),
    )
    return results


def test_further_radiographs_follow_the_analysed_ones(big: SmallStudy) -> None:
    """A second radiograph of two patients, one of them too far from the score, is read but not analysed."""
    index = [radiograph(f"H{n}", "2019-04-01") for n in range(1000, 1060)]
    index += [radiograph("H1000", "2019-05-01"), radiograph("H1001", "2020-05-01")]
    big.write_index("home", index)
    results = run(big, further_sites=("home",))
    selection = pd.read_parquet(big.folder / "restricted/selection.parquet")
    people = pd.read_parquet(big.folder / "restricted/patients.parquet")
    assert selection["row"].tolist() == list(range(91))
    assert len(people) == 90
    twice = selection["patient"].value_counts()
    assert selection["patient"].iloc[90] == twice.index[0]
    assert twice.tolist() == [2] + [1] * 89
    cohort = pd.read_parquet(results / "cohort.parquet")
    assert cohort["row"].tolist() == list(range(90))


def test_tables_of_the_whole_stage(big: SmallStudy) -> None:
    results = run(big, unreadable=(3, 70))
    people = pd.read_parquet(big.folder / "restricted/patients.parquet")
    assert list(people.columns) == [
        "site", "patient", "cacs", "age", "sex", "bmi", "followup_days", "event", "followup_note", "days_to_score",
        "row", "shard",
    ]  # fmt: skip
    assert people["row"].tolist() == list(range(90))
    assert people["shard"].value_counts().sort_index().tolist() == [23, 22, 23, 22]
    assert people["shard"].is_monotonic_increasing
    assert people["site"].tolist() == ["home"] * 60 + ["away"] * 30
    assert people[people["site"] == "home"]["patient"].is_monotonic_increasing
    selection = pd.read_parquet(big.folder / "restricted/selection.parquet")
    assert list(selection.columns) == [
        "row", "shard", "site", "patient", "folder", "file", "view", "vendor", "photometric", "transfer_syntax",
        "photometric_override", "rotate", "mirror", "overridden",
    ]  # fmt: skip

    cohort = pd.read_parquet(results / "cohort.parquet")
    assert list(cohort.columns) == [
        "site", "patient", "row", "cacs", "age", "sex", "bmi", "followup_days", "event", "days_to_score", "category",
    ]  # fmt: skip
    assert len(cohort) == 88
    assert not cohort["row"].isin([3, 70]).any()
    assert cohort.groupby("cacs")["category"].unique().map(list).to_dict() == {0: [0], 7: [1], 100: [2], 400: [3]}
    assert set(cohort["days_to_score"]) == {31}

    analysis = pd.read_parquet(results / "analysis.parquet")
    assert list(analysis.columns) == [
        "patient", "site", "fold", "cacs", "age", "sex", "bmi", "followup_days", "event", "vendor", "view",
        "days_to_score", "flagged",
    ]  # fmt: skip
    flagged = cohort.loc[cohort["row"] == 0, "patient"]
    assert analysis.loc[analysis["flagged"], "patient"].tolist() == flagged.tolist()
    folds = pd.read_csv(results / "folds.csv", dtype={"patient": str})
    tested = folds[folds["part"] == "test"].set_index("patient")["fold"]
    inside = analysis[analysis["site"] == "home"]
    assert inside["fold"].tolist() == tested[inside["patient"]].tolist()
    assert set(analysis[analysis["site"] == "away"]["fold"]) == {-1}

    study = Study.read(results / "study.json")
    assert [site.name for site in study.sites] == ["home", "away"]
    assert study.attainable == ({"site": "home", "model": "cxr", "threshold": "gt0", "auc": 0.8},)


def test_flow_goes_on_to_the_prognostic_analysis(big: SmallStudy) -> None:
    flow = pd.read_csv(run(big, unreadable=(3, 70)) / "flow.csv")
    assert list(flow.columns) == ["site", "unit", "order", "kind", "label", "n"]
    for (site, unit), rows in flow.groupby(["site", "unit"]):
        left = rows["n"].iloc[0]
        for row in rows.itertuples():
            left -= row.n if row.kind == "excluded" else 0
            if row.kind != "excluded":
                assert row.n == left, (site, unit, row.label)
        assert rows["order"].tolist() == list(range(len(rows)))
    shown = flow[(flow["site"] == "home") & (flow["kind"] != "excluded")][["unit", "label", "n"]]
    assert shown.to_numpy().tolist() == [
        ["patients", "Patients in the table", 60],
        ["patients", "Eligible patients", 60],
        ["patients", "Patients analysed", 59],
        ["patients", "In prognostic analysis", 53],
        ["radiographs", "Files found", 60],
        ["radiographs", "Radiographs selected", 60],
        ["radiographs", "Radiographs analysed", 59],
    ]


def test_no_identifier_and_no_date_passes(big: SmallStudy, caplog: pytest.LogCaptureFixture) -> None:
    results = run(big)
    for name in RESULTS:
        path = results / name
        text = pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_text()
        assert not re.search(r"[HA]1\d{3}|20(19|21)|1\.2\.3|\.dcm", text), name
    assert not re.search(r"[HA]1\d{3}|2019|2021", caplog.text)


def test_two_runs_are_the_same_bits(big: SmallStudy) -> None:
    sites = big.study["sites"]
    results = run(big)
    first = {name: (results / name).read_bytes() for name in RESULTS}
    big.study["sites"] = sites
    results = run(big)
    assert {name: (results / name).read_bytes() for name in RESULTS} == first


def test_check_says_what_the_study_would_be(big: SmallStudy) -> None:
    results = run(big)
    summary = json.loads((results / "check.json").read_text())
    home = summary["sites"][0]
    assert home["rows"] == {"patients": 60, "scores": 60, "outcomes": 54, "files": 60}
    assert home["categories"] == {"0": 15, "1-99": 15, "100-399": 15, ">=400": 15}
    assert home["followup"]["followed"] == 54
    text = (results / "check.txt").read_text()
    assert "home (development site): 60 patients, 60 scores, 54 outcomes, 60 files" in text
    assert re.search(r"= Eligible patients +60\n", text)
    assert text == summary_text(summary, event="MACE")


def test_categories_with_few_events_are_told(big: SmallStudy) -> None:
    results = run(big)
    text = (results / "check.txt").read_text()
    assert "Warning: away: fewer than 5 MACE events in categories 0, 1-99, 100-399, >=400." in text
    events = (
        pd.read_parquet(results / "cohort.parquet").query("site == 'home' and event == 1")["category"].value_counts()
    )
    few = [name for place, name in enumerate(big.study["categories"]) if events.get(place, 0) < 5]
    told = f"home: fewer than 5 MACE events in categories {', '.join(few)}."
    assert (told in text) == bool(few)


def test_a_site_without_a_readable_radiograph_stops(big: SmallStudy) -> None:
    with pytest.raises(InputError, match=r"radiographs of site away.*none readable.*rejects\.csv"):
        run(big, unreadable=tuple(range(60, 90)))


def test_images_of_another_cohort_are_refused(big: SmallStudy) -> None:
    results = run(big)
    images = pd.read_parquet(results / "images.parquet")
    images["patient"] = np.roll(images["patient"], 1)
    images.to_parquet(results / "images.parquet", index=False)
    with pytest.raises(ValueError, match="hold different patients"):
        build_cohort.main(
            patients_file=big.folder / "restricted/patients.parquet",
            images_file=results / "images.parquet",
            linkage_file=results / "flow_linkage.csv",
            cohort_file=results / "cohort.parquet",
            flow_file=results / "flow.csv",
            definition=big.study,
            sites=["home", "away"],
            shared_pixels="exclude",
            show=print,
        )


def counts_of(results: Path, label: str) -> dict[tuple[str, str], int]:
    """Number in the flow's rows of a label, by site and unit."""
    flow = pd.read_csv(results / "flow.csv")
    rows = flow[flow["label"] == label]
    return dict(zip(zip(rows["site"], rows["unit"], strict=True), rows["n"].tolist(), strict=True))


def test_nobody_with_another_patients_pixels_is_analysed(big: SmallStudy) -> None:
    """Rows 0-59 are of home, 60-89 of away: two pairs within home, a chain over both sites, a pair within away."""
    shown: list[str] = []
    results = run(big, unreadable=(3,), identical={5: 4, 61: 7, 62: 7}, alike={9: 8, 71: 70}, shown=shown)
    label = "Same pixels under another patient"
    assert counts_of(results, label) == {
        ("home", "patients"): 4,
        ("home", "radiographs"): 4,
        ("away", "patients"): 4,
        ("away", "radiographs"): 4,
    }
    assert counts_of(results, "Radiograph unreadable")["home", "patients"] == 1
    assert counts_of(results, "Patients analysed") == {("home", "patients"): 55, ("away", "patients"): 26}
    cohort = pd.read_parquet(results / "cohort.parquet")
    assert set(range(90)) - set(cohort["row"]) == {3, 4, 5, 8, 9, 61, 62, 70, 71}
    followed = counts_of(results, "In prognostic analysis")
    assert followed["home", "patients"] == int(cohort.query("site == 'home'")["followup_days"].notna().sum())
    assert shown == [
        "away: LEAK prevented: 4 radiographs of 4 patients show another patient's picture. Left out of the study: "
        "4 patients; none of these radiographs joins a training part as a further one\n"
        "home: LEAK prevented: 5 radiographs of 5 patients show another patient's picture. Left out of the study: "
        "4 patients; none of these radiographs joins a training part as a further one\n"
    ]


def test_pixels_of_two_patients_may_stop_the_study(big: SmallStudy) -> None:
    big.guards["pixels_of_two_patients"] = "stop"
    with pytest.raises(InputError) as caught:
        run(big, identical={5: 4, 61: 7})
    assert [(fault.file, fault.value) for fault in caught.value.faults] == [
        ("radiographs of site away", "1 radiographs of 1 patients with the picture of another"),
        ("radiographs of site home", "3 radiographs of 3 patients with the picture of another"),
    ]
    assert "images.parquet" in str(caught.value)


def test_a_study_without_shared_pixels_says_nothing_and_need_not_stop(big: SmallStudy) -> None:
    big.guards["pixels_of_two_patients"] = "stop"
    shown: list[str] = []
    results = run(big, shown=shown)
    assert shown == []
    assert set(counts_of(results, "Same pixels under another patient").values()) == {0}


def test_a_further_radiograph_with_anothers_pixels_counts_too(big: SmallStudy) -> None:
    """The further radiograph (row 90) of a patient is another's analysed one; its owner stays, without it."""
    index = [radiograph(f"H{n}", "2019-04-01") for n in range(1000, 1060)]
    big.write_index("home", [*index, radiograph("H1000", "2019-05-01")])
    results = run(big, further_sites=("home",))
    images = pd.read_parquet(results / "images.parquet")
    owner = int(images.loc[images["patient"] == images["patient"].iloc[90], "row"].min())
    other = (owner + 1) % 60
    spoilt = images.assign(near_duplicate_of=np.where(images["row"] == 90, other, -1))
    excluded = shows_another_patient(images.head(90), spoilt, sites=["home", "away"])
    assert excluded[excluded].index.tolist() == [other]
    assert set(spoilt["row"]) - set(own_pictures(spoilt)["row"]) == {90, other}
