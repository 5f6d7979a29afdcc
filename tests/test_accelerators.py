from pathlib import Path

import pytest

from cacs_cxr import accelerators
from cacs_cxr.accelerators import nvidia_gpus, unused_gpus


def test_gpus_are_those_that_the_driver_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerators, "DRIVER", tmp_path)
    assert nvidia_gpus() == []
    for bus, text in (("0000:01", "Model: \t NVIDIA H200\nIRQ: 1\n"), ("0000:02", "IRQ: 2\n")):
        (tmp_path / bus).mkdir()
        (tmp_path / bus / "information").write_text(text, encoding="utf-8")
    assert nvidia_gpus() == ["NVIDIA H200", "unknown"]


@pytest.mark.parametrize("allowed", [None, 4, "4", 8, "input.size"])
def test_nothing_is_said_where_every_gpu_may_be_used(allowed: object) -> None:
    assert unused_gpus(4, allowed) == ""
    assert unused_gpus(0, 1) == ""


def test_gpus_that_lie_idle_are_named_with_the_way_to_use_them() -> None:
    assert "4 GPUs are here and 1 may be used" in unused_gpus(4, 1)
    assert "--resources gpu=4" in unused_gpus(4, "1")
