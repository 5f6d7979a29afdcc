"""How fast training is: against its compute-only ceiling, against the usual recipe, and against the hardware's roofs.

    python benchmarks/time_training.py --backbone resnet34 --size 512 --batch 64        # on a GPU where there is one
    python benchmarks/time_training.py --backbone test_resnet --size 64 --batch 32      # the default study's network

All rates are of one run on random radiographs. The ceiling is the same network on one fixed batch that lies on the
device already: forward and backward passes and the optimiser's step. The usual recipe is a plain timm network of three
channels in float32, fed by a torch DataLoader over PNG files.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import yaml
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from cacs_cxr.training.augmentation import Augmentation  # noqa: E402
from cacs_cxr.training.batches import Radiographs, StoredPixels  # noqa: E402
from cacs_cxr.training.device import peak_memory_bytes, prepare_device  # noqa: E402
from cacs_cxr.training.fold import train_fold  # noqa: E402
from cacs_cxr.training.loop import train  # noqa: E402
from cacs_cxr.training.network import Network, build_network  # noqa: E402
from cacs_cxr.training.parts import Part  # noqa: E402
from cacs_cxr.training.recipe import Recipe, Trained  # noqa: E402

CHANGES = Augmentation(rotation_degrees=7, scale=0.1, shift=0.05, brightness=0.1, contrast=0.1)
WARM_UP = 5
FULL = {"train": 8286, "tuning": 921, "test": 1023}  # of 10,230 patients in ten folds, a tenth for tuning


def wait(device: torch.device) -> None:
    """Until the device has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def rate_of(step: Callable[[], object], *, images: int, seconds: float, device: torch.device) -> float:
    """Images a second of a step that takes `images`: the median over blocks of steps, after a warm-up."""
    for _ in range(WARM_UP):
        step()
    wait(device)
    rates = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(rates) < 3:
        start = time.perf_counter()
        for _ in range(3):
            step()
        wait(device)
        rates.append(3 * images / (time.perf_counter() - start))
    return float(np.median(rates))


def own_network(backbone: str, device: torch.device) -> Network:
    network, _ = build_network(backbone, outputs=1, factors=0, initial=None, seed=0)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def ceiling(arguments: argparse.Namespace, device: torch.device, *, compiled: bool) -> float:
    """Images a second of passes and steps alone, on a batch that lies on the device."""
    network = own_network(arguments.backbone, device).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    images = torch.randn(arguments.batch, 1, arguments.size, arguments.size, device=device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 2, (arguments.batch, 1), device=device).float()
    factors = torch.zeros(arguments.batch, 0, device=device)
    forward = torch.compile(network, dynamic=False) if compiled else network

    def step() -> None:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            logits = forward(images, factors)
        functional.binary_cross_entropy_with_logits(logits.float(), labels).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    return rate_of(step, images=arguments.batch, seconds=arguments.seconds, device=device)


