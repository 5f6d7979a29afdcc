"""Digest of a rule's code: what its script and the library modules that it imports mean, not how they are written.

Snakemake's own trigger looks at a script's modification time and never at what the script imports. A digest among a
rule's params does better: a comment, a docstring, a touch or a fresh clone changes nothing; an edited helper reruns
exactly the rules that use it. Every parse of the Snakefile pays for this, and on a cluster each job parses it twice:
only the standard library is imported, and what a file means is kept beside Python's bytecode, by the hash of its text.
"""

import ast
import atexit
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).parent / "__pycache__" / f"code_digest.{sys.implementation.cache_tag}.json"


@dataclass(frozen=True)
class _Module:
    """A module's meaning, as a hash, and the names of all that it imports or may import."""

    meaning: str
    imports: tuple[str, ...]


def code_digest(script: str) -> str:
    """Twelve hexadecimal digits that change when the meaning of a script or of a local module that it uses changes.

    Args:
        script: file name of a script in workflow/scripts.

    Returns:
        Digest over the syntax trees, without docstrings and comments, of the script and of every module of this
        library that it imports, directly or not, and over the data files beside those modules.
    """
    digest = hashlib.sha256()
    for path in sorted(files_behind(SCRIPTS / script)):
        content = _module(path).meaning if path.suffix == ".py" else path.read_text(encoding="utf-8")
        digest.update(f"{path.relative_to(SCRIPTS).as_posix()}\x1f{content}\x1e".encode())
    return digest.hexdigest()[:12]


def files_behind(script: Path) -> set[Path]:
    """A script, every module of this library that it imports, directly or not, and the data files beside those."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting.extend(file for name in _module(path).imports for file in _files(name))
        if path.parent != SCRIPTS:
            found.update(_data_files(path.parent))
    return found


@cache
def _data_files(folder: Path) -> tuple[Path, ...]:
    kinds = {".jinja", ".css", ".js", ".yaml"}
    return tuple(item for item in folder.iterdir() if item.is_file() and item.suffix in kinds)


@cache
def _files(module: str) -> tuple[Path, ...]:
    place = SCRIPTS.joinpath(*module.split("."))
    return tuple(file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())


@cache
def _module(path: Path) -> _Module:
    text = path.read_bytes()
    key = hashlib.sha256(text).hexdigest()
    kept = _kept()
    if key not in kept:
        kept[key] = _understood(text)
        _keep_at_exit()
    return kept[key]


@cache
def _kept() -> dict[str, _Module]:
    """What is known of texts by their hash: read once, and added to by this process."""
    try:
        known = json.loads(KEPT.read_text(encoding="utf-8"))
        return {key: _Module(item["meaning"], tuple(item["imports"])) for key, item in known.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Absent, or cut off by a full disk: it is only a copy of what the files say.
        return {}


@cache
def _keep_at_exit() -> None:
    """Write what was learnt when this process ends, once."""
    if not sys.dont_write_bytecode:
        atexit.register(_keep)


def _keep() -> None:
    """Write what is known of the present files, whole; where nothing can be written it only takes time again."""
    present = {hashlib.sha256(path.read_bytes()).hexdigest() for path in SCRIPTS.rglob("*.py")}
    content = json.dumps({key: asdict(module) for key, module in _kept().items() if key in present})
    try:
        KEPT.parent.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{KEPT.name}.", dir=KEPT.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            Path(name).replace(KEPT)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError:
        return


def _understood(text: bytes) -> _Module:
    tree = ast.parse(text)
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                first.value.value = ""
    return _Module(hashlib.sha256(ast.unparse(tree).encode()).hexdigest(), tuple(dict.fromkeys(names)))
