"""Corruptions of radiographs, and their predictions by the networks that were tested on the patients."""

from pathlib import Path

import numpy as np
import pytest
from phantom import small_study
from test_fold import GT0, run

from cacs_cxr.tables import write_json
from cacs_cxr.training.corrupted import TrainedNetwork, predict_corrupted, sampled_patients
from cacs_cxr.training.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from cacs_cxr.training.weights import write_weights


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Three smooth pictures with an edge."""
    across, down = np.meshgrid(np.arange(64), np.arange(64))
    smooth = np.stack([40 + across + phase * down for phase in (0.5, 1.0, 1.5)])
    smooth[:, 20:40, 20:40] += 60
    return smooth.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_corruption_changes_more_with_its_severity_and_depends_on_its_own_seed(
    name: str, images: np.ndarray
) -> None:
    before = images.copy()
    versions = [corrupt(images, name=name, severity=severity, seeds=[1, 2, 3]) for severity in SEVERITIES]
    assert (images == before).all()
    changes = [np.abs(version.astype(int) - images).mean() for version in versions]
    assert 0 < changes[0] < changes[1] < changes[2]
    assert all(version.dtype == np.uint8 and version.shape == images.shape for version in versions)
    alone = corrupt(images[1:2], name=name, severity=2, seeds=[2])
    assert (alone[0] == versions[1][1]).all()


def test_what_the_corruptions_do(images: np.ndarray) -> None:
    covered = corrupt(images, name="occlusion", severity=3, seeds=[1, 2, 3])
    assert ((covered == 0).sum(axis=(1, 2)) == 26**2).all()
    exposed = corrupt(np.tile(images[:1], (20, 1, 1)), name="exposure", severity=2, seeds=range(20))
    brighter = exposed.mean(axis=(1, 2)) > images[0].mean()
    assert 0 < brighter.sum() < 20
    noisy = corrupt(np.full((1, 200, 200), 128, dtype=np.uint8), name="noise", severity=2, seeds=[1])
    assert noisy.std() == pytest.approx(16, rel=0.05)


def test_sampled_patients_are_those_of_test_folds() -> None:
    _, _, folds = small_study(60, side=32, seed=0)
    everybody = sampled_patients(folds, patients=1000, seed=1)
    tested = folds[folds["part"] == "test"]
    assert sorted(everybody["patient"]) == sorted(tested["patient"])
    few = sampled_patients(folds, patients=5, seed=1)
    assert len(few) == 5
    assert few.merge(tested, on=["patient", "fold"]).shape[0] == 5
    assert few.equals(sampled_patients(folds, patients=5, seed=1))


def test_radiographs_as_they_are_are_predicted_as_in_training(tmp_path: Path) -> None:
    images, cohort, folds = small_study(60, side=32, seed=0)
    fold = run(tmp_path, images, cohort, folds)
    write_weights(fold.state, tmp_path / "weights.safetensors")
    write_json(fold.metadata, tmp_path / "metadata.json")
    network = TrainedNetwork("gt0", tmp_path / "weights.safetensors", tmp_path / "metadata.json")
    tested = sampled_patients(folds, patients=1000, seed=1)
    table = predict_corrupted(
        tmp_path / "images.npy",
        tested.merge(cohort, on="patient"),
        biomarker="cacs",
        thresholds=[GT0],
        networks=[network],
        corruptions=["noise"],
        severities=[1, 3],
        seed=1,
        device="cpu",
        threads=1,
    )
    assert table.groupby(["corruption", "severity"]).size().to_dict() == {
        ("clean", 0): len(tested), ("noise", 1): len(tested), ("noise", 3): len(tested),
    }  # fmt: skip
    own = fold.logits[fold.logits["part"] == "test"].set_index("patient")["logit"]
    clean = table[table["corruption"] == "clean"].set_index("patient")["logit"]
    np.testing.assert_allclose(clean, own.loc[clean.index], atol=1e-5)
