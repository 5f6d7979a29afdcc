"""Faults of the input: what was found, where, what was expected and what to do; all of them raised together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

SHOWN = 5  # rows that a message names of each kind of fault


@dataclass(frozen=True)
class Fault:
    """One fault of an input file.

    Attributes:
        file: the file as the configuration names it.
        row: line of the file as a spreadsheet shows it (the header is row 1), or None where no row is at fault.
        column: column as the file names it, or "" where no column is at fault.
        value: what was found; never a patient's name or identifier.
        expected: the rule that it breaks.
        remedy: what to do about it.
    """

    file: str
    row: int | None
    column: str
    value: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column:
            place += f", {'key' if self.file.startswith('configuration') else 'column'} '{self.column}'"
        found = f" found {self.value!r};" if self.value else ""
        return f"{place}:{found} expected {self.expected}. {self.remedy}"


class InputError(Exception):
    """The input cannot be used as it is; carries every fault found.

    Its message lists them all, those of one rule in one column together: a column that is wrong throughout is one line.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        kinds: dict[tuple[str, str, str, str], list[Fault]] = {}
        for fault in self.faults:
            kinds.setdefault((fault.file, fault.column, fault.expected, fault.remedy), []).append(fault)
        count = len(self.faults)
        heading = f"{count} fault{'s' if count != 1 else ''} in the input"
        heading += f", of {len(kinds)} kind{'s' if len(kinds) != 1 else ''}" if len(kinds) < count else ""
        lines = (f"  {number}. {_told_together(kind)}" for number, kind in enumerate(kinds.values(), start=1))
        super().__init__("\n".join([f"{heading}:", *lines]))


def _told_together(kind: Sequence[Fault]) -> str:
    """Faults of one rule in one column as one line: the first rows with what was found, and how many others."""
    if len(kind) == 1:
        return str(kind[0])
    rows = [fault for fault in kind if fault.row is not None]
    others = [fault.value for fault in kind if fault.row is None and fault.value]
    shown = [f"row {fault.row}" + (f" {fault.value!r}" if fault.value else "") for fault in rows[:SHOWN]]
    if len(rows) > SHOWN:
        shown.append(f"{len(rows) - SHOWN} further rows")
    whole = replace(kind[0], row=None, value="")
    return str(whole).replace(": expected", f": found {', '.join([*shown, *others])}; expected", 1)
