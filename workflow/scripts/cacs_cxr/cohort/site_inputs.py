"""What a site hands over: as the configuration declares it, and as checked tables; and who and what is eligible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import pandas as pd


@dataclass(frozen=True)
class PriorCondition:
    """A condition before the study that excludes a patient, from a column of the patients table."""

    name: str
    label: str
    kind: Literal["yes_no", "date"]
    missing: Literal["include", "exclude"]


@dataclass(frozen=True)
class TableInput:
    """A table of a site: where it is, the column of each thing that the study wants, and how its cells are written.

    Attributes:
        file: delimited text, Excel or Parquet; empty where the table comes from a database.
        columns: name in the table of each thing that the study wants.
        database: address of a database, or ``$NAME`` of the environment variable that holds it.
        query: SELECT that gives the table.
        sheet: sheet of a workbook; None for the first.
        encoding: of a text file; None to find it out.
        decimal: sign of the decimals in every number of the table.
        coding: for a thing of two levels, the level that each code means.
        units: unit in which a quantity is given, where it is not the study's own.
        missing: codes of missing values besides the usual ones, by thing; ``all`` for every column.
        name: site and table, for messages, e.g. ``"home.patients"``.
    """

    file: str
    columns: Mapping[str, str]
    database: str = ""
    query: str = ""
    sheet: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    coding: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    name: str = ""

    @property
    def place(self) -> str:
        """What messages call the table: its file, or the query of it."""
        return self.file or f"query of {self.name}"

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], *, name: str) -> Self:
        """Table from plain values; columns set to null count as not given."""
        return cls(
            file=str(content.get("file") or ""),
            columns={key: str(column) for key, column in content["columns"].items() if column is not None},
            database=str(content.get("database") or ""),
            query=str(content.get("query") or ""),
            sheet=content.get("sheet"),
            encoding=content.get("encoding"),
            decimal=content.get("decimal", "."),
            coding=content.get("coding") or {},
            units=content.get("units") or {},
            missing={key: [str(code) for code in codes] for key, codes in (content.get("missing") or {}).items()},
            name=name,
        )


@dataclass(frozen=True)
class EventCodes:
    """What the values of the event column mean; rows of ignored ones are left out."""

    none: Sequence[str] = ("0",)
    event: Sequence[str] = ("1",)
    competing: Sequence[str] = ("2",)
    ignored: Sequence[str] = ()

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Codes from the mapping `events` of a site's outcomes; what is not named there keeps its default."""
        return cls(**{meaning: tuple(map(str, values)) for meaning, values in content.items()})


@dataclass(frozen=True)
class SiteInput:
    """Where a site's patients, scores, outcomes and radiographs are.

    Attributes:
        dates: form of every date of the site: ISO dates, or integer days on any scale of the patient's own.
        outcomes: None where the site has no follow-up.
        folder: folder of the radiographs.
        date_format: form of the tables' dates besides ISO, e.g. ``"%d.%m.%Y"``; None for ISO only.
        events: meaning of the event column's values.
    """

    name: str
    role: Literal["development", "external"]
    dates: Literal["iso", "days"]
    patients: TableInput
    scores: TableInput
    outcomes: TableInput | None
    folder: str
    date_format: str | None = None
    events: EventCodes = field(default_factory=EventCodes)

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Site from an item of the configuration's list `sites`."""
        name, outcomes = content["name"], content.get("outcomes")
        return cls(
            name=name,
            role=content["role"],
            dates=content.get("dates", "iso"),
            patients=TableInput.from_plain(content["patients"], name=f"{name}.patients"),
            scores=TableInput.from_plain(content["scores"], name=f"{name}.scores"),
            outcomes=TableInput.from_plain(outcomes, name=f"{name}.outcomes") if outcomes else None,
            folder=str(content["radiographs"]["folder"]),
            date_format=content.get("date_format"),
            events=EventCodes.from_plain((outcomes or {}).get("events") or {}),
        )


