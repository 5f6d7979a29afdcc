"""The prediction as a continuous risk in place of its category: hazard ratios of the expected category."""

import numpy as np
import pandas as pd

from cacs_cxr.prognosis.follow_up import joined_notes
from cacs_cxr.prognosis.nested_models import ONLY_EXPECTED, WITH_EXPECTED
from cacs_cxr.prognosis.pooling import half_width, pool, two_sided_p
from cacs_cxr.prognosis.site_models import SiteModels

COLUMNS = [
    "site", "adjustment", "term", "per", "n", "events", "coefficient", "se", "hr", "low", "high", "p", "imputations",
    "note",
]  # fmt: skip


def continuous_table(site: SiteModels) -> pd.DataFrame:
    """Hazard ratios of the expected category, `COLUMNS`: per category (1) and per standard deviation of the site."""
    rows = []
    patients = site.patients
    spread = float(np.std(patients.expected, ddof=1)) if patients.time.size > 1 else np.nan
    for adjustment, model in (("unadjusted", ONLY_EXPECTED), ("adjusted", WITH_EXPECTED)):
        failure = site.failure(model)
        fits = [] if failure else [made[model] for made in site.fits]
        values = np.array([fit.coefficients[0] for fit in fits])
        variances = np.array([fit.covariance[0, 0] for fit in fits])
        if not failure and not np.isfinite(values).all():
            failure = next((fit.reasons[0] for fit in fits if fit.reasons[0]), "the model has no estimate of it")
        for per in (1.0, spread):
            row: dict[str, object] = {
                "site": patients.site,
                "adjustment": adjustment,
                "term": "expected category",
                "per": per,
                "n": patients.time.size,
                "events": int(patients.event.sum()),
                "imputations": len(fits) if adjustment == "adjusted" and len(fits) > 1 else 0,
                "note": joined_notes(f"not estimable: {failure}" if failure else "", patients.remark),
            }
            if not failure:
                coefficient, se, df = float(values[0]), float(np.sqrt(variances[0])), np.inf
                if len(fits) > 1 and np.ptp(values) > 0:
                    free = max(int(patients.event.sum()) - int(np.isfinite(fits[0].coefficients).sum()), 1)
                    pooled = pool(values[:, np.newaxis], variances[:, np.newaxis, np.newaxis], complete_df=free)
                    coefficient, se = float(pooled.coefficients[0]), float(np.sqrt(pooled.covariance[0, 0]))
                    df = float(pooled.df[0])
                half = half_width(se, df=df)
                row |= {
                    "coefficient": coefficient * per,
                    "se": se * per,
                    "hr": float(np.exp(coefficient * per)),
                    "low": float(np.exp((coefficient - half) * per)),
                    "high": float(np.exp((coefficient + half) * per)),
                    "p": two_sided_p(coefficient, se, df=df),
                }
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)
