"""Estimates and tests of several completed data sets as one, by Rubin's rules."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cacs_cxr.distributions import NORMAL_975, chi_squared_tail, f_tail, normal_tail, t_quantile, t_tail

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """Estimates of p coefficients over m completed data sets.

    Attributes:
        coefficients: mean over the data sets [p].
        within: mean covariance W of the data sets [p, p].
        between: covariance B of the coefficients between the data sets, divisor m - 1 [p, p].
        imputations: number of data sets m.
        df_rubin: degrees of freedom of Rubin (1987) [p]; infinite where the data sets do not differ.
        df: those of Barnard and Rubin (Biometrika 1999;86:948), which never exceed the complete data's [p].
        fmi: fraction of missing information, 0 to 1, as R's mitools gives it [p].
    """

    coefficients: Floats
    within: Floats
    between: Floats
    imputations: int
    df_rubin: Floats
    df: Floats
    fmi: Floats

    @property
    def covariance(self) -> Floats:
        """Total covariance T = W + (1 + 1/m) B [p, p]."""
        return self.within + (1 + 1 / self.imputations) * self.between


@dataclass(frozen=True)
class PooledTest:
    """A test of k coefficients.

    Attributes:
        statistic: k times an F statistic, thus on the scale of chi-squared.
        df: k.
        residual_df: of the F distribution's denominator; infinite where the statistic is chi-squared.
        p: two-sided.
    """

    statistic: float
    df: int
    residual_df: float
    p: float


def pool(coefficients: npt.ArrayLike, covariances: npt.ArrayLike, *, complete_df: float = np.inf) -> Pooled:
    """Coefficients of m data sets, pooled.

    Args:
        coefficients: of every data set [m, p], m at least 2.
        covariances: of every data set [m, p, p].
        complete_df: residual degrees of freedom that the analysis would have without missing values.
    """
    estimates, variances = np.asarray(coefficients, dtype=float), np.asarray(covariances, dtype=float)
    m, size = estimates.shape
    within, between = variances.mean(axis=0), np.atleast_2d(np.cov(estimates, rowvar=False, ddof=1)).reshape(size, size)
    increase = (1 + 1 / m) * np.diag(between) / np.diag(within)
    with np.errstate(divide="ignore"):
        df_rubin = (m - 1) * (1 + 1 / increase) ** 2
    df = df_rubin
    if np.isfinite(complete_df):
        observed = (complete_df + 1) / (complete_df + 3) * complete_df / (1 + increase)
        df = 1 / (1 / df_rubin + 1 / observed)
    fmi = (increase + 2 / (df_rubin + 3)) / (increase + 1)
    return Pooled(estimates.mean(axis=0), within, between, m, df_rubin, df, fmi)


def pooled_wald_test(pooled: Pooled, places: npt.ArrayLike) -> PooledTest:
    """Wald test that some coefficients are all 0: D1 of Li, Raghunathan and Rubin (JASA 1991;86:1065), as mice::D1.

    Args:
        pooled: coefficients with their covariances.
        places: which of them are tested [k].
    """
    chosen = np.asarray(places, dtype=np.intp)
    values, square = pooled.coefficients[chosen], np.ix_(chosen, chosen)
    k, m = chosen.size, pooled.imputations
    within = pooled.within[square]
    increase = (1 + 1 / m) * float(np.trace(np.linalg.solve(within, pooled.between[square]))) / k
    statistic = float(values @ np.linalg.solve(within, values)) / (1 + increase)
    free = k * (m - 1)
    if increase <= 0:
        residual = np.inf
    elif free > 4:
        residual = 4 + (free - 4) * (1 + (1 - 2 / free) / increase) ** 2
    else:
        residual = free * (1 + 1 / k) * (1 + 1 / increase) ** 2 / 2
    return PooledTest(statistic, k, residual, tail(statistic, df=k, residual_df=residual))


def pooled_chi_squared_test(statistics: npt.ArrayLike, *, df: int) -> PooledTest:
    """Chi-squared statistics of m data sets as one: D2 of Li and others (Statistica Sinica 1991;1:65), as mice::D2.

    It needs nothing of the models, so that it serves likelihood ratios also where a level without events has no finite
    coefficient; it has less power than D1.

    Args:
        statistics: of every data set, on `df` degrees of freedom [m], m at least 2.
        df: k.
    """
    values = np.maximum(np.asarray(statistics, dtype=float), 0.0)
    m = values.size
    increase = (1 + 1 / m) * float(np.var(np.sqrt(values), ddof=1))
    statistic = max((values.mean() / df - (m + 1) / (m - 1) * increase) / (1 + increase), 0.0) * df
    # Data sets that differ by rounding alone do not differ.
    residual = df ** (-3 / m) * (m - 1) * (1 + 1 / increase) ** 2 if increase > 1e-9 else np.inf
    return PooledTest(statistic, df, residual, tail(statistic, df=df, residual_df=residual))


def pooled_value(values: npt.ArrayLike, errors: npt.ArrayLike) -> tuple[float, float, float]:
    """Estimate, standard error and degrees of freedom of one number over m data sets; of one data set as it is.

    Where a data set has no standard error the estimate is the plain mean, without one.
    """
    estimates, se = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    if estimates.size == 1 or not np.isfinite(np.concatenate([estimates, se])).all():
        return float(estimates.mean()), float(se.mean()), np.inf
    pooled = pool(estimates[:, np.newaxis], (se**2)[:, np.newaxis, np.newaxis])
    return float(pooled.coefficients[0]), float(np.sqrt(pooled.covariance[0, 0])), float(pooled.df[0])


def pooled_proportion(values: npt.ArrayLike, errors: npt.ArrayLike) -> tuple[float, float, float, float]:
    """A C or AUC over m data sets with standard error and 95 % limits.

    Limits of one data set are cut to [0, 1]; several are pooled on the logit scale.
    """
    c, se = np.asarray(values, dtype=float), np.asarray(errors, dtype=float)
    if c.size == 1:
        half = NORMAL_975 * float(se[0])
        return float(c[0]), float(se[0]), float(np.maximum(c[0] - half, 0.0)), float(np.minimum(c[0] + half, 1.0))
    if not (np.isfinite(se).all() and ((c > 0) & (c < 1)).all()):
        return float(c.mean()), np.nan, np.nan, np.nan
    centre, error, df = pooled_value(np.log(c / (1 - c)), se / (c * (1 - c)))
    half = half_width(error, df=df)
    value, low, high = (float(1 / (1 + np.exp(-logit))) for logit in (centre, centre - half, centre + half))
    return value, error * value * (1 - value), low, high


def tail(statistic: float, *, df: int, residual_df: float) -> float:
    """Upper tail of k times an F statistic; of chi-squared where the denominator has infinite degrees of freedom."""
    if np.isfinite(residual_df):
        return f_tail(statistic / df, df, residual_df)
    return chi_squared_tail(statistic, df)


def two_sided_p(coefficient: float, se: float, *, df: float) -> float:
    """p-value of a coefficient by t, or by the normal distribution where the degrees of freedom are infinite."""
    ratio = abs(coefficient / se)
    return 2 * (t_tail(ratio, df) if np.isfinite(df) else normal_tail(ratio))


def half_width(se: float, *, df: float) -> float:
    """Half of the 95 % interval of a coefficient, by t or by the normal distribution."""
    return se * (t_quantile(0.975, df) if np.isfinite(df) else NORMAL_975)
