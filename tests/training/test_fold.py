import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from phantom import CONFIGURATION, discs, small_study

from cacs_cxr.faults import InputError
from cacs_cxr.prediction.calibration import fit_calibration
from cacs_cxr.prediction.logistic import sigmoid
from cacs_cxr.study import Threshold
from cacs_cxr.tables import write_json
from cacs_cxr.training import loop
from cacs_cxr.training.batches import Radiographs
from cacs_cxr.training.device import COMPILE_CACHE
from cacs_cxr.training.external import predict_sites
from cacs_cxr.training.fold import Fold, train_fold
from cacs_cxr.training.inference import auc
from cacs_cxr.training.network import build_network
from cacs_cxr.training.parts import fold_parts, further_radiographs
from cacs_cxr.training.weights import copy_state, load_network, write_weights

GT0 = Threshold("gt0", ">", 0.0, "> 0")


def run(folder: Path, images: npt.NDArray[np.uint8], cohort: pd.DataFrame, folds: pd.DataFrame, **changes: Any) -> Fold:
    np.save(folder / "images.npy", images)
    further = further_radiographs(cohort.assign(readable=True), cohort)
    factors = changes.pop("factors", [])
    thresholds = changes.pop("thresholds", [GT0])
    network = str(changes.pop("network", "cxr"))
    parts, design = fold_parts(cohort, folds, further, fold=0, biomarker="cacs", thresholds=thresholds, factors=factors)
    configuration = {**CONFIGURATION, **changes}
    return train_fold(
        folder / "images.npy",
        parts,
        design=design,
        configuration=configuration,
        initial=None,
        seed=7,
        network_name=network,
        fold=0,
        member=0,
        code="digest",
        checkpoint_file=folder / "checkpoint",
    )


def weights_bytes(fold: Fold, folder: Path) -> bytes:
    write_weights(fold.state, folder / "weights.safetensors")
    return (folder / "weights.safetensors").read_bytes()


def losses(fold: Fold) -> list[float]:
    return [epoch["loss"] for epoch in fold.metadata["history"]]


def tuning_losses(fold: Fold) -> list[float]:
    return [epoch["tuning_loss"] for epoch in fold.metadata["history"]]


def test_two_runs_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    study = small_study(60, side=32, seed=0)
    first, second = (run(tmp_path, *study, ema_decay=0.9) for _ in range(2))
    assert weights_bytes(first, tmp_path) == weights_bytes(second, tmp_path)
    pd.testing.assert_frame_equal(first.logits, second.logits, check_exact=True)
    assert weights_bytes(run(tmp_path, *study), tmp_path) != weights_bytes(first, tmp_path)


def test_nothing_of_the_test_part_reaches_the_weights(tmp_path: Path) -> None:
    """Neither its labels nor a mark burned into its positive radiographs changes training."""
    images, cohort, folds = small_study(60, side=32, seed=0)
    before = run(tmp_path, images, cohort, folds)
    test = (folds["part"] == "test").to_numpy()
    flipped = cohort.assign(cacs=cohort["cacs"].where(~test, 50.0 - cohort["cacs"]))
    assert weights_bytes(run(tmp_path, images, flipped, folds), tmp_path) == weights_bytes(before, tmp_path)

    leak = images.copy()
    leak[test & (cohort["cacs"] > 0).to_numpy(), :4, :4] = 255
    after = run(tmp_path, leak, cohort, folds)
    assert weights_bytes(after, tmp_path) == weights_bytes(before, tmp_path)
    tuning = before.logits["part"] == "tuning"
    pd.testing.assert_frame_equal(before.logits[tuning], after.logits[tuning], check_exact=True)


def test_radiographs_that_memory_does_not_hold_give_the_same_weights_and_logits(tmp_path: Path) -> None:
    study = small_study(60, side=32, seed=0)
    held = run(tmp_path, *study)
    from_disk = run(tmp_path, *study, image_memory_gb=1e-6)
    assert (held.metadata["streamed"], from_disk.metadata["streamed"]) == (False, True)
    assert weights_bytes(from_disk, tmp_path) == weights_bytes(held, tmp_path)
    pd.testing.assert_frame_equal(from_disk.logits, held.logits, check_exact=True)


