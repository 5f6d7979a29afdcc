"""An easy phantom for tests of training: noise with a bright disc whose size tells the label."""

import numpy as np
import numpy.typing as npt
import pandas as pd

CONFIGURATION = {
    "backbone": "test_byobnet",
    "init": "none",
    "device": "cpu",
    "threads": 1,
    "epochs": 2,
    "batch_size": 16,
    "learning_rate": 3e-3,
    "weight_decay": 0.05,
    "ema_decay": 0,
    "imbalance": "none",
    "compile": False,
    "image_memory_gb": None,
    "test_time_views": 0,
    "checkpoint_seconds": 3600,
    "augmentation": {
        "rotation_degrees": 7,
        "scale": 0.1,
        "shift": 0.05,
        "brightness": 0.1,
        "contrast": 0.1,
        "erasing": 0,
    },
}


def discs(labels: npt.NDArray[np.int64], *, side: int, seed: int) -> npt.NDArray[np.uint8]:
    """Images uint8 [n, side, side]: a disc of radius 0.45 for label 1, 0.3 for label 0, in units of half the side."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / (side - 1) * 2 - 1
    centre = random.uniform(-0.2, 0.2, (len(labels), 2, 1, 1))
    distance = np.hypot(x - centre[:, 0], y - centre[:, 1])
    disc = distance < np.where(labels == 1, 0.45, 0.3)[:, None, None]
    return np.clip(90 + 80 * disc + random.normal(0, 20, disc.shape), 0, 255).astype(np.uint8)


def small_study(n: int, *, side: int, seed: int) -> tuple[npt.NDArray[np.uint8], pd.DataFrame, pd.DataFrame]:
    """Images, cohort and one fold (60 % training, 20 % tuning, 20 % test) of n patients, half of them positive."""
    labels = np.arange(n) % 2
    part = np.array(["train", "train", "train", "tuning", "test"])[(np.arange(n) // 2) % 5]
    patients = [f"{number:016x}" for number in range(n)]
    cohort = pd.DataFrame({"site": "a", "patient": patients, "row": np.arange(n), "cacs": labels * 50.0})
    folds = pd.DataFrame({"patient": patients, "fold": 0, "part": part})
    return discs(labels, side=side, seed=seed), cohort, folds
