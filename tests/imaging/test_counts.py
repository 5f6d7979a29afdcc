"""Counts of the radiographs: every radiograph once, shares of the right total, and nothing of a file or patient."""

import pandas as pd
import pytest

from cacs_cxr.imaging.counts import COLUMNS, count_radiographs, screen_summary
from cacs_cxr.imaging.refusals import REMEDIES
from written_results import FLAGS


@pytest.fixture
def table() -> pd.DataFrame:
    """Six radiographs of site a, two of them refused, and two good ones of site b."""
    return pd.DataFrame(
        {
            "row": range(8),
            "site": ["a"] * 6 + ["b"] * 2,
            "patient": ["first", "first", *(f"{row:016x}" for row in range(2, 8))],
            "readable": [True, True, True, True, False, False, True, True],
            "reason": ["", "", "", "", "truncated", "timeout", "", ""],
            "overridden": ["", "view", "rotate,mirror", "", "view", "", "", ""],
            "duplicate_of": [-1, 0, -1, -1, -1, -1, -1, -1],
            "near_duplicate_of": [-1, -1, 0, 0, -1, -1, -1, -1],
            "intensity_path": [
                "window-linear>invert",
                "voi-lut",
                "voi-lut",
                "percentile",
                "",
                "",
                "voi-lut",
                "voi-lut",
            ],
            "width": [100, 200, 300, 400, 0, 0, 50, 50],
            "height": [1000, 1000, 2000, 2000, 0, 0, 50, 50],
            "likely_blank": False,
            "likely_inverted": [True, True, False, False, False, False, False, False],
            "likely_rotated": [False, True, True, False, False, False, False, False],
        }
    )


def numbers(counts: pd.DataFrame, site: str) -> dict[tuple[str, str], tuple[int, int]]:
    rows = counts[counts["site"] == site].to_dict("records")
    return {(row["part"], row["item"]): (row["n"], row["of"]) for row in rows}


def test_every_count_has_its_total(table: pd.DataFrame) -> None:
    counts = count_radiographs(table, flags=FLAGS)
    assert list(counts.columns) == COLUMNS
    assert numbers(counts, "a") == {
        ("selected", "selected"): (6, 6),
        ("read", "read"): (4, 6),
        ("refused", "any"): (2, 6),
        ("refused", "timeout"): (1, 6),
        ("refused", "truncated"): (1, 6),
        ("overridden", "any"): (3, 6),
        ("overridden", "view"): (2, 6),
        ("overridden", "mirror"): (1, 6),
        ("overridden", "rotate"): (1, 6),
        ("repeated", "identical"): (1, 4),
        ("repeated", "identical, same patient"): (1, 4),
        ("repeated", "nearly identical"): (2, 4),
        ("repeated", "nearly identical, another patient"): (2, 4),
        ("flagged", "any"): (3, 4),
        ("flagged", "likely_blank"): (0, 4),
        ("flagged", "likely_inverted"): (2, 4),
        ("flagged", "likely_rotated"): (2, 4),
        ("intensity", "voi-lut"): (2, 4),
        ("intensity", "percentile"): (1, 4),
        ("intensity", "window-linear>invert"): (1, 4),
        ("size", "width"): (4, 4),
        ("size", "height"): (4, 4),
        ("size", "megapixels"): (4, 4),
    }
    assert ("refused", "timeout") not in numbers(counts, "b")


def test_sizes_are_medians_of_what_was_read(table: pd.DataFrame) -> None:
    counts = count_radiographs(table, flags=FLAGS)
    sizes = counts[(counts["part"] == "size") & (counts["site"] == "a")].set_index("item")["value"]
    assert sizes.to_dict() == {"width": 250, "height": 1500, "megapixels": 0.4}
    nothing = count_radiographs(table[table["reason"] != ""].assign(row=[0, 1]), flags=FLAGS)
    assert nothing.loc[nothing["part"] == "size", "value"].isna().all()


def test_refusals_carry_their_remedy(table: pd.DataFrame) -> None:
    counts = count_radiographs(table, flags=FLAGS)
    assert counts.loc[counts["item"] == "timeout", "note"].tolist() == [REMEDIES["timeout"]]
    assert (counts.loc[counts["site"] == "b", "note"] == "").all()


def test_the_screen_shows_a_few_lines_a_site(table: pd.DataFrame) -> None:
    text = screen_summary(count_radiographs(table, flags=FLAGS))
    assert text.splitlines() == [
        "a: 4 of 6 radiographs read",
        f"  1 refused, timeout: {REMEDIES['timeout']}",
        f"  1 refused, truncated: {REMEDIES['truncated']}",
        "  3 corrected by the override table",
        "  flagged for a look, none excluded: 2 likely inverted (negative); 2 likely rotated",
        "b: 2 of 2 radiographs read",
        "  no flag",
    ]


def test_many_reasons_are_summed_on_the_screen(table: pd.DataFrame) -> None:
    reasons = sorted(REMEDIES)[:9]
    many = pd.concat([table.iloc[[4]].assign(reason=reason) for reason in reasons])
    lines = screen_summary(count_radiographs(many, flags=FLAGS)).splitlines()
    assert sum("refused, " in line for line in lines) == 5
    assert "  4 refused for 4 further reasons: see rejects.csv" in lines


def test_no_radiographs_give_a_table_without_rows(table: pd.DataFrame) -> None:
    counts = count_radiographs(table.iloc[:0], flags=FLAGS)
    assert list(counts.columns) == COLUMNS
    assert counts.empty
    assert screen_summary(counts) == ""
