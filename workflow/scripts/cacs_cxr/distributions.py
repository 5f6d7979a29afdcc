"""Tails and quantiles of the distributions of tests and intervals, without scipy.stats, whose import takes longer than
most jobs' work."""

from scipy.special import bdtr, betaincinv, chdtrc, fdtrc, gammaincinv, ndtr, ndtri, stdtr, stdtrit

NORMAL_975 = float(ndtri(0.975))
"""Half the width of a 95 % interval, in standard errors."""


def normal_tail(z: float) -> float:
    """R's pnorm(z, lower.tail = FALSE)."""
    return float(ndtr(-z))


def normal_quantile(p: float) -> float:
    """R's qnorm(p)."""
    return float(ndtri(p))


def chi_squared_tail(statistic: float, df: float) -> float:
    """R's pchisq(statistic, df, lower.tail = FALSE)."""
    return float(chdtrc(df, statistic))


def chi_squared_quantile(p: float, df: float) -> float:
    """R's qchisq(p, df)."""
    return 2 * float(gammaincinv(df / 2, p))


def t_tail(t: float, df: float) -> float:
    """R's pt(t, df, lower.tail = FALSE)."""
    return float(stdtr(df, -t))


def t_quantile(p: float, df: float) -> float:
    """R's qt(p, df)."""
    return float(stdtrit(df, p))


def f_tail(statistic: float, df: float, residual_df: float) -> float:
    """R's pf(statistic, df, residual_df, lower.tail = FALSE)."""
    return float(fdtrc(df, residual_df, statistic))


def beta_quantile(p: float, a: float, b: float) -> float:
    """R's qbeta(p, a, b)."""
    return float(betaincinv(a, b, p))


def binomial_cumulative(successes: int, n: int, p: float) -> float:
    """R's pbinom(successes, n, p)."""
    return float(bdtr(successes, n, p))
