"""What is studied: the biomarker, its thresholds and categories, the clinical factors, the event and the sites.

Everything below the waterline reads these records from ``results/cohort/study.json``, so that a study rebuilt from an
archive is described by the archive, not by whatever configuration happens to lie beside it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

CLINICAL, CXR, INTEGRATED = MODELS = ("clinical", "cxr", "integrated")
JOINT, JOINT_THRESHOLDS = OPTIONAL_MODELS = ("joint", "joint_thresholds")
ALL_THRESHOLDS = "all"  # stands for a threshold where one network has all of them
EXTERNAL_FOLD = -1
TRAIN, TUNING, TEST = PARTS = ("train", "tuning", "test")
MODEL_LABELS = {
    CLINICAL: "Clinical",
    CXR: "Chest radiograph",
    INTEGRATED: "Integrated",
    JOINT: "Joint",
    JOINT_THRESHOLDS: "Joint thresholds",
}


@dataclass(frozen=True)
class Biomarker:
    """The measured quantity whose categories are predicted; `name` is its column in every table."""

    name: str
    label: str
    short: str
    unit: str


@dataclass(frozen=True)
class Threshold:
    """A dichotomy of the biomarker: positive where it is greater than (``>``) or at least (``>=``) `value`."""

    name: str
    operator: Literal[">", ">="]
    value: float
    label: str

    def positive(self, biomarker: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether each value of the biomarker lies on the upper side."""
        values = np.asarray(biomarker, dtype=float)
        return values > self.value if self.operator == ">" else values >= self.value


@dataclass(frozen=True)
class Factor:
    """A clinical factor: continuous in `unit`, or binary with the two `levels` (the second is coded 1).

    Attributes:
        per: step for which hazard and odds ratios are shown in figures, e.g. 10 (years); tables keep one unit.
        summary: how Table 1 describes a continuous factor: mean ± SD, or median with quartiles.
        missing: ``exclude`` a patient without a value, or ``impute`` the training median with an indicator.
    """

    name: str
    label: str
    kind: Literal["continuous", "binary"]
    unit: str = ""
    levels: tuple[str, ...] = ()
    per: float = 1.0
    missing: Literal["exclude", "impute"] = "exclude"
    summary: Literal["mean", "median"] = "mean"

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Factor from plain values, as the configuration or study.json holds them."""
        return cls(**{**content, "levels": tuple(content.get("levels", ()))})

    @property
    def term(self) -> str:
        """Name of the factor's coefficient in tables: the name, with the level that is coded 1 for a binary factor."""
        return f"{self.name}[{self.levels[1]}]" if self.kind == "binary" else self.name


@dataclass(frozen=True)
class Event:
    """The event of the prognostic analysis."""

    name: str
    label: str


@dataclass(frozen=True)
class Site:
    """A site of the study and its part in it."""

    name: str
    role: Literal["development", "external"]


@dataclass(frozen=True)
class Study:
    """The definition of a study.

    Attributes:
        categories: names of the categories from lowest to highest, one more than there are thresholds.
        simulated: whether the patients are simulated; every figure, table and page then says so.
        attainable: rows (site, model, threshold, auc) of the best AUC that the simulation allows; empty for real data.
    """

    title: str
    simulated: bool
    biomarker: Biomarker
    thresholds: tuple[Threshold, ...]
    categories: tuple[str, ...]
    factors: tuple[Factor, ...]
    event: Event
    sites: tuple[Site, ...]
    attainable: tuple[Mapping[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.categories) != len(self.thresholds) + 1:
            raise ValueError(
                f"{len(self.categories)} categories for {len(self.thresholds)} thresholds; "
                f"expected {len(self.thresholds) + 1}. List one category more than thresholds, from lowest to highest."
            )
        cuts = [(threshold.value, threshold.operator == ">") for threshold in self.thresholds]
        if cuts != sorted(set(cuts)):
            raise ValueError("thresholds must rise from first to last; reorder them by value.")
        if sum(site.role == "development" for site in self.sites) != 1:
            raise ValueError("expected exactly one site with role: development; mend the list of sites.")

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Self:
        """Study from plain values, as the configuration or study.json holds them."""
        return cls(
            title=content["title"],
            simulated=content["simulated"],
            biomarker=Biomarker(**content["biomarker"]),
            thresholds=tuple(Threshold(**item) for item in content["thresholds"]),
            categories=tuple(content["categories"]),
            factors=tuple(Factor.from_plain(item) for item in content["factors"]),
            event=Event(**content["event"]),
            sites=tuple(Site(item["name"], item["role"]) for item in content["sites"]),
            attainable=tuple(content.get("attainable", ())),
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Study from its JSON file."""
        return cls.from_plain(json.loads(path.read_text(encoding="utf-8")))

    def plain(self) -> dict[str, Any]:
        """Plain values for JSON; `from_plain` reads them back."""
        return asdict(self)

    @property
    def development(self) -> str:
        """Name of the development site."""
        return next(site.name for site in self.sites if site.role == "development")

    @property
    def external(self) -> Sequence[str]:
        """Names of the external sites, in their order."""
        return [site.name for site in self.sites if site.role == "external"]

    @property
    def category_labels(self) -> list[str]:
        """Categories as print wants them: en dashes in ranges and one sign for 'at least'."""
        return [category.replace(">=", "≥ ").replace("-", "–") for category in self.categories]

    def category(self, biomarker: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Category of each value: the number of thresholds that it passes, 0 for the lowest category."""
        passed = [threshold.positive(biomarker) for threshold in self.thresholds]
        return np.asarray(np.sum(passed, axis=0), dtype=np.int64)


def model_label(model: str) -> str:
    """Name of a model in print; a model of somebody else's keeps its own name."""
    return MODEL_LABELS.get(model, model)


def headline_model(models: Iterable[str]) -> str:
    """The one model that is shown in full where there is room for one: the integrated model, else the first in order.

    Args:
        models: at least one name.
    """
    ordered = ordered_models(models)
    return INTEGRATED if INTEGRATED in ordered else ordered[0]


def ordered_models(models: Iterable[str]) -> list[str]:
    """Models without repeats: the study's own in their order, then others by name."""
    found = {str(model) for model in models}
    own = [*MODELS, *OPTIONAL_MODELS]
    return [model for model in own if model in found] + sorted(found - set(own))
