"""Two studies beside each other: what was set, who was analysed, how the models did, and what differs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import jinja2
import markupsafe
import numpy as np
import pandas as pd

from cacs_cxr.evaluation.discrimination import auc_estimate, paired_difference, placements, unpaired_difference
from cacs_cxr.report.assets import asset, bound
from cacs_cxr.report.compared_study import ComparedStudy
from cacs_cxr.report.numbers import count, estimate, p_value, share
from cacs_cxr.report.provenance_groups import flat
from cacs_cxr.report.table_files import shown
from cacs_cxr.study import model_label, ordered_models

TEMPLATE = "comparison.html.jinja"
NOT_HERE = "–"
KEYS = {
    "cox": ("site", "category by", "term"),
    "incidence": ("site", "category by", "category"),
    "concordance": ("site", "category by", "model"),
    "operating_points": ("site", "threshold", "model"),
}
HOW = {
    "same": "paired: the same patients",
    "disjoint": "unpaired: no patient in common",
    "unlike": "unpaired: pseudonyms in common, but other people",
}


class Part(TypedDict):
    """A part of the page: a table with its heading and words."""

    id: str
    heading: str
    text: str
    columns: list[str]
    rows: list[list[str]]


def render_comparison(a: ComparedStudy, b: ComparedStudy) -> str:
    """The page as HTML without any reference to another file or host."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["bound"] = bound
    parts = [settings(a, b), cohorts(a, b), areas(a, b), *printed(a, b), versions(a, b), files(a, b)]
    return environment.from_string(asset(TEMPLATE)).render(
        a=a, b=b, parts=parts, style=markupsafe.Markup(asset("page.css"))
    )


def settings(a: ComparedStudy, b: ComparedStudy) -> Part:
    """Keys of the definition and of the configuration that differ."""
    mine, other = (
        dict(
            flat(
                {
                    **{key: value for key, value in item.study.plain().items() if key != "attainable"},
                    **item.configuration,
                }
            )
        )
        for item in (a, b)
    )
    for values, item in ((mine, a), (other, b)):
        values["sites"] = ", ".join(f"{site.name} ({site.role})" for site in item.study.sites)
        values["thresholds"] = ", ".join(f"{threshold.name}: {threshold.label}" for threshold in item.study.thresholds)
        values["factors"] = ", ".join(factor.name for factor in item.study.factors)
    names = list(dict.fromkeys([*mine, *other]))
    rows = [
        [name, mine.get(name, NOT_HERE), other.get(name, NOT_HERE)]
        for name in names
        if mine.get(name) != other.get(name)
    ]
    text = f"{count(len(rows))} of {count(len(names))} settings differ." if rows else "No setting differs."
    return {"id": "settings", "heading": "Settings", "text": text, "columns": ["setting", "A", "B"], "rows": rows}


def cohorts(a: ComparedStudy, b: ComparedStudy) -> Part:
    """Numbers of patients, of positives at each threshold and of events, by site."""
    rows = []
    for site in site_names(a, b):
        described = [cohort_of(item, site) for item in (a, b)]
        rows += [
            [site, name, *(of.get(name, NOT_HERE) for of in described)]
            for name in dict.fromkeys([*described[0], *described[1]])
        ]
    kinds = {site: patients_in_common(a, b, site) for site in site_names(a, b)}
    told = {"same": "are the same", "disjoint": "have none in common", "unlike": "share pseudonyms, not people"}
    texts = [
        f"At {site} the patients {told.get(kind, f'overlap: {kind} are in both')}."
        for site, kind in kinds.items()
        if kind
    ]
    return {
        "id": "cohorts",
        "heading": "Patients",
        "text": " ".join(texts),
        "columns": ["site", "number of", "A", "B"],
        "rows": rows,
    }