def test_weights_of_positives_shift_the_logits_and_nothing_is_left_of_it_after_calibration(tmp_path: Path) -> None:
    images, cohort, folds = small_study(400, side=32, seed=0)
    rare = ((cohort["cacs"] > 0) & (np.arange(400) % 4 < 2)) | (cohort.index % 8 == 0)
    cohort = cohort[rare | (cohort["cacs"] == 0)].reset_index(drop=True).assign(row=lambda table: table.index)
    images, folds = (
        images[(rare | (np.arange(400) % 2 == 0)).to_numpy()],
        folds[folds["patient"].isin(cohort["patient"])],
    )
    folds = folds.reset_index(drop=True)
    raw, calibrated = {}, {}
    for imbalance in ("none", "balanced"):
        fold = run(tmp_path, images, cohort, folds, imbalance=imbalance, epochs=4)
        tuning = fold.logits[fold.logits["part"] == "tuning"]
        fit = fit_calibration(tuning["logit"].to_numpy(), tuning["label"].to_numpy(), method="platt", network="cxr")
        raw[imbalance] = float(sigmoid(tuning["logit"].to_numpy()).mean())
        calibrated[imbalance] = float(sigmoid(fit.logits(tuning[["logit"]].to_numpy())).mean())
        share = float(tuning["label"].mean())
    weight = fold.metadata["positive_weights"]["gt0"]
    positive = fold.metadata["parts"]["train"]["n_positive"]["gt0"] / fold.metadata["parts"]["train"]["n"]
    assert weight == pytest.approx((1 - positive) / positive)
    assert raw["balanced"] > raw["none"] + 0.05
    assert calibrated["none"] == pytest.approx(share, abs=1e-6)
    assert calibrated["balanced"] == pytest.approx(share, abs=1e-6)


def test_views_change_the_logits_reproducibly_and_not_the_weights(tmp_path: Path) -> None:
    study = small_study(60, side=32, seed=0)
    plain = run(tmp_path, *study)
    first, second = (run(tmp_path, *study, test_time_views=2) for _ in range(2))
    assert weights_bytes(first, tmp_path) == weights_bytes(plain, tmp_path)
    pd.testing.assert_frame_equal(first.logits, second.logits, check_exact=True)
    assert not np.allclose(first.logits["logit"], plain.logits["logit"], atol=1e-4)
    assert np.corrcoef(first.logits["logit"], plain.logits["logit"])[0, 1] > 0.5


def test_a_compiled_step_trains_the_same_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tracing of the step is tested here; what a backend makes of it is torch's, and takes minutes on a CPU.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    monkeypatch.setenv(COMPILE_CACHE, "torchinductor_somebody")
    study = small_study(60, side=32, seed=0)
    plain, traced = (run(tmp_path, *study, compile=value) for value in (False, True))
    for name, weights in plain.state.items():
        torch.testing.assert_close(traced.state[name], weights, atol=1e-5, rtol=1e-4)
    assert os.environ[COMPILE_CACHE] == str(Path(".cache/torchinductor").absolute())


def test_a_label_burnt_into_the_test_radiographs_does_not_raise_the_auc(tmp_path: Path) -> None:
    images, cohort, folds = small_study(600, side=32, seed=0)
    leak = images.copy()
    burnt = (folds["part"] == "test").to_numpy() & (cohort["cacs"] > 0).to_numpy()
    leak[burnt, 1:6, 1:3] = 255  # a letter of white pixels in a corner
    aucs = []
    for pixels in (images, leak):
        test = run(tmp_path, pixels, cohort, folds, epochs=2).logits.query("part == 'test'")
        aucs.append(auc(test["label"].to_numpy(), test["logit"].to_numpy()))
    assert aucs[1] < aucs[0] + 0.02


def test_the_tuning_part_is_never_augmented_nor_trained_on(tmp_path: Path) -> None:
    """Other tuning radiographs leave every epoch's training loss as it was."""
    images, cohort, folds = small_study(60, side=32, seed=0)
    before = run(tmp_path, images, cohort, folds)
    changed = images.copy()
    changed[(folds["part"] == "tuning").to_numpy()] //= 2
    after = run(tmp_path, changed, cohort, folds)
    assert losses(before) == losses(after)
    assert tuning_losses(before) != [e["tuning_loss"] for e in after.metadata["history"]]


def test_logits_are_of_the_kept_epoch_and_the_best_by_calibrated_loss(tmp_path: Path) -> None:
    images, cohort, folds = small_study(60, side=32, seed=0)
    fold = run(tmp_path, images, cohort, folds, epochs=4)
    losses = [epoch["tuning_calibrated_loss"] for epoch in fold.metadata["history"]]
    assert fold.metadata["best_epoch"] == max(n for n, loss in enumerate(losses, 1) if loss == min(losses))
    tuning = fold.logits[fold.logits["part"] == "tuning"]
    loss = np.mean(np.logaddexp(0, tuning["logit"]) - tuning["label"] * tuning["logit"])
    kept = fold.metadata["history"][fold.metadata["best_epoch"] - 1]
    assert loss == pytest.approx(kept["tuning_loss"], abs=1e-6)
    assert fold.logits.columns.tolist() == ["patient", "part", "threshold", "label", "logit"]
    assert fold.logits["part"].value_counts().to_dict() == {"tuning": 12, "test": 12}


