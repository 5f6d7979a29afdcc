"""The study as a graph: which rule of which stage needs which others, and how many jobs it has.

Only the standard library is imported here, since every parse of the Snakefile pays it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

STAGE_COLUMNS = ("stage", "rule", "jobs", "after")
SEPARATOR = " "


@dataclass(frozen=True)
class DeclaredRule:
    """A rule as the workflow declares it.

    Attributes:
        name: of the rule.
        stage: the stage whose file declares it.
        inputs: its files, or patterns of files with wildcards in braces.
        outputs: its files or patterns of files; none for a rule that only collects others.
    """

    name: str
    stage: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def stage_rows(rules: Sequence[DeclaredRule], *, targets: Iterable[str]) -> list[dict[str, Any]]:
    """Rules that the targets need, each after all that it needs: a row of `STAGE_COLUMNS` for each.

    Args:
        rules: of the whole workflow, in any order.
        targets: files that are wanted in the end.

    Returns:
        stage, rule, jobs (how many different files of it the other rules ask for by name, at least one) and after (the
        rules whose files it reads, without those that these need anyway, joined by blanks).
    """
    makers = {rule.name: rule for rule in rules if rule.outputs}
    needs = {name: makers_of(rule.inputs, makers) for name, rule in makers.items()}
    wanted, waiting = set(), makers_of(targets, makers)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting |= needs[name]
    steps = {name: step for name in wanted for step in [_step(name, needs)]}
    order = {name: place for place, name in enumerate(makers)}
    asked = [file for rule in rules for file in rule.inputs]
    return [
        {
            "stage": makers[name].stage,
            "rule": name,
            "jobs": jobs(makers[name], asked),
            "after": SEPARATOR.join(sorted(reduced(needs[name], needs), key=order.__getitem__)),
        }
        for name in sorted(wanted, key=lambda name: (steps[name], order[name]))
    ]


def steps(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Step of every rule: 0 where it needs no other, else one more than the last of those that it needs."""
    needs = {str(row["rule"]): set(str(row["after"]).split()) for row in rows}
    return {name: _step(name, needs) for name in needs}


def _step(name: str, needs: Mapping[str, Collection[str]]) -> int:
    @cache
    def step(rule: str) -> int:
        return 1 + max((step(other) for other in needs[rule]), default=-1)

    return step(name)


def makers_of(files: Iterable[str], makers: Mapping[str, DeclaredRule]) -> set[str]:
    """Names of the rules that make any of the files; the file of a folder counts as the folder's."""
    return {
        name for name, rule in makers.items() if any(_makes(output, file) for output in rule.outputs for file in files)
    }


def reduced(direct: Collection[str], needs: Mapping[str, Collection[str]]) -> set[str]:
    """The rules that are needed directly and not already by another of them."""

    @cache
    def behind(name: str) -> frozenset[str]:
        return frozenset(needs[name]).union(*(behind(other) for other in needs[name]))

    return {name for name in direct if not any(name in behind(other) for other in direct)}


def jobs(rule: DeclaredRule, asked: Collection[str]) -> int:
    """How many jobs the rule has: different values of its wildcards among the files that are asked for by name."""
    named = [file for file in asked if "{" not in file]
    return max(
        1,
        *(
            len({found.groups() for file in named if (found := _pattern(output).fullmatch(file))})
            for output in rule.outputs
        ),
    )


def _makes(output: str, file: str) -> bool:
    return bool(_pattern(output).fullmatch(file)) or _plain(output) == _plain(file)


def _plain(pattern: str) -> str:
    return re.sub(r"\{(\w+)[^{}]*\}", r"{\1}", pattern)


@cache
def _pattern(output: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+(?:,[^{}]*)?\}", output)
    return re.compile(r"([^/]+?)".join(re.escape(part) for part in parts))