def cohort_of(item: ComparedStudy, site: str) -> dict[str, str]:
    """Counts of one site of one study; empty where it has no such site."""
    here = item.analysis[item.analysis["site"] == site]
    if here.empty:
        return {}
    study = item.study
    numbers = {"patients": count(len(here))}
    for threshold in study.thresholds:
        positive = int(threshold.positive(here[study.biomarker.name]).sum())
        numbers[f"{study.biomarker.short} {threshold.label}"] = share(positive, len(here))
    followed = here.dropna(subset=["followup_days", "event"])
    numbers["patients with follow-up"] = share(len(followed), len(here))
    numbers[study.event.name] = count((followed["event"] == 1).sum())
    return numbers


def patients_in_common(a: ComparedStudy, b: ComparedStudy, site: str) -> str:
    """Whether the patients of a site are the ``same``, ``disjoint``, ``unlike`` (other people), or how many overlap.

    A pseudonym in both studies is the same patient only where the biomarker agrees too: simulated studies of different
    seeds number their patients alike. Empty where either study has no such site.
    """
    first, second = (item.analysis[item.analysis["site"] == site].set_index("patient") for item in (a, b))
    if first.empty or second.empty:
        return ""
    common = first.index.intersection(second.index)
    if common.empty:
        return "disjoint"
    names = a.study.biomarker.name, b.study.biomarker.name
    values = [frame.loc[common, name].to_numpy(float) for frame, name in zip((first, second), names, strict=True)]
    if names[0] != names[1] or not np.array_equal(*values):
        return "unlike"
    return "same" if len(common) == len(first) == len(second) else count(len(common))


def areas(a: ComparedStudy, b: ComparedStudy) -> Part:
    """AUC of every model in both studies, and their difference with its interval and test."""
    rows = [
        [site, model_label(model), threshold, *cells]
        for site in site_names(a, b)
        for model in ordered_models([*a.predictions["model"], *b.predictions["model"]])
        for threshold in dict.fromkeys([item.name for study in (a.study, b.study) for item in study.thresholds])
        if (cells := area_cells(a, b, site=site, model=model, threshold=threshold))
    ]
    return {
        "id": "areas",
        "heading": "Discrimination",
        "text": (
            "Difference: B minus A, with DeLong's 95 % interval and test: paired for the same patients, unpaired "
            "(Welch) for others. Where patients overlap in part neither holds, and none is given. p-values are not "
            "adjusted for their number."
        ),
        "columns": [
            "site",
            "model",
            "threshold",
            "A: AUC (95 % CI)",
            "B: AUC (95 % CI)",
            "difference (95 % CI)",
            "p",
            "note",
        ],
        "rows": rows,
    }


def area_cells(a: ComparedStudy, b: ComparedStudy, *, site: str, model: str, threshold: str) -> list[str]:
    """AUCs, difference, p and how it was tested; empty where neither study has such predictions."""
    wanted = {"site": site, "model": model, "threshold": threshold}
    first, second = (rows_where(item.predictions, wanted).set_index("patient").sort_index() for item in (a, b))
    if first.empty and second.empty:
        return []
    texts = [area_text(frame) for frame in (first, second)]
    if first.empty or second.empty:
        return [*texts, NOT_HERE, NOT_HERE, "in one study only"]
    kind = patients_in_common(a, b, site)
    alike = first.index.equals(second.index) and (first["label"].to_numpy() == second["label"].to_numpy()).all()
    if kind == "same" and alike:
        paired = paired_difference(first["label"], second["probability"], first["probability"])
        difference = estimate(paired.difference, paired.low, paired.high, digits=3)
        return [*texts, difference, p_value(paired.p), "; ".join(filter(None, [HOW[kind], paired.note]))]
    if kind in ("disjoint", "unlike"):
        placed = [placements(frame["label"], frame["probability"]) for frame in (second, first)]
        test = unpaired_difference(*placed)
        difference = estimate(test.difference, test.low, test.high, digits=3)
        return [*texts, difference, p_value(test.p), "; ".join(filter(None, [HOW[kind], test.note]))]
    return [*texts, NOT_HERE, NOT_HERE, "patients overlap in part: not tested"]


