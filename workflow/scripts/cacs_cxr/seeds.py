"""One seed in the configuration, a derived one for every place that draws."""

import hashlib


def derive_seed(seed: int, *parts: str | int) -> int:
    """Seed for one place of the study, derived from the study's seed.

    Args:
        seed: the study's seed, any integer.
        parts: what tells this place from others, e.g. ``("train", "ge100", 3)``.

    Returns:
        An integer in [0, 2**63), the same on every platform and Python version.
    """
    text = "\x1f".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
