"""Copies of radiographs: sent twice, headed again, recompressed, and filed under a second patient."""

import numpy as np
import pandas as pd

from cacs_cxr.simulation.headers import JPEG_2000, JPEG_BASELINE

OWN_COPIES = {"resent": 0.012, "reheaded": 0.012, "recompressed": 0.006}
"""Rates per PA radiograph of copies beside their original: the same file, another head, or lossy compression."""

FOREIGN_COPIES = {"reheaded for another": 0.001, "recompressed for another": 0.001}
"""Rates per analysed patient whose own radiograph is missing and who was given another's, under his or her own name.

Both patients of such a pair leave the study by its guard against one picture under two patients; the truth calls them
analysed, since tables and headers do not tell.
"""


def add_copies(
    radiographs: pd.DataFrame, *, eligible: "pd.Series[bool]", generator: np.random.Generator
) -> pd.DataFrame:
    """Add the copies of a site's radiographs.

    A copy shares its exposure with its original, hence person and pixels.

    Args:
        radiographs: one row an exposure: patient_row, day, view, defect, purpose, misfiled, oddity, transfer_syntax.
        eligible: the radiographs that the study will choose, one an analysed patient.
        generator: source of randomness.

    Returns:
        The radiographs with their copies, and column copy: "", ``"resent"``, ``"reheaded"``, ``"recompressed"``,
        the last two ``"... for another"``, or ``"misfiled"`` (the same file under a second patient).
    """
    frame = radiographs.assign(copy="")
    sound = (frame["defect"] == "") & (frame["purpose"] == "") & ~frame["misfiled"] & (frame["view"] == "PA")
    plain = frame[sound & (frame["oddity"] == "")]
    parts = [_filed_under_another(frame, plain[eligible[plain.index]], generator=generator)]
    taken = parts[0].index[parts[0]["copy"] != ""]
    for kind, share in OWN_COPIES.items():
        free = plain.index.difference(taken)
        number = min(max(1, round(share * len(plain))), len(free))
        rows = np.sort(generator.choice(free.to_numpy(), size=number, replace=False))
        parts.append(_lossy(plain.loc[rows].assign(copy=kind)))
    misfiled = frame[frame["misfiled"]].index.to_numpy()
    for first, second in zip(misfiled[0::2], misfiled[1::2], strict=False):
        # The second patient of a pair has the first one's radiograph in place of an own one.
        shared = frame.loc[[first]].assign(patient_row=frame.loc[second, "patient_row"], copy="misfiled")
        parts[0] = parts[0].drop(index=second)
        parts.append(shared)
    return pd.concat(parts, ignore_index=True)


def _filed_under_another(
    frame: pd.DataFrame, choosable: pd.DataFrame, *, generator: np.random.Generator
) -> pd.DataFrame:
    """All radiographs, some choosable ones replaced by copies of others: own head and date, another's picture."""
    frame = frame.copy()
    rows = generator.permutation(choosable.index.to_numpy())
    start = 0
    for kind, rate in FOREIGN_COPIES.items():
        number = round(rate * len(rows))
        originals, replaced = rows[start : start + number], rows[start + number : start + 2 * number]
        start += 2 * number
        own = frame.loc[replaced, ["patient_row", "day", "misfiled"]].copy()
        copied = frame.loc[originals].set_index(replaced)
        copied[own.columns] = own
        frame.loc[replaced] = _lossy(copied.assign(copy=kind))
    return frame


def _lossy(copies: pd.DataFrame) -> pd.DataFrame:
    """Copies, the recompressed ones with the transfer syntaxes of lossy compression in turn."""
    lossy = copies["copy"].str.startswith("recompressed").to_numpy()
    turn = np.where(np.arange(len(copies)) % 2 == 0, JPEG_2000, JPEG_BASELINE)
    return copies.assign(transfer_syntax=copies["transfer_syntax"].mask(lossy, pd.Series(turn, index=copies.index)))
