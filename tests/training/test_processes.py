"""Several processes train the network that one would train: gradients, weights, checkpoints, failures and notices."""

import inspect
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from process_of_tests import make_study, train_study
from safetensors.torch import load_file
from torch import distributed, nn

from cacs_cxr import job as job_module
from cacs_cxr.configuration import check_configuration
from cacs_cxr.faults import InputError
from cacs_cxr.training import device, gpu_claim, launch, network_job, torchrun
from cacs_cxr.training.batch_statistics import WholeBatchNorm, over_processes
from cacs_cxr.training.launch import ProcessFailed, run_processes
from cacs_cxr.training.network_job import train_network
from cacs_cxr.training.processes import ONE_PROCESS, SeveralProcesses

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ENTRY = "process_of_tests"
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "again": {},
    "streamed joint": {"network": "joint", "image_memory_gb": 1e-6},
    "long": {"epochs": 12},
    "joint thresholds": {"network": "joint_thresholds", "imbalance": "balanced", "ema_decay": 0},
}
BACKBONES = ("test_resnet", "test_efficientnet")


@pytest.fixture(autouse=True)
def _processes_find_their_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parent)]))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    make_study(folder)
    return folder


@pytest.fixture(scope="module")
def trained(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that two processes train without being disturbed from outside, each in a folder of its name."""
    folder = tmp_path_factory.mktemp("trained")
    for name in (*BACKBONES, *VARIANTS, "stopped"):
        (folder / name).mkdir()
    steps = [("gradients", {"folder": str(folder / name), "backbone": name}) for name in BACKBONES]
    for name, changes in VARIANTS.items():
        steps.append(("train", {"study": str(study), "folder": str(folder / name), "changes": changes}))
    steps.append(("stop and go on", {"study": str(study), "folder": str(folder / "stopped"), "changes": {}}))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), str(HERE.parent)])
    try:
        run_processes(ENTRY, {"steps": steps}, count=2, threads=1)
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    return folder


def assert_same_bits(one: Path, other: Path) -> None:
    assert (one / "weights.safetensors").read_bytes() == (other / "weights.safetensors").read_bytes()
    tables = [pd.read_parquet(folder / "logits.parquet") for folder in (one, other)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    histories = [json.loads((folder / "metadata.json").read_text())["history"] for folder in (one, other)]
    for name in ("loss", "tuning_loss", "tuning_calibrated_loss", "tuning_auc"):
        assert [epoch[name] for epoch in histories[0]] == [epoch[name] for epoch in histories[1]]


@pytest.mark.slow
@pytest.mark.parametrize("backbone", BACKBONES)
def test_gradients_and_batch_statistics_are_those_of_the_whole_batch(trained: Path, backbone: str) -> None:
    """In double precision: 8 and 7 of 15 radiographs in two processes, and 15 in one; two passes."""
    first, second, alone = (
        load_file(trained / backbone / f"network-{name}.safetensors") for name in ("0-0", "0-1", "1-0")
    )
    assert any("running_var" in name for name in alone)
    assert first.keys() == second.keys() == alone.keys()
    for name, expected in alone.items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["plain", "streamed joint", "joint thresholds"])
def test_two_processes_train_the_network_that_one_trains(
    study: Path, trained: Path, tmp_path: Path, variant: str
) -> None:
    """Eight steps of AdamW in single precision, batches of 15: weights to 1e-3, losses to 1e-4, the same epoch."""
    one = train_study(study, tmp_path / "checkpoint", **VARIANTS[variant])
    weights = load_file(trained / variant / "weights.safetensors")
    assert weights.keys() == one.state.keys()
    for name, expected in one.state.items():
        torch.testing.assert_close(weights[name], expected, rtol=1e-3, atol=1e-3)
    metadata = json.loads((trained / variant / "metadata.json").read_text())
    assert metadata["processes"] == 2
    assert one.metadata["processes"] == 1
    assert metadata["best_epoch"] == one.metadata["best_epoch"]
    assert metadata["streamed"] == one.metadata["streamed"] == ("streamed" in variant)
    for name in ("loss", "tuning_loss", "tuning_calibrated_loss"):
        expected = [epoch[name] for epoch in one.metadata["history"]]
        assert [epoch[name] for epoch in metadata["history"]] == pytest.approx(expected, abs=1e-4)
    logits = pd.read_parquet(trained / variant / "logits.parquet")
    pd.testing.assert_frame_equal(logits.drop(columns="logit"), one.logits.drop(columns="logit"))
    np.testing.assert_allclose(logits["logit"], one.logits["logit"], atol=1e-3)


@pytest.mark.slow
def test_all_processes_end_with_the_same_weights(trained: Path) -> None:
    for variant in VARIANTS:
        first, second = (trained / variant / f"weights-{number}.safetensors" for number in range(2))
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_two_processes_give_the_same_bits_twice(trained: Path) -> None:
    assert_same_bits(trained / "plain", trained / "again")


@pytest.mark.slow
def test_a_notice_that_one_process_alone_gets_stops_all_and_they_go_on_to_the_same_bits(trained: Path) -> None:
    assert_same_bits(trained / "plain", trained / "stopped")
    assert json.loads((trained / "stopped" / "metadata.json").read_text())["resumed"] == 1


@pytest.mark.slow
def test_one_process_does_not_go_on_from_the_checkpoint_of_two(study: Path, trained: Path, tmp_path: Path) -> None:
    content = (trained / "stopped" / "checkpoint").read_bytes()
    (tmp_path / "checkpoint").write_bytes(content)
    assert train_study(study, tmp_path / "checkpoint").metadata["resumed"] == 0


def ended(folder: Path, *, seconds: float) -> bool:
    """Whether both processes of a training are gone, or go within some seconds."""
    numbers = [int(file.read_text(encoding="ascii")) for file in folder.glob("process-*.pid")]
    assert len(numbers) == 2
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        states = [Path(f"/proc/{number}/stat") for number in numbers]
        if not any(state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z" for state in states):
            return True
        time.sleep(0.2)
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("input", InputError, r"^1 fault in the input:\n  1\. images\.npy, row 3: found 'nothing'; expected a radio"),
        ("killed", ProcessFailed, r"^process 1: killed: ended by SIGKILL, mostly for want of memory$"),
    ],
)
def test_a_process_that_fails_ends_the_others_and_its_message_is_told(
    study: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str, error: type[Exception], message: str
) -> None:
    step = ("fail", {"study": str(study), "folder": str(tmp_path), "changes": {}, "kind": kind})
    with pytest.raises(error, match=message):
        run_processes(ENTRY, {"steps": [step]}, count=2, threads=1)
    assert ended(tmp_path, seconds=0.5)
    told = capfd.readouterr().err
    assert "Traceback" not in told, told


PARENT = """
import sys
from cacs_cxr.training.launch import run_processes
step = ("train", {"study": sys.argv[1], "folder": sys.argv[2], "changes": {"epochs": int(sys.argv[3])}})
run_processes("process_of_tests", {"steps": [step]}, count=2, threads=1)
"""


def listening(number: int) -> list[str]:
    """Addresses and ports, in hexadecimal, on which a process listens."""
    inodes = set()
    for file in Path(f"/proc/{number}/fd").iterdir():
        target = os.readlink(file) if file.is_symlink() else ""
        if target.startswith("socket:["):
            inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path("/proc/net", table).read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def parent_of(number: int) -> int:
    return int(Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks at processes and sockets in /proc")
def test_a_notice_or_the_end_of_the_job_stops_its_processes_with_a_checkpoint(
    study: Path, trained: Path, tmp_path: Path
) -> None:
    """SIGUSR1 first, SIGKILL then; the third run goes on to the bits of an undisturbed one, in another launch.

    Meanwhile nothing listens on any address but 127.0.0.1.
    """
    modules = os.pathsep.join([os.environ["PYTHONPATH"], *filter(None, sys.path)])
    environment = {
        **os.environ,
        "PYTHONPATH": modules,
        "TMPDIR": str(tmp_path),
    }  # what is killed leaves its folder there
    log = tmp_path / "log"

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", PARENT, str(study), str(tmp_path), "12"]
        with log.open("w") as file:
            return subprocess.Popen(command, env=environment, stderr=file)

    for notice in (signal.SIGUSR1, signal.SIGKILL):
        job = start()
        while log.read_text().count("tuning loss") < 1:
            assert job.poll() is None, log.read_text()
            time.sleep(0.02)
        numbers = [int(file.read_text(encoding="ascii")) for file in tmp_path.glob("process-*.pid")]
        assert len(numbers) == 2
        addresses = [place for number in (*numbers, parent_of(numbers[0]), job.pid) for place in listening(number)]
        assert len(addresses) >= 2
        assert all(place.startswith("0100007F:") for place in addresses), addresses
        job.send_signal(notice)
        assert job.wait(timeout=60) != 0
        assert ("StoppedOnNotice: epoch" in log.read_text()) == (notice == signal.SIGUSR1)
        assert ended(tmp_path, seconds=20.0)
        assert (tmp_path / "checkpoint").is_file()
        for file in tmp_path.glob("process-*.pid"):
            file.unlink()
    assert start().wait(timeout=120) == 0, log.read_text()
    assert_same_bits(tmp_path, trained / "long")
    assert json.loads((tmp_path / "metadata.json").read_text())["resumed"] == 2


# What needs no second process.


def test_of_a_mistake_of_the_program_the_log_tells_where_it_happened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number, text in ((1, "a division"), (0, "the other has gone")):
        failure = {
            "process": number,
            "kind": "ZeroDivisionError",
            "text": text,
            "faults": [],
            "story": f"line of {text}",
        }
        torchrun.write_failure(tmp_path, failure)
    with pytest.raises(ProcessFailed, match=r"^process 1: ZeroDivisionError: a division$"):
        launch._raise_failure(tmp_path, code=1)
    assert "line of a division" in caplog.text
    assert "the other" not in caplog.text


def test_shares_cover_everything_and_differ_by_one_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "init_process_group", lambda *_, **__: None)
    for whole in (1, 7, 15, 64):
        for count in (1, 2, 3, 5):
            processes = [
                SeveralProcesses(number=n, count=count, meeting_file=tmp_path / "meeting", told_to_stop=bool)
                for n in range(count)
            ]
            rows = [list(range(whole))[one.share(whole)] for one in processes]
            assert [row for own in rows for row in own] == list(range(whole))
            sizes = [len(own) for own in rows]
            assert max(sizes) - min(sizes) <= 1
            # The mean over the processes of the weighted mean losses is the mean over all rows.
            means = [
                one.weight(len(own), whole=whole) * np.mean(own)
                for one, own in zip(processes, rows, strict=True)
                if own
            ]
            assert sum(means) / count == pytest.approx(np.mean(range(whole)))


def test_more_processes_than_radiographs_are_refused(study: Path, tmp_path: Path) -> None:
    class Twenty(type(ONE_PROCESS)):  # type: ignore[misc]
        count = 20

    with pytest.raises(
        InputError, match=r"'training\.processes': found '20'; expected at most 12, since the t\w+ part"
    ):
        train_study(study, tmp_path / "checkpoint", processes=Twenty(), batch_size=32)


def test_layers_with_other_statistics_of_batches_are_refused() -> None:
    class Own(nn.Module):
        running_var = torch.ones(3)

    with pytest.raises(InputError, match=r"'training\.backbone': found 'Own';.*Set training\.processes to 1"):
        over_processes(nn.Sequential(nn.BatchNorm2d(3), Own()))


def test_shared_batch_normalisation_keeps_names_weights_and_predictions() -> None:
    plain = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3)))
    images = torch.randn(4, 1, 8, 8)
    plain(images)  # other statistics than those at the start
    before, expected = dict(plain.state_dict()), plain.eval()(images)
    over_processes(plain)
    assert sum(isinstance(module, WholeBatchNorm) for module in plain.modules()) == 2
    assert [(name, value.data_ptr()) for name, value in plain.state_dict().items()] == [
        (name, value.data_ptr()) for name, value in before.items()
    ]
    assert torch.equal(plain(images), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"processes": 64, "batch_size": 32},
            r"'training\.processes': found '64'; expected at most training\.batch_size",
        ),
        (
            {"processes": 2, "compile": True},
            r"'training\.compile': found 'true'; expected false where training\.processes",
        ),
        ({"processes": 0}, r"'training\.processes': found '0'; expected at least 1"),
    ],
)
def test_settings_that_do_not_go_with_several_processes_are_refused(changes: dict[str, Any], message: str) -> None:
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    config["training"].update(changes)
    with pytest.raises(InputError, match=message):
        check_configuration(config, schema_file=REPOSITORY / "workflow/schemas/config.schema.yaml")


def test_processes_never_share_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "claims_folder", lambda: tmp_path)
    monkeypatch.setattr(gpu_claim, "_HELD", [])
    try:
        assert [device._claimed(["a", "b"], processes=2) for _ in range(2)] == [0, 1]
        with pytest.raises(InputError, match=r"'training\.processes': found '2, .* 2 GPUs and no free one is left'"):
            device._claimed(["a", "b"], processes=2)
        assert device._claimed(["a", "b"], processes=1) == 0  # a job of one process shares
        assert device._claimed(["c"], processes=1) == 0
    finally:
        for lock in gpu_claim._HELD:
            lock.close()


@pytest.mark.parametrize("count", [1, 2])
def test_the_rule_hands_its_job_on_in_plain_values(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Snakemake gives a text for one file and an empty list for none."""
    jobs: list[dict[str, Any]] = []
    monkeypatch.setattr(job_module, "logged", nullcontext)
    monkeypatch.setattr(network_job, "train_network", lambda **job: jobs.append(job))
    monkeypatch.setattr(launch, "run_processes", lambda _module, job, **_: jobs.append(job))
    files = dict.fromkeys(("images", "radiographs", "cohort", "folds", "weights", "metadata", "logits"), "file")
    for initial in ("initial.safetensors", []):
        rule = SimpleNamespace(
            input=SimpleNamespace(**files, initial=initial),
            output=SimpleNamespace(**files),
            wildcards=SimpleNamespace(network="cxr", threshold="gt0", fold="0", member="1"),
            params=SimpleNamespace(
                development="a", definition={}, seed=1, code="", training={"processes": count, "threads": 1}
            ),
        )
        script = REPOSITORY / "workflow/scripts/train_network.py"
        runpy.run_path(str(script), init_globals={"snakemake": rule}, run_name="__main__")
    assert [job["initial"] for job in jobs] == ["initial.safetensors", None]
    assert (jobs[0]["fold"], jobs[0]["member"]) == (0, 1)
    assert json.loads(json.dumps(jobs)) == jobs
    assert inspect.signature(train_network).parameters.keys() - {"processes"} == jobs[0].keys()
