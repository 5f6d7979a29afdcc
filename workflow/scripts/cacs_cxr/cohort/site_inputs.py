"""What a site hands over: as the configuration declares it, and as checked tables; and who and what is eligible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import pandas as pd


@dataclass(frozen=True)
class TableInput:
    """A table of a site: its file and, for each thing that the study wants, the column that holds it."""

    file: str
    columns: Mapping[str, str]

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Table from plain values; columns set to null count as not given."""
        columns = {key: str(name) for key, name in content["columns"].items() if name is not None}
        return cls(file=str(content["file"]), columns=columns)


@dataclass(frozen=True)
class SiteInput:
    """Where a site's patients, scores, outcomes and radiographs are.

    Attributes:
        dates: form of every date of the site: ISO dates, or integer days on any scale of the patient's own.
        outcomes: None where the site has no follow-up.
        folder: folder of the radiographs.
    """

    name: str
    role: Literal["development", "external"]
    dates: Literal["iso", "days"]
    patients: TableInput
    scores: TableInput
    outcomes: TableInput | None
    folder: str

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Site from an item of the configuration's list `sites`."""
        return cls(
            name=content["name"],
            role=content["role"],
            dates=content.get("dates", "iso"),
            patients=TableInput.from_plain(content["patients"]),
            scores=TableInput.from_plain(content["scores"]),
            outcomes=TableInput.from_plain(content["outcomes"]) if content.get("outcomes") else None,
            folder=str(content["radiographs"]["folder"]),
        )


@dataclass(frozen=True)
class SiteTables:
    """The checked tables of a site, and where they came from.

    Attributes:
        patients: patient (identifier as text), one column a factor, table_row (row in the spreadsheet).
        scores: patient, value (NaN: missing), day (days on the site's scale; NaN where scores have no date).
        outcomes: patient, day (end of follow-up or of the event), event (0, 1, 2); both NaN: no follow-up.
        strangers: rows of scores and of outcomes for patients whom the patients table does not list; not used.
    """

    site: SiteInput
    patients: pd.DataFrame
    scores: pd.DataFrame
    outcomes: pd.DataFrame
    strangers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Eligibility:
    """Which patients and radiographs are taken.

    Attributes:
        minimum_age: years, or None for no limit; needs a factor named age.
        window_days: greatest distance in days between radiograph and score, either way, or None for no limit.
        modalities: DICOM modalities taken; files without one pass.
        views: views taken, the preferred first.
        unknown_view: whether radiographs of unknown view are taken.
        patients_in_two_sites: stop, or exclude the patient from the later site.
    """

    minimum_age: float | None
    window_days: int | None
    modalities: Sequence[str]
    views: Sequence[str]
    unknown_view: Literal["exclude", "include"]
    patients_in_two_sites: Literal["stop", "exclude"]

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Eligibility from the configuration's mapping `eligibility`."""
        return cls(
            minimum_age=content["minimum_age"],
            window_days=content["window_days"],
            modalities=tuple(content["modalities"]),
            views=tuple(content["views"]),
            unknown_view=content["unknown_view"],
            patients_in_two_sites=content["patients_in_two_sites"],
        )

    def needs_dates(self, site: SiteInput) -> bool:
        """Whether radiographs of the site need a date: for the window, or for the time zero of follow-up."""
        return self.window_days is not None or site.outcomes is not None
