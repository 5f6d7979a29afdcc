"""Pictures that stand under several patients: one of the names is wrong, and a network would meet the picture twice.

Which radiographs repeat which is found when the images are assembled (images.parquet: duplicate_of, near_duplicate_of).
Pixels cannot tell whose a picture is: within a site nobody concerned is analysed. Of two sites the patient of the
external one leaves, as with a patient whom two sites list.
"""

from collections.abc import Sequence

import pandas as pd

from cacs_cxr.faults import Fault, InputError

SAME_PIXELS = "Same pixels under another patient"
REPEATS = ("duplicate_of", "near_duplicate_of")
IMAGES = "results/images/images.parquet"


def shared_pictures(images: pd.DataFrame) -> pd.DataFrame:
    """Radiographs whose picture stands under more than one patient, copies of copies included.

    Args:
        images: row, site, patient, duplicate_of and near_duplicate_of (row repeated, -1 for none).

    Returns:
        Columns row, site, patient, picture (the first row that shows it), by row.
    """
    pairs = {
        (int(later), int(first))
        for column in REPEATS
        for later, first in images.loc[images[column] >= 0, ["row", column]].itertuples(index=False)
    }
    earlier: dict[int, int] = {}

    def first_of(row: int) -> int:
        while row in earlier:
            row = earlier[row]
        return row

    for pair in sorted(pairs):
        low, high = sorted(first_of(row) for row in pair)
        if low != high:
            earlier[high] = low
    repeated = images.loc[images["row"].isin({row for pair in pairs for row in pair}), ["row", "site", "patient"]]
    repeated = repeated.sort_values("row").assign(picture=[first_of(row) for row in sorted(repeated["row"])])
    owners = repeated.drop_duplicates(["site", "patient", "picture"])["picture"].value_counts()
    return repeated[repeated["picture"].map(owners) > 1].reset_index(drop=True)


def shows_another_patient(patients: pd.DataFrame, images: pd.DataFrame, *, sites: Sequence[str]) -> "pd.Series[bool]":
    """Whether the analysed radiograph of each patient may be another patient's.

    The one patient of the first site that has a picture keeps it; all others who have it lose theirs. A copy among the
    radiographs that are for training alone counts like any other.

    Args:
        patients: column row, of the radiograph that is analysed.
        images: as `shared_pictures` takes them.
        sites: names of the sites, the development site first.
    """
    shared = shared_pictures(images)
    place = shared["site"].map({name: number for number, name in enumerate(sites)})
    first = place == place.groupby(shared["picture"]).transform("min")
    holders = shared[first].groupby("picture")["patient"].nunique()
    keeps = first & (shared["picture"].map(holders) == 1)
    return patients["row"].isin(shared.loc[~keeps, "row"])


def own_pictures(images: pd.DataFrame) -> pd.DataFrame:
    """The radiographs without those whose picture stands under another patient too: what a network may train on."""
    return images[~images["row"].isin(shared_pictures(images)["row"])]


def check_no_shared_pictures(images: pd.DataFrame) -> None:
    """Stop where a picture stands under several patients.

    Raises:
        InputError: a fault for each site concerned, with its counts.
    """
    remedy = (
        f"Look at {' and '.join(REPEATS)} in {IMAGES}, mend the export or exclude the wrong file by the "
        "override table; or set `guards.pixels_of_two_patients: exclude`."
    )
    faults = [
        Fault(f"radiographs of site {site}", None, "", f"{words} with the picture of another", "own pictures", remedy)
        for site, words in counts(images).items()
    ]
    if faults:
        raise InputError(faults)


def counts(images: pd.DataFrame) -> dict[str, str]:
    """Radiographs, and their patients, of each site that has a picture of somebody else's, in words."""
    found = {}
    for site, rows in shared_pictures(images).groupby("site", sort=True):
        found[str(site)] = f"{len(rows):,} radiographs of {rows['patient'].nunique():,} patients"
    return found


def exclusion_lines(images: pd.DataFrame, excluded: "pd.Series[int]") -> str:
    """What was done about shared pictures, a line a site; empty where there are none.

    Args:
        excluded: patients left out, by site.
    """
    return "".join(
        f"{site}: LEAK prevented: {words} show another patient's picture. Left out of the study: "
        f"{int(excluded.get(site, 0)):,} patients; none of these radiographs joins a training part as a further one\n"
        for site, words in counts(images).items()
    )