def engine(
    arguments: argparse.Namespace,
    store: np.ndarray,
    device: torch.device,
    *,
    epochs: int,
    streamed: bool,
    compiled: bool,
) -> tuple[float, Trained]:
    """Images a second of the study's own training loop, evaluation not counted and the first epoch left out."""
    n = len(store)
    labels = torch.randint(0, 2, (n, 1)).float().to(device)
    rows = np.arange(n)
    pixels: Any = StoredPixels(store, rows) if streamed else torch.from_numpy(np.array(store)).to(device)
    training = Radiographs(pixels, labels, torch.zeros(n, 0, device=device))
    some = torch.from_numpy(np.array(store[: arguments.batch])).to(device)
    tuning = Radiographs(
        some, (torch.arange(len(some)) % 2).float()[:, None].to(device), torch.zeros(len(some), 0, device=device)
    )
    recipe = Recipe(
        epochs=epochs, batch_size=arguments.batch, learning_rate=1e-4, weight_decay=0.05, ema_decay=0.0,
        augmentation=CHANGES, compile=compiled, checkpoint_seconds=1e9,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        trained = train(
            own_network(arguments.backbone, device), training, tuning, recipe,
            mean=0.5, sd=0.25, positive_weights=torch.ones(1), seed=0, checkpoint_file=Path(folder, "none"),
            fingerprint="", asked_to_stop=lambda: False,
        )  # fmt: skip
    return float(np.median([epoch.images_per_second for epoch in trained.history[1:]])), trained


class PngFiles(Dataset[tuple[torch.Tensor, float]]):
    """PNG files as most public code reads them: decoded to three channels, to float, normalised."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, position: int) -> tuple[torch.Tensor, float]:
        with Image.open(self.files[position]) as image:
            values = np.asarray(image.convert("RGB"), dtype=np.float32) / 255.0
        return (torch.from_numpy(values).permute(2, 0, 1) - 0.5) / 0.25, float(position % 2)


def usual(arguments: argparse.Namespace, store: np.ndarray, device: torch.device) -> tuple[float, float, float]:
    """Images a second of the usual recipe, and of its loader alone, and the GPU's mean utilisation in per cent."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, pixels in enumerate(store):
            files.append(Path(folder, f"{number}.png"))
            Image.fromarray(pixels).save(files[-1])
        loader = DataLoader(
            PngFiles(files), batch_size=arguments.batch, shuffle=True, drop_last=True,
            num_workers=arguments.workers, pin_memory=device.type == "cuda", persistent_workers=arguments.workers > 0,
        )  # fmt: skip
        network = timm.create_model(arguments.backbone, num_classes=1).to(device).train()
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
        rates, alone = [], []
        for epoch in range(3):
            start, count = time.perf_counter(), 0
            for images, _ in loader:
                count += len(images)
            alone.append(count / (time.perf_counter() - start))
            with utilisation(device) as busy:
                start, count = time.perf_counter(), 0
                for images, labels in loader:
                    logits = network(images.to(device, non_blocking=True))[:, 0]
                    loss = functional.binary_cross_entropy_with_logits(logits, labels.to(device).float())
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
                    loss.item()
                    count += len(images)
                wait(device)
                rates.append(count / (time.perf_counter() - start))
            if epoch == 0 and device.type == "cpu":
                break
        used = float(np.mean(busy)) if busy else float("nan")
        return rates[-1], alone[-1], used


@contextmanager
def utilisation(device: torch.device) -> Iterator[list[float]]:
    """Samples of the GPU's utilisation in per cent, as nvidia-smi tells it, taken inside the block."""
    samples: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not ended.wait(0.2):
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
            samples.extend(float(value) for value in told[:1] if value.isdigit())

    watcher = threading.Thread(target=watch, daemon=True)
    if device.type == "cuda":
        watcher.start()
    yield samples
    ended.set()
    if device.type == "cuda":
        watcher.join()


def work_of(arguments: argparse.Namespace) -> tuple[float, float]:
    """What a training step asks for an image: floating-point operations, and bytes of activations in bfloat16.

    Operations are three forward passes. Bytes are the least that layers run one by one move: forward, each reads its
    input and writes its output; backward, it reads the output's gradient and the input, and writes the input's.
    """
    network = own_network(arguments.backbone, torch.device("cpu")).eval()
    images, factors = torch.zeros(1, 1, arguments.size, arguments.size), torch.zeros(1, 0)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(images, factors)
    moved = 0

    def count(_: nn.Module, given: tuple[torch.Tensor, ...], result: torch.Tensor) -> None:
        nonlocal moved
        moved += 2 * (3 * given[0].numel() + 2 * result.numel())

    hooks = [module.register_forward_hook(count) for module in network.modules() if not list(module.children())]
    with torch.no_grad():
        network(images, factors)
    for hook in hooks:
        hook.remove()
    return 3.0 * counter.get_total_flops(), float(moved)


def roofs(device: torch.device) -> tuple[float, float]:
    """Measured on this device: operations a second of a large bfloat16 product, bytes a second of a large copy."""
    a, b = (torch.randn(8192, 8192, device=device, dtype=torch.bfloat16) for _ in range(2))
    result = torch.empty_like(a)
    products = rate_of(partial(torch.mm, a, b, out=result), images=1, seconds=2.0, device=device)
    source = torch.randint(0, 255, (4 * 2**30,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copies = rate_of(partial(target.copy_, source), images=1, seconds=2.0, device=device)
    return products * 2.0 * 8192**3, copies * 2.0 * source.numel()


def whole_fold(arguments: argparse.Namespace, sizes: Mapping[str, int]) -> dict[str, Any]:
    """One network of the full study as its job trains it, with so many radiographs in each part."""
    n = sum(sizes.values())
    rows, labels = np.arange(n), (np.arange(n) % 20 < 9).astype(np.int64)[:, None]
    parts, first = {}, 0
    for name, size in sizes.items():
        own = slice(first, first + size)
        patients = tuple(f"{row:016x}" for row in rows[own])
        parts[name] = Part(patients, rows[own], ("gt0",), labels[own], np.empty((size, 0)))
        first += size
    configuration = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["training"]
    configuration |= yaml.safe_load((ROOT / "studies/full.yaml").read_text(encoding="utf-8"))["training"]
    configuration |= {
        "backbone": arguments.backbone, "device": arguments.device, "batch_size": arguments.batch,
        "epochs": arguments.fold, "threads": arguments.threads, "compile": arguments.compile,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "images.npy")
        shape = (n, arguments.size, arguments.size)
        made = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        for row in rows:
            made[row] = np.random.default_rng(row).integers(0, 256, shape[1:], dtype=np.uint8)
        made.flush()
        start = time.perf_counter()
        fold = train_fold(
            file, parts, design=None, configuration=configuration, initial=None, seed=0, network_name="cxr", fold=0,
            member=0, code="", checkpoint_file=Path(folder, "checkpoint"),
        )  # fmt: skip
        seconds = time.perf_counter() - start
    epochs = [epoch["seconds"] for epoch in fold.metadata["history"]]
    return {
        "epochs": arguments.fold,
        "job_seconds": seconds,
        "seconds": fold.metadata["seconds"],
        "seconds_per_epoch": float(np.median(epochs)),
        "first_epoch_seconds": epochs[0],
        "images_per_second": float(np.median([epoch["images_per_second"] for epoch in fold.metadata["history"]])),
        "peak_gpu_memory_gb": (fold.metadata["peak_gpu_memory_bytes"] or 0) / 1e9,
    }


STARTED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from cacs_cxr.training import loop
def first_step(*_):
    print(time.process_time(), flush=True)
    raise SystemExit(0)
loop.augment = first_step
from time_training import whole_fold
import argparse, json
whole_fold(argparse.Namespace(**json.loads(sys.argv[2])), dict(train=64, tuning=16, test=16))
"""


def start_up(arguments: argparse.Namespace) -> dict[str, Any]:
    """Seconds from the start of Python to the first step of a training, and of processor time; the median of five."""
    small = vars(arguments) | {"fold": 1, "size": 64}
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        command = [sys.executable, "-c", STARTED, str(ROOT / "workflow/scripts"), json.dumps(small)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent).stdout
        runs.append((time.perf_counter() - start, float(told.split()[-1])))
    wall, processor = (float(np.median(values)) for values in zip(*runs, strict=True))
    return {"start_up_seconds": wall, "start_up_processor_seconds": processor}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="resnet34")
    parser.add_argument("--size", type=int, default=512, help="side of the radiographs in pixels")
    parser.add_argument("--batch", type=int, default=64, help="radiographs in a step")
    parser.add_argument("--count", type=int, default=4096, help="radiographs in the store")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of the engine; the first is not counted")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds for the ceiling")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the network")
    parser.add_argument("--workers", type=int, default=8, help="processes of the usual recipe's loader")
    parser.add_argument("--compile", action="store_true", help="compiled steps as well")
    parser.add_argument("--start-up", action="store_true", help="time a job from its start to the first step")
    parser.add_argument("--fold", type=int, default=0, help="time one whole fold of the full study with so many epochs")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    arguments = parser.parse_args()
    if arguments.start_up:
        print(json.dumps(start_up(arguments), indent=1))
        return
    if arguments.fold:
        print(
            json.dumps(
                whole_fold(arguments, FULL) | {"backbone": arguments.backbone, "compile": arguments.compile}, indent=1
            )
        )
        return
    device = prepare_device(arguments.device, threads=arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "images.npy")
        generator = np.random.default_rng(0)
        made = np.lib.format.open_memmap(
            file, mode="w+", dtype=np.uint8, shape=(arguments.count, arguments.size, arguments.size)
        )
        coarse = generator.integers(0, 256, (arguments.count, 16, 16), dtype=np.uint8)
        for number in range(arguments.count):  # smooth pictures, which PNG compresses as it does radiographs
            picture = Image.fromarray(coarse[number]).resize((arguments.size, arguments.size), Image.Resampling.BICUBIC)
            noise = generator.integers(0, 8, (arguments.size, arguments.size), dtype=np.uint8)
            made[number] = np.asarray(picture) // 2 + noise
        store = np.load(file, mmap_mode="r")
        result: dict[str, Any] = {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
            "torch": torch.__version__, "python": platform.python_version(),
            **{name: getattr(arguments, name) for name in ("backbone", "size", "batch", "count", "threads")},
        }  # fmt: skip
        for compiled in (False, True) if arguments.compile else (False,):
            name = "compiled_" if compiled else ""
            result[f"{name}ceiling"] = ceiling(arguments, device, compiled=compiled)
            rate, trained = engine(arguments, store, device, epochs=arguments.epochs, streamed=False, compiled=compiled)
            result[f"{name}engine"] = rate
            result[f"{name}engine_of_ceiling"] = rate / result[f"{name}ceiling"]
            result[f"{name}seconds"] = {key: round(value, 2) for key, value in trained.seconds.items()}
        result["streamed"] = engine(arguments, store, device, epochs=arguments.epochs, streamed=True, compiled=False)[0]
        result["streamed_of_ceiling"] = result["streamed"] / result["ceiling"]
        result["peak_gpu_memory_gb"] = (peak_memory_bytes(device) or 0) / 1e9
        some = store[: max(min(arguments.count, 1024), 4 * arguments.batch)]
        result["usual"], result["usual_loader_alone"], result["usual_gpu_utilisation"] = usual(arguments, some, device)
        result["engine_of_usual"] = result["engine"] / result["usual"]
        operations, moved = work_of(arguments)
        result["operations_per_image"], result["bytes_per_image"] = operations, moved
        if device.type == "cuda":
            peak_operations, peak_bytes = roofs(device)
            result["measured_peak_tflops"], result["measured_copy_tb_per_s"] = peak_operations / 1e12, peak_bytes / 1e12
            best = max(result["engine"], result.get("compiled_engine", 0.0))
            result["of_arithmetic_roof"] = best * operations / peak_operations
            result["of_bandwidth_roof"] = best * moved / peak_bytes
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
