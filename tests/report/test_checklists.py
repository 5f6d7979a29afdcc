"""Reporting checklists: every item under its number, and what a page without a place says."""

from cacs_cxr.report.checklists import ABSENT, AUTHORS, CLAIM, TO_BE_WRITTEN, TRIPOD_AI, Item, answered


def test_items_of_both_publications_are_complete() -> None:
    claim = [item.number for items in CLAIM.values() for item in items]
    assert claim == [str(number) for number in range(1, 45)]
    tripod = [item.number for items in TRIPOD_AI.values() for item in items]
    assert len(tripod) == len(set(tripod)) == 52
    assert list(dict.fromkeys(number.rstrip("abcdefg") for number in tripod)) == [str(n) for n in range(1, 28)]


def test_places_that_a_page_lacks_are_left_out_and_told() -> None:
    items = {
        "Results": (
            Item("1", "Flow", ("figure-flow", "saliency")),
            Item("2", "Explanations", ("saliency",)),
            Item("3", "Funding", (AUTHORS,), "a note"),
        )
    }
    found = answered(items, {"figure-flow": "Figure 1"})["Results"]
    assert found[0]["links"] == [("figure-flow", "Figure 1")]
    assert [item["remark"] for item in found] == ["", ABSENT, f"{TO_BE_WRITTEN}; a note"]
