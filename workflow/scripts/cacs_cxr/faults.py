"""Faults of the input: what was found, where, what was expected and what to do; all of them raised together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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
    """The input cannot be used as it is; carries every fault found, listed in its message."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        count = len(self.faults)
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(self.faults, start=1))
        super().__init__(f"{count} fault{'s' if count != 1 else ''} in the input:\n{lines}")
