"""Files beside the modules of the report, and how text is set in its pages."""

import re
from importlib import resources


def asset(name: str) -> str:
    """Text of a template, style sheet or script."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def bound(text: str) -> str:
    """Text whose signs stay on the line of their number: no-break spaces after ≥ or =, before %, within ``95 % CI``."""
    held = re.sub(r"(?<=[<>≥=±]) (?=[\d.])", "\u00a0", text)
    held = re.sub(r"(?<=\d) (?=%)", "\u00a0", held)
    return re.sub(r"\b(p|CACS|%) (?=[<>≥=C])", "\\1\u00a0", held.replace("% CI ", "%\u00a0CI\u00a0"))
