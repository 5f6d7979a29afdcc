"""The NVIDIA GPUs of this machine, told without importing torch."""

from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/gpus")


def nvidia_gpus() -> list[str]:
    """Model names of the GPUs that the NVIDIA driver reports; empty where there is none."""
    names = []
    for file in sorted(DRIVER.glob("*/information")):
        models = [line.split(":", 1)[1].strip() for line in file.read_text().splitlines() if line.startswith("Model")]
        names.append(models[0] if models else "unknown")
    return names


def unused_gpus(count: int, allowed: object) -> str:
    """What to tell whoever starts a study on a machine with more GPUs than may be used at a time; empty otherwise.

    Args:
        count: GPUs of the machine.
        allowed: how many Snakemake may hand out, as it holds resources: a number or its text; None for no limit.
    """
    if allowed is None or not str(allowed).isdigit() or int(str(allowed)) >= count:
        return ""
    return (
        f"{count} GPUs are here and {allowed} may be used at a time: --resources gpu={count} trains as many networks "
        "at once, each on a GPU of its own."
    )
