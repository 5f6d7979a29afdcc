"""Contact sheets, flagged radiographs, grey levels and sizes: who is drawn, what is said, and that nobody is named."""

import io
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cacs_cxr.figures.contact_sheet import FURTHER, contact_frame, draw_contact_sheet
from cacs_cxr.figures.flagged import draw_flagged, flagged_frame, shortened
from cacs_cxr.figures.image_sizes import draw_image_sizes, round_steps, sizes_frame
from cacs_cxr.figures.intensities import draw_intensities, intensities_frame
from cacs_cxr.figures.strokes import group_bar, group_stroke
from cacs_cxr.figures.style import SIMULATED_MARK, texts, write_sheet
from cacs_cxr.figures.thumbnails import MOST_PIXELS, Placed, new_sheet, paste, thumbnail
from cacs_cxr.study import Study
from drawn_texts import clipped
from written_results import (
    FLAGS,
    example_analysis,
    example_counts,
    example_distributions,
    example_images,
    example_radiographs,
    example_study,
)

STUDY = example_study()
ANALYSIS = example_analysis(STUDY, patients=160)
TABLE = example_radiographs(ANALYSIS)
IMAGES = example_images(TABLE)
COUNTS = example_counts(TABLE)


def cohort_of(study: Study, analysis: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Analysed patients with the row of their radiograph and their category."""
    patients = analysis.assign(category=study.category(analysis[study.biomarker.name]))
    return patients.merge(table[["site", "patient", "row"]], on=["site", "patient"])


COHORT = cohort_of(STUDY, ANALYSIS, TABLE)


def sheet_of(site: str, *, seed: int = 1, table: pd.DataFrame = TABLE, study: Study = STUDY) -> pd.DataFrame:
    return contact_frame(COHORT, table, study, site=site, seed=seed)


def test_contact_sheet_shows_analysed_radiographs_of_the_cell_and_counts_all() -> None:
    drawn = sheet_of("external")
    joined = drawn.merge(COHORT, on="row", suffixes=("", "_cohort")).merge(TABLE[["row", "vendor"]], on="row")
    assert len(joined) == len(drawn) == drawn["row"].nunique()
    assert (joined["site_cohort"] == "external").all()
    assert (joined["category"] == np.array(STUDY.categories)[joined["category_cohort"]]).all()
    assert (joined["vendor_x"] == joined["vendor_y"].replace("", "not named")).all()
    cells = drawn.drop_duplicates(["vendor", "category"])
    assert cells["n"].sum() == (COHORT["site"] == "external").sum()
    shown = drawn.groupby(["vendor", "category"])["row"].size()
    numbers = cells.set_index(["vendor", "category"])["n"]
    assert shown.to_dict() == numbers.clip(upper=9).to_dict()


def test_vendors_stand_from_the_most_frequent_to_the_rarest() -> None:
    drawn = sheet_of("development")
    totals = drawn.drop_duplicates(["vendor", "category"]).groupby("vendor", sort=False)["n"].sum()
    assert totals.is_monotonic_decreasing
    assert set(totals.index) == {"Fuji", "Konica Minolta", "GE", "not named"}


def test_draw_depends_on_the_seed_and_each_cell_on_itself_alone() -> None:
    drawn = sheet_of("development")
    pd.testing.assert_frame_equal(drawn, sheet_of("development"))
    assert drawn["row"].tolist() != sheet_of("development", seed=2)["row"].tolist()
    others = TABLE.assign(vendor=TABLE["vendor"].replace("GE", "Konica Minolta"))
    changed = sheet_of("development", table=others)
    fuji = [frame.loc[frame["vendor"] == "Fuji", "row"].tolist() for frame in (drawn, changed)]
    assert fuji[0] == fuji[1]


def test_more_vendors_than_lines_are_put_together() -> None:
    many = TABLE.assign(vendor=[f"vendor {row % 20:02d}" for row in TABLE["row"]])
    drawn = sheet_of("development", table=many)
    vendors = list(dict.fromkeys(drawn["vendor"]))
    assert len(vendors) == 12
    assert vendors[-1] == FURTHER
    assert (drawn["line"] == 0).all()
    assert drawn.drop_duplicates(["vendor", "category"])["n"].sum() == 160


@pytest.mark.slow
def test_sheets_say_site_vendor_category_and_flag_and_nothing_else(tmp_path: Path) -> None:
    drawn = sheet_of("development")
    figure = draw_contact_sheet(drawn, IMAGES, STUDY, site="development")
    said = texts(figure)
    assert {"Development", "Fuji", "Konica\nMinolta", "Vendor\nnot named", "CACS ≥ 400", SIMULATED_MARK} <= set(said)
    assert f"   {len(drawn)} of 160 radiographs analysed" in said
    assert clipped(figure) == []
    flagged = flagged_frame(TABLE, COUNTS, STUDY, seed=1)
    sheet = draw_flagged(flagged, IMAGES, STUDY)
    assert clipped(sheet) == []
    assert {"Likely blank", "   none of 240", "   30 of 240 (12.5 %); 24 drawn at random"} <= set(texts(sheet))
    paths = {kind: tmp_path / f"a.{kind}" for kind in ("pdf", "svg", "png", "csv")}
    write_sheet(figure, drawn, simulated=True, files=paths)
    with Image.open(paths["png"]) as picture:
        assert (picture.mode, picture.width, round(picture.info["dpi"][0])) == ("L", 1440, 200)
        assert len(np.unique(np.asarray(picture))) <= 64
        assert picture.getextrema() == (0, 255)
    pdf = paths["pdf"].read_bytes()
    for stream in (part.partition(b"stream\n")[2] for part in pdf.split(b"endobj")):
        try:
            pdf += zlib.decompress(stream)
        except zlib.error:
            continue
    written = [
        pdf,
        paths["svg"].read_bytes(),
        paths["png"].read_bytes(),
        paths["csv"].read_bytes(),
        "\n".join([*said, *texts(sheet)]).encode(),
    ]
    for patient in TABLE["patient"]:
        assert not any(patient.encode() in content for content in written)
    assert pd.read_csv(paths["csv"]).columns[-1] == "simulated"


def test_a_flag_shows_its_radiographs_by_site_and_an_unmet_one_is_a_row() -> None:
    drawn = flagged_frame(TABLE, COUNTS, STUDY, seed=1)
    assert list(dict.fromkeys(drawn["flag"])) == list(FLAGS)
    blank = drawn[drawn["flag"] == "likely_blank"].iloc[0]
    assert (blank["label"], blank["n_flagged"], blank["n"]) == ("Likely blank", 0, 240)
    assert pd.isna(blank["row"])
    inverted = drawn[drawn["flag"] == "likely_inverted"]
    assert inverted["place"].tolist() == list(range(24))
    assert set(inverted["row"]) <= set(range(30))
    assert (inverted["n_flagged"] == 30).all()
    rotated = drawn[drawn["flag"] == "likely_rotated"]
    assert rotated["site"].tolist() == ["development", "external"]


def test_no_flag_at_all_is_said() -> None:
    none = TABLE.assign(**dict.fromkeys(FLAGS, False))
    sheet = draw_flagged(flagged_frame(none, example_counts(none), STUDY, seed=1), IMAGES, STUDY)
    assert texts(sheet).count("   none of 240") == len(FLAGS)


def test_unreadable_radiographs_are_never_on_a_sheet() -> None:
    lying = TABLE.assign(likely_blank=True)
    drawn = flagged_frame(lying, example_counts(lying), STUDY, seed=1)
    unreadable = set(TABLE.loc[~TABLE["readable"], "row"])
    assert not unreadable & set(drawn["row"].dropna())
    assert not unreadable & set(sheet_of("development")["row"])


def test_studies_of_two_and_of_seven_categories_fill_their_sheet() -> None:
    for count in (2, 7):
        thresholds = [
            {"name": f"ge{value}", "operator": ">=", "value": value, "label": f"≥ {value}"}
            for value in np.linspace(1, 400, count - 1).astype(int).tolist()
        ]
        categories = [f"group {number}" for number in range(count)]
        study = Study.from_plain({**STUDY.plain(), "thresholds": thresholds, "categories": categories})
        cohort = cohort_of(study, ANALYSIS, TABLE)
        drawn = contact_frame(cohort, TABLE, study, site="external", seed=1)
        figure = draw_contact_sheet(drawn, IMAGES, study, site="external")
        assert clipped(figure) == []
        assert {f"CACS group {number}" for number in range(count)} <= set(texts(figure))


def test_a_thumbnail_is_too_small_for_writing() -> None:
    page = np.full((512, 512), 40, dtype=np.uint8)
    page[100:104:2, 100:300] = 255
    small = thumbnail(page, pixels=100)
    assert small.shape == (100, 100)
    assert small.max() < 140
    with pytest.raises(ValueError, match="at most 120"):
        thumbnail(page, pixels=MOST_PIXELS + 1)


def test_radiographs_are_pasted_where_they_are_placed() -> None:
    figure, axes = new_sheet(height=30, simulated=False)
    images = np.stack([np.full((8, 8), level, dtype=np.uint8) for level in (30, 90)])
    paste(axes, images, [Placed(0, left=10, top=28, side=10), Placed(1, left=30, top=18, side=5)])
    content = io.BytesIO()
    figure.savefig(content, dpi=254)
    picture = np.asarray(Image.open(content).convert("L"))
    at = {place: int(picture[int((30 - place[1]) * 10), place[0] * 10]) for place in ((15, 23), (32, 16), (25, 23))}
    assert at == {(15, 23): 30, (32, 16): 90, (25, 23): 255}


def test_long_names_are_shortened() -> None:
    assert shortened("Konica Minolta") == "Konica Minolta"
    assert shortened("hospital_of_the_north") == "hospital_of_t…"


@pytest.mark.slow
def test_distributions_are_drawn_as_the_files_have_them() -> None:
    found = example_distributions(TABLE)
    drawn = intensities_frame(found, COUNTS, STUDY)
    levels = drawn[(drawn["kind"] == "grey levels") & (drawn["vendor"] == "all")]
    assert levels.groupby("site")["share"].sum().tolist() == pytest.approx([1, 1])
    paths = drawn[drawn["kind"] == "paths"].set_index(["path", "site"])
    n = int((TABLE["intensity_path"] == "voi-lut>invert").where(TABLE["site"] == "external", False).sum())
    assert paths.loc[("voi-lut → invert", "external"), "n"] == n
    assert paths.loc[("voi-lut → invert", "external"), "share"] == pytest.approx(n / 80)
    figure = draw_intensities(drawn, STUDY)
    assert {"Development, by vendor", "External, by vendor", "voi-lut → invert"} <= set(texts(figure))
    sizes = sizes_frame(found, STUDY)
    assert sizes["quantity"].unique().tolist() == ["megapixels", "aspect"]
    assert sizes["site"].unique().tolist() == ["development", "external"]
    drawing = draw_image_sizes(sizes, STUDY)
    assert "Development (n = 160)" in texts(drawing)
    for picture in (figure, drawing):
        assert SIMULATED_MARK in texts(picture)
        assert round(picture.get_figwidth() * 25.4) == 183


def test_many_paths_and_vendors_are_put_together() -> None:
    table = TABLE.assign(
        intensity_path=[f"path{row % 14:02d}" for row in TABLE["row"]],
        vendor=[f"vendor{row % 9}" for row in TABLE["row"]],
    )
    table["intensity_path"] = table["intensity_path"].where(table["readable"], "")
    drawn = intensities_frame(example_distributions(table), example_counts(table), STUDY)
    paths = drawn[drawn["kind"] == "paths"]
    assert list(dict.fromkeys(paths["path"]))[-1] == "others"
    assert paths["path"].nunique() == 10
    assert paths.groupby("site")["share"].sum().tolist() == pytest.approx([1, 1])
    vendors = drawn[drawn["kind"] == "grey levels"].groupby("site")["vendor"].nunique()
    assert vendors.tolist() == [6, 6]


def test_vendors_of_few_radiographs_have_no_curve() -> None:
    table = TABLE.assign(vendor=[f"vendor{row // 4:03d}" for row in TABLE["row"]])
    table["vendor"] = table["vendor"].where(table["site"] == "external", "Fuji")
    drawn = intensities_frame(example_distributions(table), example_counts(table), STUDY)
    vendors = drawn[drawn["kind"] == "grey levels"].groupby("site")["vendor"].unique()
    assert vendors["external"].tolist() == ["all"]
    assert vendors["development"].tolist() == ["all", "Fuji"]
    assert "Too few radiographs of each vendor" in texts(draw_intensities(drawn, STUDY))
    few = drawn[(drawn["kind"] == "paths") | (drawn["vendor"] == "all")]
    assert texts(draw_intensities(few, STUDY)).count("Too few radiographs of each vendor") == 2


def test_ticks_of_sizes_are_round_numbers_and_neither_few_nor_many() -> None:
    assert round_steps(0.5, 20) == [0.5, 1, 2, 5, 10, 20]
    assert round_steps(0.0027, 0.007) == [0.003, 0.004, 0.005, 0.006]
    assert 3 <= len(round_steps(0.9, 2.3)) <= 6


def test_nothing_recorded_is_said_in_words() -> None:
    nothing = example_distributions(TABLE).iloc[:0]
    grey = draw_intensities(intensities_frame(nothing, COUNTS.iloc[:0], STUDY), STUDY)
    assert "The grey levels of the radiographs were not recorded." in texts(grey)
    sizes = draw_image_sizes(sizes_frame(nothing, STUDY), STUDY)
    assert "The sizes of the radiographs were not recorded." in texts(sizes)


def test_thirty_groups_have_lines_and_bars_of_their_own() -> None:
    strokes = {(group_stroke(place).colour, str(group_stroke(place).dashes)) for place in range(30)}
    bars = {(group_bar(place)["edgecolor"], group_bar(place)["hatch"]) for place in range(30)}
    assert len(strokes) == len(bars) == 30
