"""Digest of a rule's code: what its script and the library modules that it imports mean, not how they are written.

Snakemake's own trigger looks at a script's modification time and never at what the script imports. A digest among a
rule's params does better: a comment, a docstring, a touch or a fresh clone changes nothing; an edited helper reruns
exactly the rules that use it. Only the standard library is imported here, since every parse of the Snakefile pays it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


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
        content = _meaning(path) if path.suffix == ".py" else path.read_text(encoding="utf-8")
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
        waiting.extend(_imports(path))
        if path.parent != SCRIPTS:
            found.update(
                item
                for item in path.parent.iterdir()
                if item.is_file() and item.suffix in {".jinja", ".css", ".js", ".yaml"}
            )
    return found


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(file for module in modules for file in _files(module))


def _files(module: str) -> list[Path]:
    place = SCRIPTS.joinpath(*module.split("."))
    return [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]


@cache
def _meaning(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                first.value.value = ""
    return ast.unparse(tree)
