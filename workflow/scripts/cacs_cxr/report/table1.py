"""Table 1: the patients of every site, and those of the development site by actual category."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cacs_cxr.report.numbers import count, p_value, share
from cacs_cxr.small_cells import hidden, hidden_text, small
from cacs_cxr.study import Factor, Study

DAYS_PER_YEAR = 365.25
HIDDEN = "hidden"


def smd_of_means(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Standardised mean difference b − a of a continuous variable; missing values are left out.

    Divided by the root of the mean of the two variances (Austin, Stat Med 2009;28:3083).
    """
    first, second = (values[~np.isnan(values)] for values in (np.asarray(a, dtype=float), np.asarray(b, dtype=float)))
    if first.size < 2 or second.size < 2:
        return float("nan")
    spread = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    return float((second.mean() - first.mean()) / spread) if spread > 0 else float("nan")


def smd_of_proportions(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Standardised difference b − a of two distributions over categories.

    Two categories give the signed difference of the second one's proportions over the root of the mean binomial
    variance; more give the unsigned Mahalanobis distance of Yang and Dalton (SAS Global Forum 2012, paper 335).

    Args:
        a: numbers of patients in each category at one site.
        b: the same at the other.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.sum() == 0 or second.sum() == 0:
        return float("nan")
    p, q = first[1:] / first.sum(), second[1:] / second.sum()
    difference = q - p
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    if difference.size == 1:
        return float(difference[0] / np.sqrt(covariance[0, 0])) if covariance[0, 0] > 0 else float("nan")
    return float(np.sqrt(max(difference @ np.linalg.pinv(covariance) @ difference, 0.0)))


def table1(analysis: pd.DataFrame, study: Study, *, smallest: int | None = None) -> pd.DataFrame:
    """Characteristics of the patients as text.

    Args:
        analysis: patient, site, biomarker, factors, followup_days, event.
        study: gives sites, factors, categories and the event.
        smallest: least count shown; others are hidden with their percentages. None shows all.

    Returns:
        Columns characteristic; the sites; "missing, <site>"; "SMD, <external site>" (external minus development,
        absolute for the categories); "<development site>, <category>"; "p across categories" (one-way ANOVA or
        Kruskal-Wallis, chi-squared test).
    """
    groups = {site.name: analysis[analysis["site"] == site.name] for site in study.sites}
    development = groups[study.development]
    placed = study.category(development[study.biomarker.name])
    by_category = [development[placed == place] for place in range(len(study.categories))]
    rows = [{"characteristic": "Patients, n", **counts(groups, by_category, study, patients, smallest=smallest)}]
    for factor in study.factors:
        rows.append(factor_row(factor, groups, by_category, study, smallest=smallest))
    rows += biomarker_rows(groups, by_category, study, smallest=smallest)
    rows += followup_rows(groups, by_category, study, smallest=smallest)
    columns = [
        "characteristic",
        *groups,
        *(f"missing, {site}" for site in groups),
        *(f"SMD, {site}" for site in study.external),
        *category_columns(study),
        "p across categories",
    ]
    return pd.DataFrame(rows, columns=columns).fillna("")


def category_columns(study: Study) -> list[str]:
    """Names of the columns of the development site's categories."""
    return [f"{study.development}, {study.biomarker.short} {label}" for label in study.category_labels]


def cells(
    groups: dict[str, pd.DataFrame],
    by_category: list[pd.DataFrame],
    study: Study,
    describe: Callable[[pd.DataFrame], str],
) -> dict[str, str]:
    """Text of every site and category by one description."""
    sites = {site: describe(group) for site, group in groups.items()}
    return {
        **sites,
        **{name: describe(group) for name, group in zip(category_columns(study), by_category, strict=True)},
    }


def patients(group: pd.DataFrame) -> tuple[int, int | None]:
    """Number of patients of a group, not as a share."""
    return len(group), None


def counts(
    groups: dict[str, pd.DataFrame],
    by_category: list[pd.DataFrame],
    study: Study,
    number: Callable[[pd.DataFrame], tuple[int, int | None]],
    *,
    smallest: int | None,
) -> dict[str, str]:
    """Numbers with their shares at every site and in every category, small ones hidden.

    A number and what it leaves of its total are parts of that total; the categories are parts of the development site,
    in either.

    Args:
        number: of a group the number counted and the total that it is a share of, None for no share.
    """
    found = {**{site: number(group) for site, group in groups.items()}}
    parts = dict(zip(category_columns(study), map(number, by_category), strict=True))
    hide = {name: share_hidden(*pair, smallest=smallest) for name, pair in {**found, **parts}.items()}
    for values in ([n for n, _ in parts.values()], [(of or n) - n for n, of in parts.values()]):
        for name, mark in zip(parts, hidden(values, smallest=smallest), strict=True):
            hide[name] |= bool(mark)
    texts = {}
    for name, (n, of) in {**found, **parts}.items():
        least = min(n, of - n) if of is not None else n
        if hide[name]:
            texts[name] = hidden_text(n, smallest=smallest) if least == n else HIDDEN
        else:
            texts[name] = count(n) if of is None else share(n, of)
    return texts


def share_hidden(number: int, of: int | None, *, smallest: int | None) -> bool:
    """Whether a number, or what it leaves of its total, is small."""
    parts = [number] if of is None else [number, of - number]
    return bool(small(parts, smallest=smallest).any())


def missing_counts(numbers: dict[str, int], groups: dict[str, pd.DataFrame], *, smallest: int | None) -> dict[str, str]:
    """Cells of the numbers of missing values by site."""
    return {
        f"missing, {site}": hidden_text(n, smallest=smallest)
        if share_hidden(n, len(groups[site]), smallest=smallest)
        else count(n)
        for site, n in numbers.items()
    }


def factor_row(
    factor: Factor,
    groups: dict[str, pd.DataFrame],
    by_category: list[pd.DataFrame],
    study: Study,
    *,
    smallest: int | None,
) -> dict[str, str]:
    """Row of a clinical factor: mean ± SD, or the number and share with the second level."""
    lacking = {site: int(group[factor.name].isna().sum()) for site, group in groups.items()}
    missing = missing_counts(lacking, groups, smallest=smallest)
    here = groups[study.development][factor.name]
    if factor.kind == "binary":
        other, level = factor.levels

        def of_level(group: pd.DataFrame) -> tuple[int, int | None]:
            known = group[factor.name].dropna()
            return int((known == level).sum()), len(known)

        described = counts(groups, by_category, study, of_level, smallest=smallest)

        def numbers(values: pd.Series) -> list[int]:
            return [int((values == other).sum()), int((values == level).sum())]

        smd = {site: smd_of_proportions(numbers(here), numbers(groups[site][factor.name])) for site in study.external}
        p = chi_squared_p([numbers(group[factor.name]) for group in by_category])
        name = f"{factor.label}, n (%)"
    else:

        def describe(group: pd.DataFrame) -> str:
            known = group[factor.name].dropna().astype(float)
            if factor.summary == "median":
                return quartiles(group[factor.name].dropna().to_numpy(dtype=float), digits=1)
            return f"{known.mean():.1f} ± {known.std(ddof=1):.1f}" if len(known) > 1 else "–"

        described = cells(groups, by_category, study, describe)
        smd = {site: smd_of_means(here, groups[site][factor.name]) for site in study.external}
        values = [group[factor.name].dropna().to_numpy(dtype=float) for group in by_category]
        p = kruskal_wallis_p(values) if factor.summary == "median" else anova_p(values)
        what = "median [quartiles]" if factor.summary == "median" else "mean ± SD"
        name = f"{factor.label}, {factor.unit or 'value'}, {what}"
    return {
        "characteristic": name,
        **described,
        **missing,
        **smd_cells(smd),
        "p across categories": p_value(p) if np.isfinite(p) else "–",
    }


def biomarker_rows(
    groups: dict[str, pd.DataFrame], by_category: list[pd.DataFrame], study: Study, *, smallest: int | None
) -> list[dict[str, str]]:
    """Rows of the biomarker: its median and quartiles, then the patients of each category."""
    biomarker = study.biomarker

    def describe(group: pd.DataFrame) -> str:
        return quartiles(group[biomarker.name].dropna().to_numpy(dtype=float), digits=0)

    lacking = {site: int(group[biomarker.name].isna().sum()) for site, group in groups.items()}
    missing = missing_counts(lacking, groups, smallest=smallest)
    rows = [
        {
            "characteristic": f"{biomarker.short}, {biomarker.unit}, median [quartiles]",
            **cells(groups, by_category, study, describe),
            **missing,
        }
    ]
    numbers = {
        site: np.bincount(study.category(group[biomarker.name]), minlength=len(study.categories))
        for site, group in groups.items()
    }
    smd = {site: smd_of_proportions(numbers[study.development], numbers[site]) for site in study.external}
    marks = {site: hidden(counted, smallest=smallest) for site, counted in numbers.items()}
    for place, label in enumerate(study.category_labels):
        rows.append(
            {
                "characteristic": f"{biomarker.short} {label}, n (%)",
                **{
                    site: hidden_text(counted[place], smallest=smallest)
                    if marks[site][place]
                    else share(counted[place], counted.sum())
                    for site, counted in numbers.items()
                },
                **(smd_cells(smd) if place == 0 else {}),
            }
        )
    return rows


def followup_rows(
    groups: dict[str, pd.DataFrame], by_category: list[pd.DataFrame], study: Study, *, smallest: int | None
) -> list[dict[str, str]]:
    """Rows of the follow-up: patients who have it, events and person-years."""

    def followed(group: pd.DataFrame) -> pd.DataFrame:
        return group.dropna(subset=["followup_days", "event"])

    def with_followup(group: pd.DataFrame) -> tuple[int, int | None]:
        return len(followed(group)), len(group)

    def events(group: pd.DataFrame) -> tuple[int, int | None]:
        known = followed(group)
        return int((known["event"] == 1).sum()), len(known)

    def years(group: pd.DataFrame) -> str:
        known = followed(group)
        return f"{known['followup_days'].sum() / DAYS_PER_YEAR:,.0f}" if len(known) else "–"

    lacking = {site: len(group) - len(followed(group)) for site, group in groups.items()}
    missing = missing_counts(lacking, groups, smallest=smallest)
    return [
        {
            "characteristic": "With follow-up, n (%)",
            **counts(groups, by_category, study, with_followup, smallest=smallest),
            **missing,
        },
        {
            "characteristic": f"{study.event.label}, n (% of followed)",
            **counts(groups, by_category, study, events, smallest=smallest),
        },
        {"characteristic": "Person-years of follow-up", **cells(groups, by_category, study, years)},
    ]


def smd_cells(smd: dict[str, float]) -> dict[str, str]:
    """Standardised differences as text, by column."""
    return {
        f"SMD, {site}": f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "–" for site, value in smd.items()
    }


def anova_p(groups: list[npt.NDArray[np.float64]]) -> float:
    """p-value of the one-way analysis of variance; NaN with fewer than two groups of two patients."""
    usable = [group for group in groups if group.size > 1]
    if len(usable) < 2 or all(np.ptp(group) == 0 for group in usable):
        return float("nan")
    return float(stats.f_oneway(*usable).pvalue)


def kruskal_wallis_p(groups: list[npt.NDArray[np.float64]]) -> float:
    """p-value of the Kruskal-Wallis test; NaN with fewer than two groups of two patients, or all values equal."""
    usable = [group for group in groups if group.size > 1]
    if len(usable) < 2 or np.ptp(np.concatenate(usable)) == 0:
        return float("nan")
    return float(stats.kruskal(*usable).pvalue)


def quartiles(values: npt.NDArray[np.float64], *, digits: int) -> str:
    """Median with quartiles (linear interpolation), e.g. ``12 [0–180]``; a dash without values."""
    if not values.size:
        return "–"
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:,.{digits}f} [{low:,.{digits}f}–{high:,.{digits}f}]"


def chi_squared_p(numbers: list[list[int]]) -> float:
    """p-value of the chi-squared test, uncorrected; NaN where a margin is empty."""
    table = np.array([row for row in numbers if sum(row)])
    if len(table) < 2 or (table.sum(axis=0) == 0).any():
        return float("nan")
    return float(stats.chi2_contingency(table, correction=False).pvalue)
