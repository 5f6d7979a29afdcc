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
