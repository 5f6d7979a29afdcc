"""Pseudonyms: the only form in which a patient or a DICOM UID passes the cohort stage."""

import hashlib
import hmac
import os
from pathlib import Path

from cacs_cxr.seeds import derive_seed

KEY_VARIABLE = "CACS_CXR_KEY"


def pseudonym(identifier: str, *, key: bytes) -> str:
    """Keyed pseudonym of an identifier: the first 16 hexadecimal digits of HMAC-SHA256.

    Args:
        identifier: patient identifier or DICOM UID; surrounding white space does not count.
        key: secret key, at least 16 bytes.

    Returns:
        16 lower-case hexadecimal digits; an empty string for an empty identifier.
    """
    text = identifier.strip()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16] if text else ""


def simulated_key(seed: int) -> bytes:
    """Key of a simulated study: derived from its seed, so that a study is the same bits twice."""
    return hashlib.sha256(f"simulated {derive_seed(seed, 'pseudonyms')}".encode()).digest()


def real_key(key_file: Path) -> bytes:
    """Key of a study on real patients: from the environment, else from a file, which is made when it is missing.

    Args:
        key_file: file of the key, outside results; created with random bytes and mode 0600 where absent.

    Raises:
        ValueError: a key of fewer than 16 bytes, with its source and the remedy.
    """
    if text := os.environ.get(KEY_VARIABLE):
        key, source = text.encode(), f"environment variable {KEY_VARIABLE}"
    else:
        key_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(os.urandom(32).hex())
        key, source = key_file.read_bytes().strip(), str(key_file)
    if len(key) < 16:
        raise ValueError(
            f"{source}: a key of {len(key)} bytes, expected at least 16. Set a longer one, or remove it: one is made."
        )
    return key
