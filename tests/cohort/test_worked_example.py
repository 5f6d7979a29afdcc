"""The worked example of docs/your-data.md does what the page says: its own tables and configuration, as printed."""

import re
from pathlib import Path

import pytest
import yaml
from small_site import SmallStudy, radiograph

PAGE = Path(__file__).resolve().parents[2] / "docs/your-data.md"


def fenced(kind: str) -> str:
    """First fenced block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def printed_tables() -> dict[str, str]:
    """Content of the files that the page prints side by side, by name."""
    lines = fenced("").splitlines()
    starts = [match.start() for match in re.finditer(r"(?<!\S)\w+\.csv", lines[0])]
    ends = [*starts[1:], None]
    columns = [[line[start:end].rstrip() for line in lines] for start, end in zip(starts, ends, strict=True)]
    return {column[0].split()[0]: "\n".join(filter(None, column[1:])) + "\n" for column in columns}


@pytest.fixture
def example(small: SmallStudy) -> SmallStudy:
    for name, content in printed_tables().items():
        small.write(f"home/{name}", content.encode("cp1252"))
    (site,) = yaml.safe_load(fenced("yaml"))["sites"]
    for table in ("patients", "scores", "outcomes"):
        site[table]["file"] = str(small.folder / "home" / site[table]["file"])
    small.study["sites"] = [site]
    small.indexes = small.indexes[:1]
    small.write_index(
        "home",
        [
            radiograph("00017", "20190301"),
            radiograph("00017", "20190601"),
            radiograph("00018", "20190502"),
            radiograph("00018", "20190502", view="lateral", file="lateral.dcm", sop_instance="1.2.3.9"),
            radiograph("00019", "20190519"),
        ],
    )
    return small


def test_ages_follow_up_and_missing_values_are_those_of_the_page(example: SmallStudy) -> None:
    people = example.select().patients.set_index("value").sort_index()
    assert list(people.index) == [0.0, 145.5, 612.0]
    assert people["age"].tolist() == [58.3, 67.0, 71.3]
    assert people["sex"].tolist() == ["F", "M", "M"]
    assert people["followup_days"].tolist() == [1572, 654, 936]
    assert people["event"].tolist() == [0, 1, 1]
    assert people["days_to_score"].tolist() == [-10, 0, -1]
    assert people["bmi"].isna().tolist() == [False, True, False]
    assert people["bmi"].iloc[0] == pytest.approx(68 / 1.68**2)
    text = PAGE.read_text(encoding="utf-8")
    assert all(
        shown in text for shown in ("58.3 years", "67.0 years", "71.3 years", "1,572 days", "654 days", "936 days")
    )


def test_an_intervention_that_counts_is_prevalent(example: SmallStudy) -> None:
    events = example.study["sites"][0]["outcomes"]["events"]
    events["event"].append("PCI")
    events["ignored"] = []
    people = example.select().patients.set_index("value")
    assert people.loc[612.0, "followup_note"] == "event before time zero"
    assert people["followup_note"].drop(612.0).eq("").all()
