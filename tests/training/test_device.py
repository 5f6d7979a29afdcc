import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cacs_cxr.faults import InputError
from cacs_cxr.training.device import (
    available_memory,
    image_budget,
    mark,
    memory_advice,
    prepare_device,
    seconds_between,
)


def test_the_cpu_runs_deterministic_algorithms_on_the_threads_asked_for() -> None:
    assert prepare_device("cpu", threads=1).type == "cpu"
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()


def test_cuda_without_a_gpu_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"training\.device.*auto or cpu"):
        prepare_device("cuda", threads=1)
    assert prepare_device("auto", threads=1).type == "cpu"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."),
        MemoryError(),
    ],
)
def test_out_of_memory_names_the_batch_size_to_try(error: BaseException) -> None:
    with pytest.raises(InputError, match=r"training\.batch_size.*64 \(out of memory.*Set training\.batch_size to 32"):  # noqa: SIM117
        with memory_advice(64):
            raise error


def test_out_of_memory_at_a_batch_of_one_advises_something_else() -> None:
    with pytest.raises(InputError, match=r"imaging\.size"), memory_advice(1):
        raise MemoryError


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), memory_advice(64):
        raise RuntimeError("shape mismatch")


def test_seconds_are_those_between_marks() -> None:
    cpu = torch.device("cpu")
    start, end = mark(cpu), mark(cpu)
    assert 0.0 <= seconds_between(start, end) < 1.0


def test_memory_for_radiographs_is_what_is_asked_for_or_a_share_of_what_is_free(tmp_path: Path) -> None:
    cpu = torch.device("cpu")
    assert image_budget(cpu, gigabytes=1.5) == 1_500_000_000
    assert image_budget(cpu, gigabytes=0) == 0
    assert 10**8 < image_budget(cpu, gigabytes=None) < 10**13
    (tmp_path / "meminfo").write_text("MemTotal: 8000 kB\nMemAvailable: 5000 kB\n", encoding="ascii")
    assert available_memory(tmp_path / "meminfo") == 5_120_000
    assert available_memory(tmp_path / "absent") > 10**8


def test_jobs_at_the_same_time_take_different_gpus_and_give_them_back(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from cacs_cxr.training.gpu_claim import claim_gpu;"
        "print(claim_gpu(['a', 'b'], folder=Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def position(job: "subprocess.Popen[str]") -> int:
        assert job.stdout is not None
        return int(job.stdout.readline())

    first, second = start(), None
    try:
        assert position(first) == 0
        second = start()
        assert position(second) == 1
        first.kill()
        first.communicate()
        third = start()
        assert position(third) == 0
        fourth = start()
        assert position(fourth) == 0
        third.communicate()
        _, told = fourth.communicate()
        assert "all 2 GPUs are taken" in told
    finally:
        for job in (first, second):
            if job is not None:
                job.kill()
                job.communicate()