@dataclass(frozen=True)
class SiteTables:
    """The checked tables of a site, and where they came from.

    Attributes:
        patients: patient (identifier as text), one column a factor, table_row (row in the spreadsheet); where the site
            gives them birth_day (day on the site's scale; age is then NaN) and one column a prior condition (1, 0 or
            NaN for yes_no; for a date its day, NaN where there is none).
        scores: patient, value (NaN: missing), day (days on the site's scale; NaN where scores have no date).
        outcomes: patient, day, event (0 end of follow-up, 1 the event, 2 competing death); any number a patient.
        strangers: rows of scores and of outcomes for patients whom the patients table does not list; not used.
        notes: what is no fault but should be looked at, in sentences.
    """

    site: SiteInput
    patients: pd.DataFrame
    scores: pd.DataFrame
    outcomes: pd.DataFrame
    strangers: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FollowUpRules:
    """How follow-up is counted.

    Attributes:
        time_zero: where it starts: at the later of radiograph and score, or at one of them.
        landmark_days: days after time zero at which it starts instead; whoever has an outcome until then is left out.
        events_after_end: what becomes of an event after the end of follow-up.
    """

    time_zero: Literal["later", "score", "radiograph"]
    landmark_days: int
    events_after_end: Literal["censor", "count"]


@dataclass(frozen=True)
class Eligibility:
    """Which patients and radiographs are taken.

    Attributes:
        patient_criteria: names of the criteria of patients, in the order in which they exclude.
        radiograph_criteria: those of radiographs.
        minimum_age: years, or None for no limit; needs a factor named age. `maximum_age` likewise.
        window_days: greatest distance in days between radiograph and score, or None for no limit.
        window_side: whether the radiograph may lie on both sides of the score, or before or after it only; the day of
            the score is on either side.
        modalities: DICOM modalities taken; files without one pass.
        views: views taken, the preferred first.
        unknown_view: whether radiographs of unknown view are taken.
        prior: conditions before the study that exclude a patient.
    """

    patient_criteria: Sequence[str]
    radiograph_criteria: Sequence[str]
    minimum_age: float | None
    maximum_age: float | None
    window_days: int | None
    window_side: Literal["both", "before", "after"]
    modalities: Sequence[str]
    views: Sequence[str]
    unknown_view: Literal["exclude", "include"]
    prior: Sequence[PriorCondition] = ()

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Eligibility from the configuration's mapping `eligibility`."""
        return cls(
            patient_criteria=tuple(content["patients"]),
            radiograph_criteria=tuple(content["radiographs"]),
            minimum_age=content["minimum_age"],
            maximum_age=content["maximum_age"],
            window_days=content["window_days"],
            window_side=content["window_side"],
            modalities=tuple(content["modalities"]),
            views=tuple(content["views"]),
            unknown_view=content["unknown_view"],
            prior=tuple(PriorCondition(**item) for item in content.get("prior", [])),
        )

    def needs_dates(self, site: SiteInput) -> bool:
        """Whether radiographs of the site need a date: for the window, or for the time zero of follow-up."""
        return self.window_days is not None or self.window_side != "both" or site.outcomes is not None


@dataclass(frozen=True)
class Guards:
    """What happens where the input would make the study lie: it stops, or excludes what is concerned and counts it.

    Attributes:
        patient_in_two_sites: a patient whom two sites list; excluded from the later site.
        pixels_of_two_patients: a radiograph whose pixels are those of another patient's.
        outcome_before_time_zero: an outcome before time zero.
        score_in_header: a radiograph whose header tells the score, or speaks of it.
    """

    patient_in_two_sites: Literal["stop", "exclude"]
    pixels_of_two_patients: Literal["stop", "exclude"]
    outcome_before_time_zero: Literal["stop", "exclude"]
    score_in_header: Literal["stop", "exclude"]

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Guards from the configuration's mapping `guards`."""
        return cls(**content)