def test_metadata_tell_how_the_network_came_about(tmp_path: Path) -> None:
    fold = run(tmp_path, *small_study(60, side=32, seed=0))
    metadata = fold.metadata
    write_json(metadata, tmp_path / "metadata.json")
    read = json.loads((tmp_path / "metadata.json").read_text())
    assert read["parts"] == {
        "train": {"n": 36, "n_positive": {"gt0": 18}},
        "tuning": {"n": 12, "n_positive": {"gt0": 6}},
        "test": {"n": 12, "n_positive": {"gt0": 6}},
    }
    assert read["preprocessing"]["size"] == 32
    assert read["configuration"] == CONFIGURATION
    assert read["versions"]["torch"] == torch.__version__
    assert set(read["seconds"]) == {
        "total", "waiting", "forward_backward", "optimiser", "augmentation", "evaluation", "checkpoints",
        "prediction", "job",
    }  # fmt: skip
    parts = sum(read["seconds"][name] for name in ("forward_backward", "optimiser", "augmentation", "evaluation"))
    assert 0.5 * read["seconds"]["total"] < parts <= read["seconds"]["total"]
    assert len(read["history"]) == 2
    assert read["seed"] == 7
    assert len(read["data_sha256"]["test"]) == 64


def test_a_loss_that_diverges_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"training\.learning_rate lower"):
        run(tmp_path, *small_study(60, side=32, seed=0), learning_rate=1e30)


def test_out_of_memory_in_training_names_the_batch_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(loop, "augment", full)
    with pytest.raises(InputError, match=r"Set training\.batch_size to 8"):
        run(tmp_path, *small_study(60, side=32, seed=0))


def test_the_average_of_weights_follows_by_its_decay() -> None:
    average, _ = build_network("test_byobnet", outputs=1, factors=0, initial=None, seed=0)
    network, _ = build_network("test_byobnet", outputs=1, factors=0, initial=None, seed=1)
    expected = {
        name: 0.75 * tensor + 0.25 * network.state_dict()[name]
        for name, tensor in copy_state(average).items()
        if tensor.is_floating_point()
    }
    loop.follow(average, network, decay=0.75)
    for name, tensor in expected.items():
        torch.testing.assert_close(average.state_dict()[name], tensor)


def test_a_copied_state_does_not_follow_the_network() -> None:
    network, _ = build_network("test_byobnet", outputs=1, factors=0, initial=None, seed=0)
    state = copy_state(network)
    name, weight = next(iter(network.named_parameters()))
    with torch.no_grad():
        weight.add_(1.0)
    assert not torch.equal(state[name], weight)


def test_frozen_networks_predict_external_sites_as_they_predicted_their_test_fold(tmp_path: Path) -> None:
    images, cohort, folds = small_study(60, side=32, seed=0)
    fold = run(tmp_path, images, cohort, folds)
    write_weights(fold.state, tmp_path / "weights.safetensors")
    write_json(fold.metadata, tmp_path / "metadata.json")
    networks = [(tmp_path / "weights.safetensors", tmp_path / "metadata.json")]
    tested = cohort[(folds["part"] == "test").to_numpy()]
    predicted = predict_sites(
        tmp_path / "images.npy",
        tested,
        biomarker="cacs",
        thresholds=[GT0],
        factors=[],
        networks=networks,
        device="cpu",
        threads=1,
        image_memory_gb=None,
    )
    assert predicted.columns.tolist() == ["site", "patient", "fold", "member", "threshold", "label", "logit"]
    own = fold.logits[fold.logits["part"] == "test"].reset_index(drop=True)
    np.testing.assert_allclose(predicted["logit"], own["logit"], atol=1e-5)
    assert predicted["patient"].tolist() == own["patient"].tolist()


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    fold = run(tmp_path, *small_study(60, side=32, seed=0))
    write_weights(fold.state, tmp_path / "weights.safetensors")
    with pytest.raises(InputError, match=r"64 x 64 pixels.*32 x 32"):
        load_network(tmp_path / "weights.safetensors", fold.metadata, size=64, device=torch.device("cpu"))
    other = {**fold.metadata, "backbone": "test_resnet"}
    with pytest.raises(InputError, match="the tensors of test_resnet"):
        load_network(tmp_path / "weights.safetensors", other, size=32, device=torch.device("cpu"))


@pytest.mark.slow
def test_a_network_learns_an_easy_phantom(tmp_path: Path) -> None:
    fold = run(tmp_path, *small_study(400, side=32, seed=0), epochs=8, backbone="test_resnet")
    test = fold.logits[fold.logits["part"] == "test"]
    assert auc(test["label"].to_numpy(), test["logit"].to_numpy()) > 0.95


@pytest.mark.slow
def test_shuffled_labels_teach_nothing(tmp_path: Path) -> None:
    _, cohort, folds = small_study(600, side=32, seed=0)
    images = discs(np.random.default_rng(1).permutation(600) % 2, side=32, seed=0)
    fold = run(tmp_path, images, cohort, folds, epochs=6)
    test = fold.logits[fold.logits["part"] == "test"]
    # 120 patients, half positive: the AUC's standard error is 0.053 where nothing is learnt.
    assert abs(auc(test["label"].to_numpy(), test["logit"].to_numpy()) - 0.5) < 1.96 * 0.053


def test_radiographs_count_their_patients() -> None:
    assert len(Radiographs(torch.zeros(3, 2, 2, dtype=torch.uint8), torch.zeros(3, 1), torch.zeros(3, 0))) == 3
