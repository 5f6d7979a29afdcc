"""Pseudonyms: the only form in which a patient or a DICOM UID passes the index of radiographs and the cohort stage."""

import hashlib
import hmac
import os
import tempfile
from pathlib import Path

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.seeds import derive_seed

KEY_VARIABLE = "CACS_CXR_KEY"
KEY_CHECK = "key_check"  # attribute of a table of pseudonyms, written to Parquet with it


def pseudonym(identifier: str, *, key: bytes) -> str:
    """Keyed pseudonym of an identifier: the first 16 hexadecimal digits of HMAC-SHA256.

    Args:
        identifier: patient identifier or DICOM UID; surrounding white space does not count.
        key: secret key, at least 16 bytes.

    Returns:
        16 lower-case hexadecimal digits; an empty string for an empty identifier.
    """
    text = identifier.strip()
    return hmac.digest(key, text.encode("utf-8", "backslashreplace"), "sha256").hex()[:16] if text else ""


def key_check(key: bytes) -> str:
    """What a table of pseudonyms keeps of its key: equal for equal keys, and no help to find the key."""
    return pseudonym("check of the key, the pseudonym of nobody", key=key)


def study_key(*, simulated: bool, seed: int, key_file: Path) -> bytes:
    """Secret of a study's pseudonyms: from the seed where it is simulated, else from the environment or the file.

    Raises:
        InputError: as `real_key`.
    """
    return simulated_key(seed) if simulated else real_key(key_file)


def simulated_key(seed: int) -> bytes:
    """Key of a simulated study: derived from its seed, so that a study is the same bits twice."""
    return hashlib.sha256(f"simulated {derive_seed(seed, 'pseudonyms')}".encode()).digest()


def make_key(key_file: Path) -> None:
    """Make the key file of a study on real patients, unless it or a key in the environment exists.

    The file has random bytes and mode 0600, and appears whole: of several jobs that make it at once, one does.
    """
    if os.environ.get(KEY_VARIABLE) or key_file.exists():
        return
    key_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{key_file.name}.", dir=key_file.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex())
            file.flush()
            os.fsync(file.fileno())
        os.link(name, key_file)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)


def real_key(key_file: Path) -> bytes:
    """Key of a study on real patients: from the environment, else from its file; never made here.

    Raises:
        InputError: no key, or one of fewer than 16 bytes, with its source and the remedy.
    """
    anew = "index the radiographs again, which makes one: snakemake --forcerun index_radiographs"
    if text := os.environ.get(KEY_VARIABLE):
        key, source = text.encode(), f"environment variable {KEY_VARIABLE}"
    elif key_file.is_file():
        key, source = key_file.read_bytes().strip(), str(key_file)
    else:
        remedy = f"Put it back, or set {KEY_VARIABLE}. If the key is lost, {anew}; all pseudonyms change."
        raise InputError([Fault(str(key_file), None, "", "no such file", "the key of the study's pseudonyms", remedy)])
    if len(key) < 16:
        remedy = f"Set a longer one, or remove it and {anew}."
        raise InputError([Fault(source, None, "", f"a key of {len(key)} bytes", "at least 16 bytes", remedy)])
    return key
