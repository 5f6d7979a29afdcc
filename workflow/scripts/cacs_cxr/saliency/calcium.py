"""Where calcium was placed in the radiographs of a simulated study, from the truth beside them."""

from collections.abc import Mapping

import pandas as pd


def flecks_by_row(selection: pd.DataFrame, places: Mapping[str, pd.DataFrame]) -> dict[int, pd.DataFrame]:
    """Flecks of calcium by the row of the image array.

    Args:
        selection: site, row, file (with its folder) of the selected radiographs.
        places: of each site: file (its name), vessel, x, y and what else is told of a fleck.
    """
    named = selection.assign(file=selection["file"].str.rpartition("/")[2])
    parts = [
        named.loc[named["site"] == site, ["row", "file"]].merge(table, on="file", validate="one_to_many")
        for site, table in places.items()
    ]
    together = pd.concat(parts, ignore_index=True)
    return {int(part["row"].iloc[0]): part for _, part in together.groupby("row")}
