"""A training that is stopped or killed at any point goes on to the same weights, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from phantom import CONFIGURATION, small_study

from cacs_cxr.study import Threshold
from cacs_cxr.training import loop
from cacs_cxr.training.fold import Fold, train_fold
from cacs_cxr.training.notice import SIGNALS, StoppedOnNotice, stop_notice
from cacs_cxr.training.parts import Part, fold_parts
from cacs_cxr.training.weights import write_weights

GT0 = Threshold("gt0", ">", 0.0, "> 0")
SETTINGS = {**CONFIGURATION, "epochs": 4, "batch_size": 8, "ema_decay": 0.9, "checkpoint_seconds": 0}
STEPS = 4 * (36 // 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    images, cohort, folds = small_study(60, side=32, seed=0)
    np.save(folder / "images.npy", images)
    cohort.to_parquet(folder / "cohort.parquet")
    folds.to_parquet(folder / "folds.parquet")
    return folder


def parts_of(folder: Path) -> dict[str, Part]:
    nothing = pd.DataFrame({"patient": pd.Series(dtype=str), "row": pd.Series(dtype=int)})
    cohort, folds = (pd.read_parquet(folder / f"{name}.parquet") for name in ("cohort", "folds"))
    return fold_parts(cohort, folds, nothing, fold=0, biomarker="cacs", thresholds=[GT0], factors=[])[0]


def train(folder: Path, checkpoint: Path, **changes: object) -> Fold:
    settings = {**SETTINGS, **changes}
    code = str(settings.pop("code", "code"))
    return train_fold(
        folder / "images.npy",
        parts_of(folder),
        design=None,
        configuration=settings,
        initial=None,
        seed=7,
        network_name="cxr",
        fold=0,
        member=0,
        code=code,
        checkpoint_file=checkpoint,
    )


def weights(fold: Fold, folder: Path) -> bytes:
    write_weights(fold.state, folder / "weights.safetensors")
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Fold:
    return train(folder, tmp_path_factory.mktemp("whole") / "checkpoint", checkpoint_seconds=3600)


def assert_same(found: Fold, whole: Fold, tmp_path: Path) -> None:
    assert weights(found, tmp_path) == weights(whole, tmp_path)
    pd.testing.assert_frame_equal(found.logits, whole.logits, check_exact=True)
    assert found.metadata["best_epoch"] == whole.metadata["best_epoch"]
    for name in ("loss", "tuning_loss", "tuning_auc"):
        assert [e[name] for e in found.metadata["history"]] == [e[name] for e in whole.metadata["history"]]


class Killed(BaseException):
    pass


def test_a_training_killed_at_ten_random_points_ends_with_the_same_weights(
    folder: Path, whole: Fold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after a step, before its checkpoint is written: the step before is what the next job finds."""
    points = sorted(np.random.default_rng(3).choice(np.arange(1, STEPS + 1), 10, replace=False))
    write, step = loop.write_checkpoint, 0

    def write_or_die(*arguments: object, **named: object) -> None:
        nonlocal step
        step += 1
        if points and step == points[0]:
            points.pop(0)
            step -= 1
            raise Killed
        write(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "write_checkpoint", write_or_die)
    while points:
        with pytest.raises(Killed):
            train(folder, tmp_path / "checkpoint")
    found = train(folder, tmp_path / "checkpoint")
    assert_same(found, whole, tmp_path)
    assert found.metadata["resumed"] in (9, 10)  # nothing to go on from where the first step is lost


def after(calls: int) -> Callable[[], bool]:
    """Asks to stop from the so-manyth time on that it is asked."""
    left = calls

    def asked() -> bool:
        nonlocal left
        left -= 1
        return left <= 0

    return asked


def test_notice_stops_after_the_step_and_the_next_run_goes_on(
    folder: Path, whole: Fold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at the last step of an epoch, and at the very last one, when evaluation is still to come."""
    checkpoint = tmp_path / "checkpoint"
    train_whole = loop.train
    for calls in (4, 1, 11):  # steps 4 (the end of an epoch), 5, 16 (the end)

        def stopped(*arguments: object, calls: int = calls, **named: object) -> object:
            return train_whole(*arguments, **{**named, "asked_to_stop": after(calls)})  # type: ignore[arg-type]

        monkeypatch.setattr("cacs_cxr.training.fold.train", stopped)
        with pytest.raises(StoppedOnNotice):
            train(folder, checkpoint, checkpoint_seconds=3600)
    monkeypatch.setattr("cacs_cxr.training.fold.train", train_whole)
    assert_same(train(folder, checkpoint, checkpoint_seconds=3600), whole, tmp_path)


@pytest.mark.parametrize(
    "other", [{"learning_rate": 1e-3}, {"code": "edited"}, {"epochs": 5}], ids=["settings", "code", "epochs"]
)
def test_a_checkpoint_of_another_training_is_not_used(folder: Path, tmp_path: Path, other: dict[str, object]) -> None:
    checkpoint = tmp_path / "checkpoint"
    train(folder, checkpoint)
    assert checkpoint.is_file()
    assert train(folder, checkpoint, checkpoint_seconds=3600, **other).metadata["resumed"] == 0


def test_a_damaged_checkpoint_is_left_aside(folder: Path, whole: Fold, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    for content in (b"", b"no tensors at all", os.urandom(4096)):
        checkpoint.write_bytes(content)
        found = train(folder, checkpoint, checkpoint_seconds=3600)
        assert found.metadata["resumed"] == 0
    assert_same(found, whole, tmp_path)


def test_signals_are_caught_inside_the_block_only() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    for number in SIGNALS:
        with stop_notice() as asked:
            assert not asked()
            os.kill(os.getpid(), number)
            assert asked()
    assert [signal.getsignal(number) for number in SIGNALS] == before


JOB = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from test_resume import train, weights
folder = Path(sys.argv[1])
fold = train(folder, folder / "checkpoint", epochs=30)
(folder / "done").write_bytes(weights(fold, folder))
"""


@pytest.mark.slow
def test_a_process_that_is_killed_or_given_notice_ends_with_the_same_weights(folder: Path, tmp_path: Path) -> None:
    for name in ("images.npy", "cohort.parquet", "folds.parquet"):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / "job.py").write_text(JOB.format(paths=[path for path in sys.path if path]))
    checkpoint = tmp_path / "checkpoint"
    for number in (signal.SIGKILL, signal.SIGTERM):
        size = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        job = subprocess.Popen([sys.executable, tmp_path / "job.py", tmp_path], stderr=subprocess.PIPE, text=True)
        while job.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == size):
            time.sleep(0.02)
        time.sleep(0.3)
        job.send_signal(number)
        _, errors = job.communicate(timeout=60)
        assert job.returncode != 0, "the job ended before it was killed"
        assert ("StoppedOnNotice" in errors) == (number == signal.SIGTERM)
        assert not (tmp_path / "done").exists()
    subprocess.run([sys.executable, tmp_path / "job.py", tmp_path], check=True, timeout=120)
    expected = train(folder, tmp_path / "other", epochs=30, checkpoint_seconds=3600)
    assert (tmp_path / "done").read_bytes() == weights(expected, tmp_path)


def test_metadata_can_be_written_as_json(whole: Fold) -> None:
    assert json.loads(json.dumps(whole.metadata, allow_nan=False))["resumed"] == 0
