"""The device on which networks run: choice, threads, arithmetic, clocks, and what to do when its memory is full."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.training.gpu_claim import claim_free_gpu, claim_gpu, claims_folder

Mark = float | torch.cuda.Event
COMPILE_CACHE, TORCHS_OWN = "TORCHINDUCTOR_CACHE_DIR", "torchinductor_"


def prepare_device(choice: str, *, threads: int, processes: int = 1) -> torch.device:
    """Device for a job, with its number of threads and its arithmetic set for the whole process.

    On the CPU only deterministic algorithms are allowed, so that one seed gives the same bits twice on one machine with
    one number of threads. On a GPU the fastest convolution algorithms are taken instead; results agree to a tolerance.

    Args:
        choice: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.
        threads: CPU threads, at least 1.
        processes: how many processes of this job, this one among them, each take a GPU; a GPU is shared only where
            there is one process.

    Raises:
        InputError: ``cuda`` where torch sees no GPU, or fewer free GPUs than processes.
    """
    if choice == "cuda" and not torch.cuda.is_available():
        expected = "a GPU that torch can use"
        remedy = "Set training.device to auto or cpu, or mend the driver (nvidia-smi tells)."
        raise InputError([Fault("configuration", None, "training.device", choice, expected, remedy)])
    torch.set_num_threads(threads)
    on_gpu = choice == "cuda" or (choice == "auto" and torch.cuda.is_available())
    torch.use_deterministic_algorithms(not on_gpu)
    torch.backends.cudnn.benchmark = on_gpu
    if not on_gpu:
        return torch.device("cpu")
    identities = [str(torch.cuda.get_device_properties(number).uuid) for number in range(torch.cuda.device_count())]
    device = torch.device("cuda", _claimed(identities, processes=processes))
    torch.cuda.set_device(device)
    return device


def _claimed(identities: Sequence[str], *, processes: int) -> int:
    if processes == 1:
        return claim_gpu(identities, folder=claims_folder()) if len(identities) > 1 else 0
    position = claim_free_gpu(identities, folder=claims_folder())
    if position is None:
        found = f"{processes}, on a machine where this job sees {len(identities)} GPUs and no free one is left"
        remedy = (
            "Set training.processes lower, or let fewer jobs run at a time: --resources gpu=N says how many GPUs they "
            "may use."
        )
        expected = "a free GPU for each process"
        raise InputError([Fault("configuration", None, "training.processes", found, expected, remedy)])
    return position


def image_budget(device: torch.device, *, gigabytes: float | None, processes: int = 1) -> int:
    """Bytes of the device's memory that the radiographs of a process may take; the rest is read batch by batch.

    Args:
        gigabytes: as configured; None for half of a GPU's free memory, or a quarter of the machine's, where other
            trainings may run at the same time.
        processes: of this job, which have a GPU each or share the machine's memory.
    """
    if gigabytes is not None:
        return int(gigabytes * 1e9)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    return available_memory() // 4 // processes


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes of main memory that programs can still take; all of the machine's where the system does not tell.

    Raises:
        InputError: neither is told.
    """
    if meminfo.is_file():
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError) as error:
        remedy = "Set training.image_memory_gb to what radiographs may take of the memory."
        found = "a system that does not tell its memory"
        raise InputError(
            [Fault("configuration", None, "training.image_memory_gb", found, "a number", remedy)]
        ) from error


def compiled(network: nn.Module, *, cache: Path = Path(".cache/torchinductor")) -> nn.Module:
    """The network compiled for batches of one shape; it shares its weights with the network given.

    Args:
        cache: folder of what was compiled, which all jobs of a study share on all nodes; an environment that names
            another one goes before it.
    """
    # Torch sets the variable itself, to a folder of this machine's, where nobody else has.
    if Path(os.environ.get(COMPILE_CACHE, TORCHS_OWN)).name.startswith(TORCHS_OWN):
        os.environ[COMPILE_CACHE] = str(cache.absolute())
    result: nn.Module = torch.compile(network, dynamic=False)  # type: ignore[assignment]
    return result


@contextmanager
def memory_advice(batch_size: int) -> Iterator[None]:
    """Turn 'out of memory' inside the block into a message with the batch size to try.

    Raises:
        InputError: the device, or the machine, had no memory for a batch of `batch_size`.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(batch_size, error) from error
    except RuntimeError as error:
        # The CPU allocator raises a plain RuntimeError that only its text tells from others.
        if "can't allocate memory" not in str(error) and "not enough memory" not in str(error):
            raise
        raise _too_large(batch_size, error) from error


def _too_large(batch_size: int, error: BaseException) -> InputError:
    smaller = max(batch_size // 2, 1)
    remedy = (
        f"Set training.batch_size to {smaller}, and training.learning_rate to {smaller / batch_size:.2g} of its value."
        if smaller < batch_size
        else "Set imaging.size to a smaller value, or take a smaller training.backbone."
    )
    found = f"{batch_size} (out of memory: {str(error).splitlines()[0] if str(error) else type(error).__name__})"
    return InputError(
        [Fault("configuration", None, "training.batch_size", found, "a batch that fits into memory", remedy)]
    )


def mark(device: torch.device) -> Mark:
    """A point in the device's time, for `seconds_between`; on a GPU it does not make the host wait."""
    if device.type != "cuda":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(device))
    return event


def seconds_between(start: Mark, end: Mark) -> float:
    """Seconds from one mark to another of the same device; waits for a GPU to reach the second."""
    if isinstance(start, torch.cuda.Event) and isinstance(end, torch.cuda.Event):
        end.synchronize()
        return float(start.elapsed_time(end)) / 1000.0
    if isinstance(start, float) and isinstance(end, float):
        return end - start
    raise TypeError("marks of two different devices")


def peak_memory_bytes(device: torch.device) -> int | None:
    """Greatest GPU memory held by tensors so far, in bytes; None on the CPU."""
    return int(torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else None
