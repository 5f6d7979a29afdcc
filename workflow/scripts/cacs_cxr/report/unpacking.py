"""Reading an archive safely: only regular files of known names, of bounded size, whose checksums agree."""

import hashlib
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.report.archive import (
    ANALYSIS,
    CARDS,
    CHECKSUMS,
    CONFIGURATION,
    FLOW,
    LICENCE,
    PREDICTIONS,
    README,
    SCHEMA,
    STUDY,
    TABLES,
    VERSIONS,
)
from cacs_cxr.report.supplements import SUPPLEMENTS

ANALYSIS_PARQUET, PREDICTIONS_PARQUET = "analysis.parquet", "predictions.parquet"
KNOWN = (
    ANALYSIS,
    ANALYSIS_PARQUET,
    PREDICTIONS,
    PREDICTIONS_PARQUET,
    STUDY,
    FLOW,
    CONFIGURATION,
    *SUPPLEMENTS,
    VERSIONS,
    SCHEMA,
    CARDS,
    LICENCE,
    CHECKSUMS,
    README,
)
LARGEST_MEMBER = 2 * 1024**3
MOST_ENTRIES = 1000
REPACK = "Pack the archive again from analysis and predictions, as docs/outputs.md describes."


def read_archive(path: Path, *, largest: int = LARGEST_MEMBER) -> dict[str, bytes]:
    """Content of the known files of an archive, by name; nothing is written.

    Args:
        path: a folder, or a .tar.gz whose files lie at its top or in one folder.
        largest: bytes that one file, and all of them together, may have.

    Raises:
        InputError: no such archive, not a .tar.gz, links or devices, paths that leave the archive, files too large, a
            file twice, a table absent or in both formats, checksums that differ.
    """
    name = str(path)
    if path.is_dir():
        members, faults = read_folder(path, largest=largest)
    elif path.is_file():
        try:
            members, faults = read_tar(path, largest=largest)
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise InputError([Fault(name, None, "", str(error), "a whole .tar.gz file", REPACK)]) from error
    else:
        remedy = "Give the path of a folder or .tar.gz as `archive`."
        raise InputError([Fault(name, None, "", "", "an archive at this path", remedy)])
    faults += list(checksum_faults(members, archive=name))
    for pair in ((ANALYSIS, ANALYSIS_PARQUET), (PREDICTIONS, PREDICTIONS_PARQUET)):
        present = [member for member in pair if member in members]
        if len(present) != 1 and not any(fault.file.endswith(pair) for fault in faults):
            found = " and ".join(present)
            faults.append(
                Fault(name, None, "", found, f"one of {pair[0]} and {pair[1]}", f"Put one of them in. {REPACK}")
            )
    if faults:
        raise InputError(faults)
    return members


def read_folder(path: Path, *, largest: int) -> tuple[dict[str, bytes], list[Fault]]:
    """Known files of a folder; symbolic links are refused."""
    members: dict[str, bytes] = {}
    faults = []
    for name in [*KNOWN, *(f"{TABLES}/{file.name}" for file in sorted((path / TABLES).glob("*.csv")))]:
        file = path / name
        if file.is_symlink():
            faults.append(
                Fault(str(file), None, "", "a link", "a regular file", "Copy the file itself into the folder.")
            )
        elif file.is_file():
            if file.stat().st_size > largest:
                faults.append(too_large(str(file), file.stat().st_size, largest))
            else:
                members[name] = file.read_bytes()
    return members, faults


def read_tar(path: Path, *, largest: int) -> tuple[dict[str, bytes], list[Fault]]:
    """Known files of a .tar.gz, read entry by entry without unpacking anything to disk."""
    members: dict[str, bytes] = {}
    faults: list[Fault] = []
    total = 0
    with tarfile.open(path, mode="r|gz") as archive:
        for number, entry in enumerate(archive):
            place = f"{path}: {entry.name}"
            if number >= MOST_ENTRIES:
                faults.append(Fault(str(path), None, "", "", f"at most {MOST_ENTRIES} entries", REPACK))
                break
            inner = PurePosixPath(entry.name)
            if inner.is_absolute() or ".." in inner.parts or "\\" in entry.name:
                faults.append(Fault(place, None, "", entry.name, "a path inside the archive", REPACK))
                continue
            if entry.isdir():
                continue
            if not entry.isreg():
                faults.append(Fault(place, None, "", "a link or device", "a regular file", REPACK))
                continue
            total += entry.size
            if total > largest:
                faults.append(too_large(place, total, largest))
                break
            name = member_name(inner)
            if name is None:
                continue
            if name in members:
                faults.append(Fault(place, None, "", "the file twice", "each file once", REPACK))
                continue
            content = archive.extractfile(entry)
            assert content is not None
            members[name] = content.read()
    return members, faults


def member_name(path: PurePosixPath) -> str | None:
    """Name of a known file or printed table, at the top of an archive or in its one folder; None for any other."""
    tail = path.parts[-2:] if path.parts[-2:-1] == (TABLES,) else path.parts[-1:]
    name = "/".join(tail)
    known = path.suffix == ".csv" if len(tail) == 2 else name in KNOWN
    return name if known and len(path.parts) - len(tail) <= 1 else None


def too_large(place: str, size: int, largest: int) -> Fault:
    """Fault of a file, or of all files together, beyond the bound."""
    return Fault(place, None, "", f"{size:,} bytes", f"at most {largest:,} bytes", REPACK)


def checksum_faults(members: Mapping[str, bytes], *, archive: str) -> Iterator[Fault]:
    """Faults of files that differ from checksums.txt or are missing; none where the archive has no such file."""
    if CHECKSUMS not in members:
        return
    place = f"{archive}: {CHECKSUMS}"
    for number, line in enumerate(members[CHECKSUMS].decode("utf-8", errors="replace").splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not name:
            yield Fault(place, number, "", line[:80], "a checksum, two blanks and a file name", REPACK)
        elif name not in members:
            remedy = "Get the archive again, or leave out checksums.txt where the files were changed on purpose."
            yield Fault(f"{archive}: {name}", None, "", "", "the file that checksums.txt names", remedy)
        elif hashlib.sha256(members[name]).hexdigest() != digest.lower():
            remedy = "Get the archive again, or leave out checksums.txt where the files were changed on purpose."
            yield Fault(f"{archive}: {name}", None, "", "other content", "the SHA-256 in checksums.txt", remedy)
