"""What must not leave with an archive: identifiers, dates, great ages, addresses and places of files."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.faults import Fault, InputError
from cacs_cxr.image_columns import IMAGE_COLUMNS, INTERVAL
from cacs_cxr.report.archive import (
    ANALYSIS,
    CARDS,
    CHECKSUMS,
    CONFIGURATION,
    FLOW,
    FLOW_COLUMNS,
    LICENCE,
    PREDICTION_COLUMNS,
    PREDICTIONS,
    README,
    SCHEMA,
    STUDY,
    TABLES,
    VERSIONS,
)
from cacs_cxr.report.configuration import setting
from cacs_cxr.report.supplements import SUPPLEMENTS
from cacs_cxr.report.text_table import text_table
from cacs_cxr.row_faults import row_faults
from cacs_cxr.study import Study

MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    "Nov(?:ember)?|Dec(?:ember)?"
)
MONTHS = f"{MONTHS}|{'|'.join(['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'])}"
YEAR, MONTH, DAY = r"(?:19\d\d|20\d\d|2100)", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
DATES = (
    rf"{YEAR}(?P<sign>[-./]){MONTH}(?P=sign){DAY}(?:T\d\d)?",
    rf"{DAY}/{DAY}/(?:{YEAR}|\d\d)",
    rf"{DAY}(?P<mark>[.-]){DAY}(?P=mark){YEAR}",
    r"[0-3]\d(?P<dot>[.-])[0-3]\d(?P=dot)\d\d",
    rf"{YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{6}})?",
    rf"{DAY}(?:st|nd|rd|th)?[ .-]{{1,2}}(?:{MONTHS})",
    rf"(?:{MONTHS})\.?[ -](?:{DAY}(?:st|nd|rd|th)?,? )?{YEAR}",
)
SECRETS = {
    "a date": re.compile(rf"(?<![\w.])(?:{'|'.join(DATES)})(?!\w|\.\d)"),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    "the path of a file": re.compile(
        r"(?:^|[\s\"'(=,:])(?:~|\.{1,2})?(?:/[\w.$~-]+){2,}|\b[A-Za-z]:[\\/]|\\\\\w|file://"
    ),
    "a DICOM UID": re.compile(r"(?<![\w.])[0-2](?:\.(?:0|[1-9]\d*)){4,}(?![\w.])"),
}
IDENTIFIER = "an identifier of a site's table"
TOO_OLD = "an age above deidentification.greatest_age"
PSEUDONYM = re.compile(r"[0-9a-f]{16}")
SHORTEST_IN_PROSE = 4
LONGEST_FOLLOW_UP = 55_000
TEXT_COLUMNS = (
    *("patient", "site", "label", "vendor", "part", "item", "note", "model", "threshold", "unit", "kind"),
    *("view", "corruption"),
    *("stage", "rule", "after", "network", "backbone", "initialisation", "device", "torch", "timm", "term"),
)
JSON_MEMBERS, TEXT_MEMBERS = (STUDY, CONFIGURATION, VERSIONS, SCHEMA), (README, CARDS, LICENCE)
RESTRICTED = ("index.parquet", "patients.parquet", "selection.parquet", "pseudonym.key")
EXPECTED = "nothing that tells who or when somebody was"
REMEDY = "Take it out of the configuration or of the table it came from; nothing was written."


@dataclass(frozen=True)
class Known:
    """What is known of the patients' tables, and must be found nowhere.

    Attributes:
        patients: whether the column patient holds the study's own pseudonyms, or (in a study rebuilt from somebody's
            archive) whatever that archive has.
        identifiers: of the sites' patients, where their tables are still there.
        files: names of tables that hold them.
    """

    patients: Literal["pseudonyms", "received"]
    identifiers: frozenset[str] = frozenset()
    files: Sequence[str] = field(default=RESTRICTED)


def check_deidentified(members: Mapping[str, bytes], study: Study, *, known: Known) -> None:
    """Refuse an archive that holds more than it may.

    Columns are those of the white lists; patients are pseudonyms; times are whole days; where the configuration caps
    ages none lies above the cap; and no text looks like a date, an e-mail address, a path, a DICOM UID, a restricted
    file or an identifier of the sites' tables. Words of titles and labels are free: the name of a month is a date only
    beside a number. Of identifiers shorter than `SHORTEST_IN_PROSE` only whole cells of text columns are compared,
    since "18" stands in "younger than 18 years".

    Args:
        members: content of every file by name, as `cacs_cxr.report.archive.archive_members` returns it.
        study: gives biomarker and factors.
        known: what must not be found.

    Raises:
        InputError: every finding with member, row and column; what was found is never shown.
    """
    continuous = [factor.name for factor in study.factors if factor.kind == "continuous"]
    columns = {
        ANALYSIS: [
            *("patient", "site", "fold", study.biomarker.name),
            *(factor.name for factor in study.factors),
            *("followup_days", "event"),
            *IMAGE_COLUMNS,
        ],
        PREDICTIONS: PREDICTION_COLUMNS,
        FLOW: FLOW_COLUMNS,
        **{file: list(kinds) for file, kinds in SUPPLEMENTS.items()},
    }
    faults = [
        Fault(name, None, "", "", "no file but those of the format", "Leave it out.")
        for name in members
        if name not in {*columns, *JSON_MEMBERS, *TEXT_MEMBERS, CHECKSUMS} and not name.startswith(f"{TABLES}/")
    ]
    for name in (name for name in columns if name in members):
        table = text_table(members[name], file=name)
        if strange := [place for place, column in enumerate(table.columns) if column not in columns[name]]:
            faults.append(Fault(name, 1, f"number {strange[0] + 1}", "", "only columns of the format", "Remove it."))
            table = table[[column for column in table.columns if column in columns[name]]]
        faults += table_faults(table, name=name, known=known)
        if name == ANALYSIS:
            cap = setting(json.loads(members.get(CONFIGURATION, b"{}")), "deidentification.greatest_age")
            faults += analysis_faults(table, numbers=[study.biomarker.name, *continuous], greatest_age=cap)
    for name in (name for name in members if name.startswith(f"{TABLES}/")):
        faults += table_faults(text_table(members[name], file=name), name=name, known=known)
    for name in JSON_MEMBERS:
        for key, text in texts_of(json.loads(members.get(name, b"{}"))):
            faults += [found(name, None, key, kind) for kind in kinds_of(text, known=known)]
    for name in TEXT_MEMBERS:
        for number, line in enumerate(members.get(name, b"").decode().splitlines(), start=1):
            faults += [found(name, number, "", kind) for kind in kinds_of(line, known=known)]
    if faults:
        raise InputError(faults)


def found(member: str, row: int | None, column: str, kind: str) -> Fault:
    """Fault of a place that holds something of a kind."""
    return Fault(member, row, column, kind, EXPECTED, REMEDY)


def table_faults(table: pd.DataFrame, *, name: str, known: Known) -> Iterator[Fault]:
    """Secrets in any cell, and patients who are not pseudonyms."""
    for column in table.columns:
        cells = table[column]
        own = column == "patient" and known.patients == "pseudonyms"
        if own:
            wrong = ~cells.str.fullmatch(PSEUDONYM).to_numpy()
            yield from shown(wrong, name=name, column=column, kind="no pseudonym of 16 hexadecimal digits")
        kinds: dict[str, list[str]] = {}
        for text in cells.unique():
            whole = {IDENTIFIER} if column in TEXT_COLUMNS and text in known.identifiers else set()
            for kind in {*kinds_of(text, known=known, prose=column in TEXT_COLUMNS), *whole}:
                kinds.setdefault(kind, []).append(text)
        for kind, texts in sorted(kinds.items()):
            yield from shown(cells.isin(texts).to_numpy(), name=name, column=column, kind=kind)


def analysis_faults(table: pd.DataFrame, *, numbers: Sequence[str], greatest_age: object) -> Iterator[Fault]:
    """Times that are no days, numbers that are none, and ages above the cap."""
    for column in ("fold", "followup_days", "event", INTERVAL):
        if column not in table:
            continue
        value = pd.to_numeric(table[column].mask(table[column] == ""), errors="coerce").to_numpy(float)
        wrong = (table[column] != "").to_numpy() & ~(value == np.floor(value))
        wrong |= np.abs(value) > LONGEST_FOLLOW_UP
        yield from shown(wrong, name=ANALYSIS, column=column, kind="no small integer")
    for column in numbers:
        value = pd.to_numeric(table[column], errors="coerce").to_numpy(float, na_value=np.nan)
        yield from shown(np.isnan(value) & (table[column] != "").to_numpy(), name=ANALYSIS, column=column, kind="text")
        if column == "age" and isinstance(greatest_age, int | float):
            yield from shown(value > greatest_age + 1, name=ANALYSIS, column=column, kind=TOO_OLD)


def shown(wrong: npt.NDArray[np.bool_], *, name: str, column: str, kind: str) -> list[Fault]:
    """Faults of the marked rows, with the kind of the finding in place of what was found."""
    kinds = pd.Series([kind] * wrong.size)
    return row_faults(wrong, file=name, column=column, values=kinds, expected=EXPECTED, remedy=REMEDY)


def kinds_of(text: str, *, known: Known, prose: bool = True) -> list[str]:
    """What kinds of secret a text holds; identifiers are looked for in prose only, numbers may equal them by chance."""
    kinds = [kind for kind, pattern in SECRETS.items() if pattern.search(text)]
    if prose:
        tokens = {*re.findall(r"\w+", text), *re.findall(r"[\w.-]*\w", text), text.strip()}
        if any(len(token) >= SHORTEST_IN_PROSE and token in known.identifiers for token in tokens):
            kinds.append(IDENTIFIER)
        if any(re.search(rf"(?<![\w.]){re.escape(file)}(?!\w)", text) for file in known.files):
            kinds.append("the name of a file that holds identifiers")
    return kinds


def texts_of(value: Any, *, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested plain values with its dotted key; keys are texts too."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            place = f"{key}.{name}".lstrip(".")
            yield key or "top", str(name)
            yield from texts_of(item, key=place)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from texts_of(item, key=f"{key}.{number}".lstrip("."))
    elif isinstance(value, str):
        yield key, value
