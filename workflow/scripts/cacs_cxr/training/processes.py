"""The processes that train one network together: what each takes of the work, and what they tell one another."""

import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from cacs_cxr.seeds import derive_seed
from cacs_cxr.training.batch_statistics import over_processes

# How long one may wait for another: for one that reads its radiographs from a slow disk, or writes a large checkpoint.
# A process that has died is noticed at once, by torchrun.
PATIENCE = timedelta(minutes=30)


class Processes(Protocol):
    """The processes that train one network, as seen from one of them: all run the same program and call the same
    functions in the same order.

    Attributes:
        number: of this process, from 0.
        count: how many there are.
    """

    @property
    def number(self) -> int: ...

    @property
    def count(self) -> int: ...

    def share(self, whole: int) -> slice:
        """The rows out of `whole` that this process works on; sizes differ by one at most."""

    def own_seed(self, seed: int) -> int:
        """Seed of what each process draws for its own rows (dropout)."""

    def trained_together(self, network: nn.Module) -> nn.Module:
        """The network for training steps: its backward pass leaves the mean of all processes' gradients.

        It shares its weights with the network given, whose batch normalisation goes over all processes from then on.
        """

    def weight(self, own: int, *, whole: int) -> float:
        """What the mean loss of `own` rows counts, so that the mean over the processes is the mean of `whole` rows."""

    def mean(self, value: torch.Tensor) -> float:
        """Mean of a number over the processes."""

    def gathered(self, value: torch.Tensor) -> torch.Tensor:
        """A tensor of every process, of one shape in all: [processes, ...] on the CPU."""

    def assembled(self, rows: npt.NDArray[np.float64], *, whole: int) -> npt.NDArray[np.float64]:
        """The rows that the processes have of their shares, put together: [whole, ...]."""

    def told_to_stop(self) -> bool:
        """Whether whoever started this process wants it to stop."""

    def agreed(self, *asked: bool) -> tuple[bool, ...]:
        """Each flag, as soon as one process raises it, in all of them."""

    def once(self, action: Callable[[], None]) -> None:
        """Let process 0 act; no process goes on before that is done."""


class OneProcess:
    """A training in a process of its own: everything is its share, and there is nobody to tell."""

    number = 0
    count = 1

    def share(self, whole: int) -> slice:
        return slice(0, whole)

    def own_seed(self, seed: int) -> int:
        return seed

    def trained_together(self, network: nn.Module) -> nn.Module:
        return network

    def weight(self, own: int, *, whole: int) -> float:
        return own / whole

    def mean(self, value: torch.Tensor) -> float:
        return float(value)

    def gathered(self, value: torch.Tensor) -> torch.Tensor:
        return value.detach().cpu()[None]

    def assembled(self, rows: npt.NDArray[np.float64], *, whole: int) -> npt.NDArray[np.float64]:
        if len(rows) != whole:
            raise ValueError(f"{len(rows)} rows of one process, {whole} in all")
        return rows

    def told_to_stop(self) -> bool:
        return False

    def agreed(self, *asked: bool) -> tuple[bool, ...]:
        return asked

    def once(self, action: Callable[[], None]) -> None:
        action()


ONE_PROCESS = OneProcess()


class SeveralProcesses:
    """One of several processes on one machine, each on a GPU of its own or all on the CPU.

    Gradients and batch statistics go from GPU to GPU; what the processes agree on goes over the CPU, so that no GPU is
    waited for.
    """

    def __init__(self, *, number: int, count: int, meeting_file: Path, told_to_stop: Callable[[], bool]) -> None:
        """Meet the others.

        Args:
            meeting_file: file through which they find one another, on which no process of another training writes. A
                file, since torch's store that listens on a port listens on every address of the machine.
        """
        self.number = number
        self.count = count
        self._told_to_stop = told_to_stop
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=torch.distributed.FileStore(str(meeting_file), count),  # type: ignore[attr-defined]
            rank=number,
            world_size=count,
            timeout=PATIENCE,
        )

    def share(self, whole: int) -> slice:
        return slice(self.number * whole // self.count, (self.number + 1) * whole // self.count)

    def own_seed(self, seed: int) -> int:
        return derive_seed(seed, "process", self.number) if self.number else seed

    def trained_together(self, network: nn.Module) -> nn.Module:
        over_processes(network)
        return DistributedDataParallel(network, gradient_as_bucket_view=True)

    def weight(self, own: int, *, whole: int) -> float:
        return own * self.count / whole

    def mean(self, value: torch.Tensor) -> float:
        return float(self.gathered(value).double().mean())

    def gathered(self, value: torch.Tensor) -> torch.Tensor:
        own = value.detach().cpu().contiguous()
        all_of_them = [torch.empty_like(own) for _ in range(self.count)]
        distributed.all_gather(all_of_them, own)
        return torch.stack(all_of_them)

    def assembled(self, rows: npt.NDArray[np.float64], *, whole: int) -> npt.NDArray[np.float64]:
        everything = torch.zeros(whole, math.prod(rows.shape[1:]), dtype=torch.float64)
        everything[self.share(whole)] = torch.from_numpy(rows).reshape(len(rows), -1)
        distributed.all_reduce(everything)  # a sum with zeros, so exact
        return everything.reshape(whole, *rows.shape[1:]).numpy()

    def told_to_stop(self) -> bool:
        return self._told_to_stop()

    def agreed(self, *asked: bool) -> tuple[bool, ...]:
        flags = torch.tensor(asked, dtype=torch.uint8)
        distributed.all_reduce(flags, op=distributed.ReduceOp.MAX)
        return tuple(bool(flag) for flag in flags)

    def once(self, action: Callable[[], None]) -> None:
        if self.number == 0:
            action()
        self.agreed(True)

    def leave(self) -> None:
        """Part from the others, all at the end."""
        distributed.destroy_process_group()
