"""Batch normalisation over the whole batch of a step, where several processes have a part of it each."""

from typing import Any

import torch
from timm.layers.norm_act import BatchNormAct2d, convert_sync_batchnorm
from torch import distributed, nn
from torch.nn import functional

from cacs_cxr.faults import Fault, InputError

# torch has one base class of all batch normalisation, and its own conversion asks for it.
_BatchNorm = nn.modules.batchnorm._BatchNorm


def over_processes(network: nn.Module) -> None:
    """Make the batch normalisation of a network go over all processes; weights and their names stay as they are.

    On a GPU by torch's SyncBatchNorm, which is fast and refuses to run on a CPU; there by `WholeBatchNorm`, the same
    function.

    Raises:
        InputError: a layer that keeps statistics of batches in a way of its own.
    """
    on_gpu = any(parameter.is_cuda for parameter in network.parameters())
    for name, child in network.named_children():
        setattr(network, name, _shared_statistics(child) if on_gpu else _converted(child))
    others = {
        type(module).__name__
        for module in network.modules()
        if getattr(module, "running_var", None) is not None
        and not isinstance(module, nn.SyncBatchNorm | WholeBatchNorm)
    }
    if others:
        expected = "a backbone whose statistics of batches are all batch normalisation, since they must be shared"
        remedy = "Set training.processes to 1, or take another backbone."
        raise InputError(
            [Fault("configuration", None, "training.backbone", ", ".join(sorted(others)), expected, remedy)]
        )


def _shared_statistics(module: nn.Module) -> nn.Module:
    result: nn.Module = convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
    return result


def _converted(module: nn.Module) -> nn.Module:
    if isinstance(module, _BatchNorm):
        return WholeBatchNorm(module)
    for name, child in module.named_children():
        setattr(module, name, _converted(child))
    return module


class WholeBatchNorm(nn.BatchNorm2d):
    """Batch normalisation by the mean and variance of all processes' parts of a batch, however large each part is.

    It takes over the weights and statistics of the layer that it stands for, and the dropout and activation that timm
    puts into such a layer.

    Args:
        plain: the layer.
    """

    def __init__(self, plain: nn.Module) -> None:
        if not isinstance(plain, _BatchNorm):
            raise TypeError(f"{type(plain).__name__} is no batch normalisation")
        super().__init__(plain.num_features, eps=plain.eps, momentum=plain.momentum, affine=False)
        self.weight, self.bias = plain.weight, plain.bias
        self.running_mean, self.running_var = plain.running_mean, plain.running_var
        self.num_batches_tracked = plain.num_batches_tracked
        after: tuple[Any, Any] = (plain.drop, plain.act) if isinstance(plain, BatchNormAct2d) else (None, None)
        self.drop, self.act = (part or nn.Identity() for part in after)
        self.train(plain.training)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Normalised values [b, C, ...]; in training mode every process must call it, with a part of any size."""
        if not self.training or self.running_mean is None or self.running_var is None:
            normal = functional.batch_norm(
                values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
            return self._activated(normal)
        across = [0, *range(2, values.ndim)]
        shape = [1, -1, *[1] * (values.ndim - 2)]
        places = values.new_full((1,), values.numel() // values.shape[1])
        sums = _summed(torch.cat([values.sum(across), places]))
        mean, count = sums[:-1] / sums[-1], sums[-1].detach()
        centred = values - mean.view(shape)
        variance = _summed((centred**2).sum(across)) / count
        with torch.no_grad():
            self._follow(mean, variance * count / (count - 1.0))
        normal = centred * torch.rsqrt(variance + self.eps).view(shape)
        if self.weight is not None:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return self._activated(normal)

    def _follow(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        for average, value in ((self.running_mean, mean), (self.running_var, variance)):
            assert average is not None
            average.lerp_(value, share)

    def _activated(self, values: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.act(self.drop(values))
        return result


def _summed(values: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = _Sum.apply(values)
    return result


class _Sum(torch.autograd.Function):
    """Sum over the processes. Each process's loss depends on the sum, so that gradients are summed as well."""

    @staticmethod
    def forward(_context: Any, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(_context: Any, gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.clone()
        distributed.all_reduce(gradient)
        return gradient
