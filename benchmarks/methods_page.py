"""Tables of measured numbers in docs/methods.md, between markers that name the script that made them."""

from collections.abc import Sequence
from pathlib import Path

METHODS = Path(__file__).resolve().parents[1] / "docs" / "methods.md"


def write_table(lines: Sequence[str], *, script: str) -> None:
    """Put lines in the place of those between the script's markers.

    Args:
        lines: the table, and what else stands there.
        script: name of the script, as the opening marker has it.

    Raises:
        ValueError: the page has no such markers.
    """
    begin, end = f"<!-- made by benchmarks/{script} --write -->", f"<!-- end of benchmarks/{script} -->"
    page = METHODS.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        raise ValueError(f"docs/methods.md: found no {begin!r} followed by {end!r}; expected both. Put them in.")
    before, _, rest = page.partition(begin)
    METHODS.write_text("\n".join([f"{before}{begin}", *lines, f"{end}{rest.partition(end)[2]}"]), encoding="utf-8")
