import hashlib

import pandas as pd
import pydicom
import pytest

from cacs_cxr.simulation.dicom_writer import photometric_of
from cacs_cxr.simulation.site import simulate_site, write_radiographs

THRESHOLDS = [{"name": "gt0", "operator": ">", "value": 0, "label": "> 0"}]


def distances(site):
    """Radiographs that the study may take, with their distance in days to the patient's CT."""
    images = site.radiographs[
        (site.radiographs["headed_view"] == "PA")
        & (site.radiographs["view_source"] != "")
        & (site.radiographs["defect"] == "")
        & (site.radiographs["purpose"] == "")
        & ((site.radiographs["copy"] == "") | site.radiographs["copy"].str.endswith("for another"))
    ]
    images = images[images["study_date"] != ""]
    dated = images.merge(site.scores.dropna(subset="agatston"), on="patient_id")
    dated["distance"] = (pd.to_datetime(dated["study_date"]) - pd.to_datetime(dated["ct_date"])).dt.days.abs()
    return dated


@pytest.mark.parametrize("role", ["development", "external"])
def test_as_many_patients_as_asked_for_can_be_analysed(sites, role):
    site = sites[role]
    near = distances(site).query("distance <= 183")["patient_id"].unique()
    adult = site.patients.query("age_years >= 18").dropna(subset="sex")["patient_id"]
    misfiled = site.truth.loc[site.truth["fate"] == "misfiled", "patient_id"]
    analysed = set(near) & set(adult) - set(misfiled)
    assert analysed == set(site.truth.loc[site.truth["fate"] == "analysed", "patient_id"])
    assert len(analysed) == {"development": 1000, "external": 400}[role]


@pytest.mark.parametrize("role", ["development", "external"])
def test_every_exclusion_occurs(sites, role):
    site = sites[role]
    patients, scores, outcomes, images = site.patients, site.scores, site.outcomes, site.radiographs
    everyone = set(patients["patient_id"])
    assert (patients["age_years"] < 18).any()
    assert patients["sex"].isna().any()
    assert set(images["patient_id"]) - everyone
    assert (images["study_date"] == "").any()
    assert patients["age_years"].isna().any()
    assert everyone - set(scores["patient_id"])
    assert scores["agatston"].isna().any()
    assert everyone - set(images["patient_id"])
    told = images["headed_view"].where(images["view_source"] != "", "untold")
    views = told.groupby(images["patient_id"]).agg(set)
    for alone in ({"AP"}, {"lateral"}, {"untold"}):
        assert (views == alone).any()
    dated = distances(site).groupby("patient_id")["distance"].min()
    assert (dated > 183).any()
    assert {"html", "header-only", "truncated", "truncated-rle"} <= set(images["defect"])
    assert {"for processing", "other modality"} <= set(images["purpose"])
    assert {"resent", "reheaded", "misfiled"} <= set(images["copy"])
    assert 0.02 < patients["bmi"].isna().mean() < 0.06
    assert everyone - set(outcomes["patient_id"])
    assert outcomes["mace"].isna().any()


@pytest.mark.parametrize("role", ["development", "external"])
def test_follow_up_starts_at_the_later_of_radiograph_and_ct(sites, role):
    site = sites[role]
    nearest = distances(site).sort_values("distance").drop_duplicates("patient_id")
    frame = nearest.merge(site.outcomes.dropna(), on="patient_id").merge(site.truth, on="patient_id")
    frame = frame[frame["fate"] == "analysed"]
    zero = frame[["study_date", "ct_date"]].max(axis=1)
    days = (pd.to_datetime(frame["last_date"]) - pd.to_datetime(zero)).dt.days
    followed = frame["followup_fate"] == "followed"
    assert (days[followed] == frame["followup_days"][followed]).all()
    assert (frame["mace"][followed] == frame["event"][followed]).all()
    prevalent, ended = (frame["followup_fate"] == name for name in ("prevalent", "ended_before"))
    assert prevalent.any()
    assert (days[prevalent] <= 0).all()
    assert (frame.loc[prevalent, "mace"] == 1).all()
    assert ended.any()
    assert (days[ended] < 0).all()
    assert (frame.loc[ended, "mace"] == 0).all()