def area_text(frame: pd.DataFrame) -> str:
    """AUC with its interval."""
    if frame.empty:
        return NOT_HERE
    found = auc_estimate(frame["label"], frame["probability"])
    return estimate(found.auc, found.low, found.high)


def printed(a: ComparedStudy, b: ComparedStudy) -> Iterator[Part]:
    """Printed tables that are in both studies and differ: every cell that does, beside its counterpart."""
    for name in [
        name for name in ("cox", "incidence", "concordance", "operating_points") if name in {*a.tables, *b.tables}
    ]:
        heading = {"cox": "Hazard ratios", "incidence": "Incidence", "concordance": "Concordance"}.get(
            name, "Operating points"
        )
        if name not in a.tables or name not in b.tables:
            where = "A" if name in a.tables else "B"
            yield {"id": name, "heading": heading, "text": f"Only {where} has this table.", "columns": [], "rows": []}
            continue
        rows = differing_cells(shown(a.tables[name]), shown(b.tables[name]), keys=KEYS[name])
        text = f"{count(len(rows))} cells differ." if rows else "No cell differs."
        yield {
            "id": name,
            "heading": heading,
            "text": text,
            "columns": [*KEYS[name], "quantity", "A", "B"],
            "rows": rows,
        }


def differing_cells(first: pd.DataFrame, second: pd.DataFrame, *, keys: Sequence[str]) -> list[list[str]]:
    """Cells that differ between two printed tables, by the values of the key columns; rows of one alone count too."""
    mine, other = (
        {tuple(row[key] for key in keys): row for row in frame.to_dict("records")} for frame in (first, second)
    )
    rows = []
    for key in dict.fromkeys([*mine, *other]):
        left, right = mine.get(key, {}), other.get(key, {})
        for column in dict.fromkeys([*left, *right]):
            cells = str(left.get(column, NOT_HERE)), str(right.get(column, NOT_HERE))
            if column not in keys and cells[0] != cells[1]:
                rows.append([*map(str, key), str(column), *cells])
    return rows


def versions(a: ComparedStudy, b: ComparedStudy) -> Part:
    """Versions that differ."""
    rows = differing(a.versions, b.versions)
    text = f"{count(len(rows))} versions differ." if rows else "No version differs."
    return {"id": "versions", "heading": "Versions", "text": text, "columns": ["software", "A", "B"], "rows": rows}


def files(a: ComparedStudy, b: ComparedStudy) -> Part:
    """Files that only one study has, or of which the content differs."""
    if a.kind != b.kind:
        text = f"A was read from its {a.kind}, B from its {b.kind}: their files have other names and are not compared."
        return {"id": "files", "heading": "Files", "text": text, "columns": [], "rows": []}
    both = [name for name in a.files if name in b.files]
    same = sum(a.files[name] == b.files[name] for name in both)
    rows = [
        [name, "present" if name in a.files else NOT_HERE, "present" if name in b.files else NOT_HERE]
        for name in sorted({*a.files} ^ {*b.files})
    ]
    rows += [[name, "present", "other content"] for name in both if a.files[name] != b.files[name]]
    text = f"{count(len(both))} files are in both, {count(same)} of them with the same bytes."
    return {"id": "files", "heading": "Files", "text": text, "columns": ["file", "A", "B"], "rows": rows}


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[list[str]]:
    """Names with two values that differ."""
    return [
        [name, str(first.get(name, NOT_HERE)), str(second.get(name, NOT_HERE))]
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def site_names(a: ComparedStudy, b: ComparedStudy) -> list[str]:
    """Sites of either study, those of the first before others."""
    return list(dict.fromkeys(site.name for item in (a, b) for site in item.study.sites))


def rows_where(frame: pd.DataFrame, wanted: Mapping[str, str]) -> pd.DataFrame:
    """Rows in which the named columns have the wanted values."""
    for column, value in wanted.items():
        frame = frame[frame[column].astype(str) == value]
    return frame
