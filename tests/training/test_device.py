import pytest
import torch

from cacs_cxr.faults import InputError
from cacs_cxr.training.device import mark, memory_advice, prepare_device, seconds_between


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