def test_tables_are_otherwise_valid(sites):
    for site in sites.values():
        assert site.patients["patient_id"].is_unique
        assert site.outcomes["patient_id"].is_unique
        assert (site.scores["agatston"].dropna() >= 0).all()
        assert (site.scores["ct_date"] == "").eq(site.scores["agatston"].isna()).all()
        assert site.outcomes["mace"].dropna().isin([0, 1]).all()
        assert site.outcomes["last_date"].max() <= "2019-12-31"
        assert (site.radiographs["study_date"] < "2020").all()
        assert site.radiographs["file"].is_unique
        assert site.patients["bmi"].dropna().between(12, 60).all()
    identifiers = [set(site.patients["patient_id"]) for site in sites.values()]
    assert not identifiers[0] & identifiers[1]


def test_events_of_the_default_site(sites):
    truth = sites["development"].truth
    followed = truth[(truth["fate"] == "analysed") & (truth["followup_fate"] == "followed")]
    assert 80 <= followed["event"].sum() <= 140
    assert (followed.groupby("category")["event"].sum() >= 8).all()


def test_boxes_lie_in_the_image_and_in_the_thorax(sites):
    images = sites["development"].radiographs.query("view != 'lateral' and oddity == ''")
    for name in ("arch", "coronary"):
        assert images[f"{name}_left"].between(0.3, images[f"{name}_right"]).all()
        assert (images[f"{name}_right"] < images["thorax_right"]).all()
        assert (images[f"{name}_top"] > images["thorax_top"] - 0.02).all()
        assert (images[f"{name}_bottom"] < images["thorax_bottom"]).all()


def test_the_least_site_still_has_every_exclusion():
    site = simulate_site(site="least", role="external", patients=20, seed=1, thresholds=[])
    assert site.truth["fate"].nunique() == 14
    assert (site.truth["fate"] == "analysed").sum() == 20
    assert site.truth.loc[site.truth["fate"] == "analysed", "followup_fate"].nunique() == 4


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    digests = []
    for seed, name in ((3, "a"), (3, "b"), (4, "c")):
        site = simulate_site(site="development", role="development", patients=25, seed=seed, thresholds=[])
        folder = tmp_path / name
        write_radiographs(site.radiographs, folder, site="development", shard=1, shards=4, size=64, seed=seed)
        digest = hashlib.sha256(site.patients.to_csv().encode() + site.outcomes.to_csv().encode())
        for file in sorted(folder.iterdir()):
            digest.update(file.name.encode() + file.read_bytes())
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_shards_share_the_radiographs_and_files_match_their_rows(tmp_path):
    site = simulate_site(site="development", role="development", patients=20, seed=8, thresholds=[])
    for shard in range(2):
        write_radiographs(
            site.radiographs, tmp_path / str(shard), site="development", shard=shard, shards=2, size=48, seed=8
        )
    files = {file.name: file for file in tmp_path.glob("*/*")}
    assert set(files) == set(site.radiographs["file"])
    for row in site.radiographs.query("defect == ''").to_dict("records"):
        header = pydicom.dcmread(files[row["file"]], stop_before_pixels=True)
        assert header.PatientID == row["patient_id"]
        assert header.StudyDate == row["study_date"].replace("-", "")
        assert header.get("ViewPosition", "") == row["view_header"]
        assert header.PhotometricInterpretation == photometric_of(row)
        width, height = (round(float(side) / 430 * 48) for side in row["format_mm"].split("x"))
        assert (header.Rows, header.Columns) == (height, width)


def test_other_thresholds_get_their_attainable_auc():
    site = simulate_site(site="development", role="development", patients=20, seed=8, thresholds=THRESHOLDS)
    assert list(site.attainable.columns) == ["site", "model", "threshold", "auc"]
    assert list(site.attainable["model"]) == ["clinical", "cxr", "integrated"]
    assert site.parameters["hazard"]["category_hazard_ratios"]["0"] == 1.0
