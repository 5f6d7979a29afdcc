"""Histograms of grey levels and sizes: shares that add up, margins left out, samples that are drawn the same twice."""

import numpy as np
import pandas as pd
import pytest

from cacs_cxr.imaging import distributions
from cacs_cxr.imaging.distributions import GREY_BINS, grey_shares, radiograph_distributions


def radiographs(levels: list[int], **columns: object) -> tuple[np.ndarray, pd.DataFrame]:
    """Images of one level each, with black margins, and their table."""
    images = np.zeros((len(levels), 8, 8), dtype=np.uint8)
    images[:, 1:-1, 2:-2] = np.array(levels)[:, None, None]
    table = pd.DataFrame(
        {"row": range(len(levels)), "site": "a", "vendor": "Fuji", "readable": True, "width": 2000, "height": 2500}
    )
    return images, table.assign(**columns)


def test_black_margins_are_not_counted() -> None:
    image = np.zeros((64, 64), dtype=np.uint8)
    image[:, 10:50] = 200
    image[5:9, 20:30] = 0
    shares = grey_shares(image)
    assert shares[200 // 4] == pytest.approx(1 - 40 / (64 * 40))
    assert shares[0] == pytest.approx(40 / (64 * 40))
    assert grey_shares(np.zeros((64, 64), dtype=np.uint8))[0] == 1


def test_large_images_are_thinned_and_small_ones_are_not() -> None:
    ramp = np.tile(np.arange(512) // 2, (512, 1)).astype(np.uint8)
    ramp[:, 0] = 1
    shares = grey_shares(ramp)
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares, 1 / GREY_BINS)


def test_mean_and_spread_over_radiographs() -> None:
    images, table = radiographs([10] * 9 + [200], vendor=["Fuji"] * 5 + [""] * 5)
    found = radiograph_distributions(images, table, seed=1)
    grey = found[found["quantity"] == "grey level"].set_index(["vendor", "low"])
    assert grey.loc[("all", 8), "share"] == pytest.approx(0.9)
    assert grey.loc[("all", 200), ["share", "share_p10", "share_p90", "n"]].tolist() == pytest.approx([0.1, 0, 0.1, 10])
    assert grey.loc[("Fuji", 8), "share"] == 1
    assert grey.loc[("not named", 200), "share"] == pytest.approx(0.2)
    sums = grey.groupby("vendor")["share"].sum()
    np.testing.assert_allclose(sums, 1)


def test_vendors_of_very_few_radiographs_are_not_described() -> None:
    images, table = radiographs([10] * 9, vendor=["Fuji"] * 5 + ["GE"] * 4)
    assert set(radiograph_distributions(images, table, seed=1)["vendor"]) == {"all", "Fuji"}


def test_sizes_are_counted_in_common_bins_by_site() -> None:
    images, table = radiographs(
        [10] * 5, site=["a", "a", "a", "b", "b"], width=[2000, 2500, 2500, 128, 0], height=[2000, 2000, 2000, 128, 0],
        readable=[True, True, True, True, False],
    )  # fmt: skip
    found = radiograph_distributions(images, table, seed=1)
    for quantity, value, share in (("megapixels", 4, 1 / 3), ("megapixels", 5, 2 / 3), ("aspect", 1, 1 / 3)):
        rows = found[(found["quantity"] == quantity) & (found["site"] == "a")]
        held = rows[(rows["low"] <= value) & (value < rows["high"])]
        assert held["share"].tolist() == pytest.approx([share]), quantity
        other = found[(found["quantity"] == quantity) & (found["site"] == "b")]
        assert other["low"].tolist() == rows["low"].tolist()
        assert other["share"].sum() == 1
        assert (other["n"] == 1).all()


def test_large_groups_are_sampled_by_the_seed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "MOST_IMAGES", 4)
    images, table = radiographs(list(range(10, 210, 10)))
    first = radiograph_distributions(images, table, seed=1)
    assert (first.loc[first["quantity"] == "grey level", "n"] == 4).all()
    pd.testing.assert_frame_equal(first, radiograph_distributions(images, table.iloc[::-1], seed=1))
    assert not first.equals(radiograph_distributions(images, table, seed=2))


def test_nothing_readable_gives_a_table_without_rows() -> None:
    images, table = radiographs([10, 20], readable=False)
    found = radiograph_distributions(images, table, seed=1)
    assert list(found.columns) == distributions.COLUMNS
    assert found.empty
