"""Log-rank tests as R's survdiff: overall, for trend over the categories, and of every two categories."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cacs_cxr.distributions import chi_squared_tail
from cacs_cxr.multiplicity import holm
from cacs_cxr.prognosis.follow_up import GroupedFollowUp, joined_notes
from cacs_cxr.prognosis.kaplan_meier import at_risk
from cacs_cxr.study import Study

COLUMNS = ["site", "grouping", "test", "category_a", "category_b", "chi2", "df", "p", "p_holm", "note"]


@dataclass(frozen=True)
class LogRankScores:
    """Observed and expected events of k groups and the covariance of their difference [k, k]."""

    observed: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChiSquare:
    """A chi-square test; NaN numbers with the reason in the note where it could not be done."""

    chi2: float
    df: int
    p: float
    note: str = ""


def log_rank_scores(time: npt.ArrayLike, event: npt.ArrayLike, group: npt.ArrayLike, *, groups: int) -> LogRankScores:
    """Observed and expected events and their hypergeometric covariance.

    Args:
        time: integer days [n].
        event: whether the event happened [n].
        group: 0 to groups - 1 [n].
        groups: how many groups there are, empty ones included.
    """
    days, happened, number = np.asarray(time), np.asarray(event, dtype=bool), np.asarray(group, dtype=np.intp)
    times = np.unique(days[happened])
    risk = np.stack([at_risk(days[number == k], times) for k in range(groups)], axis=1).astype(float)
    events = np.zeros((times.size, groups))
    np.add.at(events, (np.searchsorted(times, days[happened]), number[happened]), 1.0)
    total, deaths = risk.sum(axis=1), events.sum(axis=1)
    share = risk / total[:, np.newaxis]
    spread = np.divide(deaths * (total - deaths), total - 1, out=np.zeros(times.size), where=total > 1)
    covariance = np.diag((spread[:, np.newaxis] * share).sum(axis=0)) - share.T @ (spread[:, np.newaxis] * share)
    return LogRankScores(events.sum(axis=0), (deaths[:, np.newaxis] * share).sum(axis=0), covariance)


def overall_test(scores: LogRankScores) -> ChiSquare:
    """Test that all groups share one hazard; groups never at risk at an event do not count, as in R."""
    kept = scores.expected > 0
    df = int(kept.sum()) - 1
    if df < 1:
        return ChiSquare(np.nan, max(df, 0), np.nan, "not estimable: fewer than two groups at risk at an event")
    difference = (scores.observed - scores.expected)[kept][1:]
    covariance = scores.covariance[np.ix_(kept, kept)][1:, 1:]
    if np.linalg.matrix_rank(covariance) < df:
        return ChiSquare(np.nan, df, np.nan, "not estimable: the events leave no variance between groups")
    chi2 = float(difference @ np.linalg.solve(covariance, difference))
    return ChiSquare(chi2, df, chi_squared_tail(chi2, df))


def trend_test(scores: LogRankScores) -> ChiSquare:
    """Test for trend over the groups, scored 0, 1, 2, ... (Tarone, Biometrika 1975;62:679)."""
    weights = np.arange(scores.observed.size, dtype=float)
    variance = float(weights @ scores.covariance @ weights)
    if variance <= 1e-12:
        return ChiSquare(np.nan, 1, np.nan, "not estimable: fewer than two groups at risk at an event")
    chi2 = float(weights @ (scores.observed - scores.expected)) ** 2 / variance
    return ChiSquare(chi2, 1, chi_squared_tail(chi2, 1))


def logrank_table(group: GroupedFollowUp, study: Study) -> pd.DataFrame:
    """Overall, trend and pairwise tests with `COLUMNS`; Holm's adjustment runs over the pairs.

    Empty categories are left out of the overall and trend tests and named in the note.
    """
    size = len(study.categories)
    empty = [name for code, name in enumerate(study.categories) if not (group.category == code).any()]
    note = f"no patients in {', '.join(empty)}" if empty else ""
    scores = log_rank_scores(group.time, group.event, group.category, groups=size)
    tests = [("overall", "", "", overall_test(scores), note), ("trend", "", "", trend_test(scores), note)]
    for a, b in combinations(range(size), 2):
        names = study.categories[a], study.categories[b]
        rows = np.isin(group.category, (a, b))
        scores = log_rank_scores(group.time[rows], group.event[rows], group.category[rows] == b, groups=2)
        tests.append(("pairwise", *names, overall_test(scores), ""))
    table = pd.DataFrame(
        [
            {
                "site": group.site,
                "grouping": group.grouping,
                "test": name,
                "category_a": a,
                "category_b": b,
                "chi2": test.chi2,
                "df": test.df,
                "p": test.p,
                "p_holm": np.nan,
                "note": joined_notes(test.note, remark, group.remark),
            }
            for name, a, b, test, remark in tests
        ],
        columns=COLUMNS,
    )
    pairs = (table["test"] == "pairwise").to_numpy()
    table.loc[pairs, "p_holm"] = holm(table.loc[pairs, "p"].to_numpy(float))
    return table
