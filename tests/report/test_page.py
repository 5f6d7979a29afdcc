"""The report, from an archive through every stage below the waterline to the page."""

import base64
import hashlib
import html
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

import analyse_prognosis
import draw_auc
import draw_calibration
import draw_confusion
import draw_contact_sheet
import draw_cox
import draw_decision_curve
import draw_examples
import draw_flagged
import draw_flow
import draw_image_sizes
import draw_intensities
import draw_kaplan_meier
import draw_roc
import draw_stages
import draw_subgroups
import evaluate
import evaluate_calibration
import evaluate_subgroups
import prognosis_runs
import unpack_archive
import write_report
import write_tables
from cacs_cxr import paper
from cacs_cxr.figures import style
from cacs_cxr.imaging.refusals import REMEDIES
from cacs_cxr.report.archive import archive_bytes, archive_members
from cacs_cxr.report.assets import bound
from cacs_cxr.report.assumptions import NOT_RECORDED, assumptions
from cacs_cxr.report.contents import FIGURES, TABLES
from cacs_cxr.report.evidence import Evidence, read_evidence
from cacs_cxr.report.numbers import estimate
from cacs_cxr.report.page import figure, fitting
from cacs_cxr.report.phrases import Caption
from cacs_cxr.report.provenance_groups import flat
from cacs_cxr.report.radiographs import radiographs
from cacs_cxr.report.supplements import SUPPLEMENTS
from cacs_cxr.study import Study
from cacs_cxr.tables import write_csv, write_json
from written_results import (
    CONFIGURATION,
    DEFINITION,
    STAGES,
    VERSIONS,
    described,
    example_analysis,
    example_counts,
    example_flow,
    example_images,
    example_predictions,
    example_radiographs,
    example_study,
    example_supplements,
    other_study,
    without_follow_up,
)

STAGE_ROWS = [dict(zip(("stage", "rule", "jobs", "after"), row, strict=True)) for row in STAGES]
KINDS = ("pdf", "svg", "png", "csv")


@dataclass(frozen=True)
class Results:
    """A finished study: its folder, its evidence and the text of its page."""

    folder: Path
    evidence: Evidence
    page: str

    @property
    def text(self) -> str:
        """Text of the page without markup, no-break spaces as blanks."""
        body = self.page.partition("<body>")[2]
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body))).strip()


def drawn_sheets(study: Study, analysis: pd.DataFrame, table: pd.DataFrame, folder: Path) -> list[Path]:
    """Run the rules that draw contact sheets, above the waterline."""
    images, radiographs, cohort = folder / "images.npy", folder / "radiographs.parquet", folder / "cohort.parquet"
    counts, described = folder / "counts.csv", folder / "study.json"
    np.save(images, example_images(table))
    table.to_parquet(radiographs)
    patients = analysis.assign(category=study.category(analysis[study.biomarker.name]))
    patients.merge(table[["site", "patient", "row"]], on=["site", "patient"]).to_parquet(cohort)
    write_csv(example_counts(table), counts)
    write_json(study.plain(), described)
    pixels: dict[str, Any] = {"images": images, "radiographs": radiographs, "study": described, "seed": 1}

    def files(name: str) -> dict[str, Path]:
        return {kind: folder / f"images/{name}.{kind}" for kind in KINDS}

    for site in study.sites:
        draw_contact_sheet.main(**pixels, cohort=cohort, site=site.name, files=files(f"contact_sheet_{site.name}"))
    whole = {"images": images, "study": described, "seed": 1}
    draw_examples.main(**whole, cohort=cohort, files=files("example_radiographs"))  # type: ignore[arg-type]
    draw_flagged.main(**pixels, counts=counts, files=files("flagged_radiographs"))
    return sorted((folder / "images").glob("*.png"))


def finished(
    study: Study, analysis: pd.DataFrame, predictions: pd.DataFrame, folder: Path, *, without: tuple[str, ...] = ()
) -> Results:
    """Run every rule below the waterline on an archive of the study, and with the sheets that `folder` holds.

    Args:
        without: files that the archive lacks, as older ones do.
    """
    archive = folder / "in.tar.gz"
    members = archive_members(
        analysis,
        predictions,
        example_flow(study),
        study,
        CONFIGURATION,
        supplements=example_supplements(analysis),
        versions=VERSIONS,
        cards="",
        tables={},
    )
    left_out = (*without, "checksums.txt") if without else ()
    archive.write_bytes(archive_bytes({name: text for name, text in members.items() if name not in left_out}))
    cohort, evaluation, prognosis = folder / "cohort", folder / "evaluation", folder / "prognosis"
    files = {
        "study": cohort / "study.json",
        "configuration": cohort / "configuration.json",
        "analysis": cohort / "analysis.parquet",
        "flow": cohort / "flow.csv",
    }
    supplements = {
        "radiographs": folder / "images/radiographs.csv",
        "distributions": folder / "images/distributions.csv",
        "stages": cohort / "stages.csv",
        "networks": folder / "models/networks.csv",
        "coefficients": folder / "predictions/coefficients.csv",
        "corrupted": folder / "predictions/corrupted_predictions.csv",
        "network_calibration": folder / "predictions/network_calibration.csv",
    }
    distributions, versions = supplements["distributions"], cohort / "versions.json"
    scores, categories = folder / "predictions.parquet", evaluation / "predicted_categories.parquet"
    given: dict[str, Any] = {"definition": DEFINITION, "settings": CONFIGURATION, "stages": STAGE_ROWS}
    brought: dict[str, Any] = {"supplements": list(supplements.values()), "versions": versions}
    unpack_archive.main(archive=archive, **files, predictions=scores, **brought, **given)
    base: dict[str, Any] = {"analysis": files["analysis"], "study": files["study"]}
    performance = evaluated(base, scores, categories, supplements["corrupted"], evaluation)
    names = ("kaplan_meier", "logrank", "cox", "cox_tests", "concordance", "incidence")
    survival: dict[str, Any] = {name: prognosis / f"{name}.csv" for name in names}
    settings: dict[str, Any] = CONFIGURATION["prognosis"]
    analyse_prognosis.main(**base, predicted_categories=categories, **survival, **settings, seed=1)
    followed = {**base, "predicted_categories": categories}
    further = prognosis_runs.analyse(
        followed, configuration=files["configuration"], predictions=scores, folder=prognosis
    )
    drawn = {name: {"files": {kind: folder / f"figures/{name}.{kind}" for kind in KINDS}} for name in FIGURES}
    defined = {"study": files["study"]}
    draw_stages.main(stages=supplements["stages"], **defined, **drawn["stages"])
    draw_flow.main(flow=files["flow"], **defined, **drawn["flow"], smallest_cell=None)
    counted = {"distributions": distributions, "counts": supplements["radiographs"]}
    draw_intensities.main(**counted, **defined, **drawn["intensities"])
    draw_image_sizes.main(distributions=distributions, **defined, **drawn["image_sizes"])
    areas = performance["discrimination"]
    draw_roc.main(roc=performance["roc"], discrimination=areas, **defined, **drawn["roc"])
    draw_auc.main(discrimination=areas, **defined, **drawn["auc"])
    curves, tests = survival["kaplan_meier"], survival["logrank"]
    draw_kaplan_meier.main(kaplan_meier=curves, logrank=tests, **base, **drawn["kaplan_meier"])
    draw_cox.main(cox=survival["cox"], **defined, **drawn["cox"])
    prognosis_runs.draw(further, kaplan_meier=curves, **defined, drawn=drawn)
    shapes = {name: performance[name] for name in ("calibration_curve", "calibration", "probability_distribution")}
    draw_calibration.main(**shapes, **defined, **drawn["calibration"])
    draw_decision_curve.main(decision_curve=performance["decision_curve"], **defined, **drawn["decision_curve"])
    cells = {name: performance[name] for name in ("confusion", "agreement")}
    draw_confusion.main(**cells, **defined, **drawn["confusion"])
    forest = {name: performance[name] for name in ("subgroups", "subgroup_tests", "discrimination")}
    draw_subgroups.main(**forest, **defined, **drawn["subgroups"])
    performance["comparison"] = performance.pop("auc_comparison")
    made = {**supplements, **performance, **survival, **further}
    sources = {**files, **{name: path for name, path in made.items() if name in FIELDS}}
    sources["evaluation_sensitivity"] = performance["sensitivity"]
    tables = {name: folder / f"tables/{name}.csv" for name in TABLES}
    latex = {name: folder / f"tables/{name}.tex" for name in TABLES}
    documents = {"document": folder / "tables/tables.html", "cards": folder / "model_cards.md"}
    write_tables.main(evidence_files=sources, versions=versions, tables=tables, latex=latex, **documents)
    manifest = folder / "manifest.json"
    write_json({"versions": {"numpy": "2.4"}, "inputs": [{"file": "a"}, {"file": "b"}], "git": None}, manifest)
    write_report.main(
        evidence_files=sources,
        tables=list(tables.values()),
        figures=[paths["files"]["png"] for paths in drawn.values()],
        pictures=sorted((folder / "images").glob("*.png")),
        manifest=manifest,
        report=folder / "report.html",
        figure_captions=[folder / f"captions/figure_{name}.rst" for name in FIGURES],
        table_captions=[folder / f"captions/table_{name}.rst" for name in TABLES],
    )
    return Results(folder, read_evidence(sources), (folder / "report.html").read_text(encoding="utf-8"))


def evaluated(base: dict[str, Path], scores: Path, categories: Path, corrupted: Path, folder: Path) -> dict[str, Path]:
    """Run the three rules of the evaluation; return the files that they write."""
    settings: dict[str, Any] = CONFIGURATION["evaluation"]
    files = {
        kind: {name: folder / f"{name}.csv" for name in names}
        for kind, names in {
            "ranks": (
                "discrimination", "auc_comparison", "site_comparison", "roc", "operating_points",
                "operating_points_by_rule", "operating_point_comparison", "predictive_values", "cutoffs", "confusion",
                "agreement",
            ),
            "probabilities": (
                "calibration", "calibration_curve", "probability_distribution", "decision_curve",
                "net_benefit_comparison", "precision",
            ),
            "groups": ("subgroups", "subgroup_tests", "within_strata", "sensitivity", "robustness"),
        }.items()
    }  # fmt: skip
    evaluate.main(
        **base,
        predictions=scores,
        **files["ranks"],
        predicted_categories=categories,
        cutoff_rule="youden",
        rules=settings["operating_points"],
        prevalences=settings["prevalences"],
    )
    evaluate_calibration.main(
        **base,
        predictions=scores,
        **files["probabilities"],
        decision=settings["decision"],
        bootstrap=settings["bootstrap"],
        seed=1,
        **settings["precision"],
    )
    evaluate_subgroups.main(
        **base,
        predictions=scores,
        corrupted=corrupted,
        **files["groups"],
        cutoff_rule="youden",
        bands=settings["subgroups"]["bands"],
        least=settings["subgroups"]["minimum_per_class"],
        analyses=settings["sensitivity"],
    )
    return {name: path for written in files.values() for name, path in written.items()}


FIELDS = (
    "radiographs",
    "stages",
    "networks",
    "coefficients",
    "network_calibration",
    "discrimination",
    "comparison",
    "operating_points",
    "confusion",
    "site_comparison",
    "operating_points_by_rule",
    "agreement",
    "calibration",
    "decision_curve",
    "net_benefit_comparison",
    "precision",
    "subgroups",
    "subgroup_tests",
    "within_strata",
    "robustness",
    "logrank",
    "cox",
    "concordance",
    "incidence",
    *prognosis_runs.REPORTED,
)


@pytest.fixture(scope="module", autouse=True)
def _without_vectors() -> Iterator[None]:
    """What is drawn as vectors is tested with the figures; here it would double the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "_write_vectors_and_table", table_alone)
        yield


def table_alone(_figure: Figure, drawn: pd.DataFrame, *, simulated: bool, files: Mapping[str, Path]) -> None:
    """Write the CSV of a figure without its vectors."""
    write_csv(drawn.assign(simulated=simulated), files["csv"])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The default study, small."""
    study = example_study()
    analysis = described(example_analysis(study, patients=400))
    folder = tmp_path_factory.mktemp("study")
    drawn_sheets(study, analysis, example_radiographs(analysis), folder)
    return finished(study, analysis, example_predictions(analysis, study), folder)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A real study of another biomarker from an older archive: one site, one model, no follow-up, no attainable AUC."""
    study = other_study()
    analysis = without_follow_up(example_analysis(study, patients=120))
    predictions = example_predictions(analysis, study)
    chosen = predictions[predictions["model"] == "cxr"]
    older = tuple(SUPPLEMENTS)
    return finished(study, analysis, chosen, tmp_path_factory.mktemp("bare"), without=older)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.found.append((tag, dict(attrs)))

    def of(self, *names: str) -> list[dict[str, str | None]]:
        """Attributes of the tags of these names."""
        return [attributes for tag, attributes in self.found if tag in names]


@pytest.mark.slow
def test_page_loads_nothing_and_every_figure_has_its_alternative(results: Results) -> None:
    tags = Tags(results.page)
    assert tags.of("iframe", "object", "form") == []
    script = results.page.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert tags.of("script") == [{}], "one script, of the page itself"
    assert f"script-src 'sha256-{digest}'" in results.page
    images = tags.of("img")
    assert len(images) == len(tags.of("figure")) + 1 > 12, "each figure once, and the enlarged one"
    for image in images[:-1]:
        assert (image["src"] or "").startswith("data:image/png;base64,")
        assert len(image["alt"] or "") > 40
    for link in tags.of("link", "a"):
        assert re.match(r"#|data:,$", link["href"] or ""), link
    identifiers = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for link in tags.of("a"):
        assert (link["href"] or "").removeprefix("#") in identifiers
    assert "http://" not in results.page
    assert "https://" not in results.page
    assert "url(" not in results.page
    assert tags.of("html")[0]["lang"] == "en"
    assert len(results.page) < 15_000_000


@pytest.mark.slow
def test_tables_have_headings_for_rows_and_columns(results: Results) -> None:
    tags = Tags(results.page)
    assert len(tags.of("caption")) == results.page.count('id="table-') > 10
    assert {cell["scope"] for cell in tags.of("th")} == {"col", "row", "rowgroup"}


@pytest.mark.slow
def test_simulated_patients_are_marked_everywhere(results: Results) -> None:
    assert "Simulated patients: not evidence." in results.text
    assert results.text.count("Simulated patients.") == results.page.count('id="table-')
    sheets = [path for path in results.folder.glob("images/*.csv") if path.with_suffix(".png").exists()]
    assert len(sheets) == 4
    for path in [*results.folder.glob("tables/*.csv"), *results.folder.glob("figures/*.csv"), *sheets]:
        table = pd.read_csv(path)
        assert table.columns[-1] == "simulated", path.name
        assert table["simulated"].all()


def numbers_of_csv(folder: Path) -> set[str]:
    """Every number of every CSV of a study, as print may round it: as it is and, of shares, in per cent."""
    found: set[str] = set()
    for path in sorted(folder.glob("*/*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for text in np.unique(table.to_numpy().astype(str)):
            try:
                value = abs(float(text))
            except ValueError:
                found.update(re.findall(r"\d+\.\d+", text))
            else:
                found |= {f"{value:,.{digits}f}" for digits in (1, 2, 3)} | {f"{100 * value:.1f}", f"{value:.1f}"}
    return found


@pytest.mark.slow
def test_every_decimal_of_the_page_stands_in_a_csv(results: Results) -> None:
    page = re.sub(r'src="data:[^"]*"', "", results.page)
    abstract = page.partition('<section id="abstract"')[2].partition('<section id="methods"')[0]
    found = page.partition('<section id="participants"')[2].partition('<section id="limitations"')[0]
    printed = set(re.findall(r"(?<![\d.,])[\d,]*\d\.\d+(?![\d.])", html.unescape(abstract + found)))
    assert len(printed) > 150
    available = numbers_of_csv(results.folder)
    available |= {f"{row['auc']:.2f}" for row in results.evidence.study.attainable}
    available |= {f"{item.auc:.2f}" for item in paper.AUCS}
    counts = results.evidence.table("radiographs")
    available |= {f"{100 * n / of:.1f}" for n, of in zip(counts["n"], counts["of"], strict=True)}
    agreed = results.evidence.table("confusion").groupby(["site", "model"])["n"].sum().max()
    shares = {f"{100 * n / agreed:.1f}" for n in range(agreed + 1)} | {f"{100 * n / 200:.1f}" for n in range(201)}
    assert {number for number in printed if number not in available} <= shares
    assert len({number for number in printed if number not in available}) < 12


@pytest.mark.slow
def test_sentences_quote_the_files(results: Results) -> None:
    evidence = results.evidence
    row = evidence.row("discrimination", site="development", model="cxr", threshold="ge100")
    assert row is not None
    quoted = estimate(row["auc"], row["auc_low"], row["auc_high"]).replace("(", "(95 % CI ")
    assert f"{quoted} for the chest radiograph model" in results.text
    cox = evidence.row("cox", site="development", grouping="predicted", adjustment="adjusted", term="category[>=400]")
    assert cox is not None
    ratio = estimate(cox["hr"], cox["low"], cox["high"]).replace("(", "(95 % CI ")
    assert f"{ratio} by predicted category" in results.text
    everybody = evidence.row("incidence", site="external", grouping="actual", category="all")
    assert everybody is not None
    assert f"{everybody['n']} patients were followed for {everybody['person_years']:,.0f} person-years" in results.text
    cells = evidence.rows("confusion", site="development", model="cxr")
    agreed = cells.loc[cells["actual"].astype(str) == cells["predicted"].astype(str), "n"].sum()
    assert agreed > 0
    assert f"was the actual one in {agreed} ({agreed / 4:.1f} %) of 400 patients" in results.text
    assert "Of 1,450 patients with a score at the development site, 400 were analysed" in results.text


@pytest.mark.slow
def test_radiographs_are_counted_in_words_and_in_the_table(results: Results) -> None:
    assert "Of 403 radiographs selected at the development site, 400 (99.3 %) were read." in results.text
    assert "3 were refused: truncated (2) and timeout (1)." in results.text
    assert "The override table corrected 1: mirror (1) and rotate (1)." in results.text
    repeated = "1 identical to one of another patient and 1 nearly identical to one of another patient"
    assert (
        f"Repeated among those read: {repeated}. Patients who share a picture with another were excluded"
        in results.text
    )
    assert "Flagged were 30 likely inverted (negative); 1 likely rotated." in results.text
    assert "Flags exclude nobody, nor does likeness to a radiograph of the same patient" in results.text
    table = pd.read_csv(results.folder / "tables/radiographs.csv", keep_default_na=False, dtype=str)
    cells = table.set_index("quantity")
    assert cells.loc["Selected", ["development", "external"]].tolist() == ["403", "203"]
    assert cells.loc["Refused: truncated", "development"] == "2 (0.5 %)"
    assert cells.loc["Refused: truncated", "note"] == REMEDIES["truncated"]
    assert cells.loc["Likely blank", "external"] == "0"
    assert cells.loc["Corrected: mirror", "external"] == "0"
    assert cells.loc["Median width × height, pixels", "external"].endswith("megapixels)")


@pytest.mark.slow
def test_no_pseudonym_and_no_place_of_a_file_leaves_with_the_radiographs(results: Results) -> None:
    patients = set(example_radiographs(example_analysis(example_study(), patients=400))["patient"])
    written = [*results.folder.glob("images/*"), *results.folder.glob("figures/i*")]
    written += [*results.folder.glob("tables/radiographs.csv")]
    assert len(written) > 8
    for path in written:
        content = path.read_bytes()
        assert not [patient for patient in patients if patient.encode() in content], path.name
        assert str(results.folder).encode() not in content, path.name
    assert not [patient for patient in patients if patient in results.page]


@pytest.mark.slow
def test_sheets_beyond_the_size_of_the_page_are_named(results: Results) -> None:
    sheets = {"contact_sheet_a": b"x" * 50, "contact_sheet_b": b"x" * 90, "flagged_radiographs": b"x" * 20}
    assert fitting(sheets, largest=70) == ["contact_sheet_a", "flagged_radiographs"]
    assert fitting(sheets, largest=160) == list(sheets)
    words = radiographs(results.evidence, shown=["flagged_radiographs"], left_out=["contact_sheet_b"])
    assert "Not all contact sheets fit this page: see contact_sheet_b.png in results/images." in words


@pytest.mark.slow
def test_page_of_a_real_study_says_that_it_shows_patients(results: Results) -> None:
    real = replace(results.evidence, study=example_study(simulated=False))
    assert "hand it on only as the images" in " ".join(radiographs(real, shown=["contact_sheet_a"], left_out=[]))
    assert "hand it on only as the images" not in " ".join(radiographs(real, shown=[], left_out=[]))
    assert "hand it on only as the images" not in results.text


@pytest.mark.slow
def test_archive_without_radiographs_says_what_is_missing(bare: Results, results: Results) -> None:
    assert "The archive does not record how the radiographs were read, and holds none of them." in bare.text
    archived = radiographs(results.evidence, shown=[], left_out=[])
    assert "Of 403 radiographs selected" in archived[0]
    assert "can be drawn only where the radiographs are" in archived[-1]


@pytest.mark.slow
def test_methods_follow_the_configuration(results: Results) -> None:
    assert "A test_resnet network was trained for each threshold" in results.text
    assert "at most 183 days before or after it" in results.text
    assert "10-fold cross-validation by patient" in results.text
    assert "versions name value numpy 2.4" in results.text
    assert "inputs 2 entries" in results.text


@pytest.mark.slow
def test_study_without_external_site_follow_up_or_paper_says_so(bare: Results) -> None:
    assert "Simulated" not in bare.text
    assert "The study has no external site" in bare.text
    assert "Ward. No patient has follow-up: the prognosis is not estimable." in bare.text
    assert "The paper's numbers are not shown" in bare.text
    assert "LDH ≥ 250" in bare.text
    assert "CACS" not in bare.text.partition("Known and assumed Of the paper")[0]
    shown = {figure["id"] for figure in Tags(bare.page).of("figure")}
    assert {"figure-flow", "figure-roc", "figure-auc", "figure-stages"} <= shown
    assert not {"figure-kaplan_meier", "figure-cox", "figure-intensities"} & shown
    assert not re.search(r"\bnan\b|None|not estimable %", bare.text)


@pytest.mark.slow
def test_page_never_prints_not_a_number(results: Results) -> None:
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", results.text)


@pytest.mark.slow
def test_title_of_a_stranger_cannot_run_in_the_page(tmp_path: Path) -> None:
    study = example_study(external=False)
    hostile = Study.from_plain({**study.plain(), "title": "<script>alert(1)</script>"})
    analysis = example_analysis(hostile, patients=60)
    page = finished(hostile, analysis, example_predictions(analysis, hostile), tmp_path).page
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.slow
def test_every_result_file_and_column_is_documented(results: Results) -> None:
    documented = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text(encoding="utf-8")
    files = [*results.folder.glob("*/*.csv"), *results.folder.glob("*/*.json"), *results.folder.glob("*/*.parquet")]
    assert len(files) > 25
    for path in files:
        name = f"{path.parent.name}/{re.sub('_(development|external)$', '_{site}', path.stem)}{path.suffix}"
        assert name in documented, name
        if path.suffix == ".json" or path.stem in {"table1", "radiographs"}:
            continue
        columns = pd.read_csv(path).columns if path.suffix == ".csv" else pd.read_parquet(path).columns
        for column in columns:
            assert f"`{re.sub(r'_[0-9.]+y', '_{years}y', column)}`" in documented, f"{name}: {column}"


def test_assumptions_name_the_key_and_what_the_archive_does_not_record() -> None:
    study = example_study()
    table = assumptions(CONFIGURATION, study).set_index("question")
    assert table.loc["Cross-validation", "status"] == "known from the abstract"
    assert table.loc["Cross-validation", "this study"] == "10 folds, by patient, stratified by category"
    assert table.loc["Backbone", "configuration key"] == "training.backbone"
    assert table.loc["Backbone", "this study"] == "test_resnet"
    unrecorded = assumptions({}, study).set_index("question")
    assert unrecorded.loc["Backbone", "this study"] == NOT_RECORDED
    assert unrecorded.loc["Networks", "this study"] == "one network a threshold: > 0, ≥ 100 and ≥ 400"
    assert set(table["status"]) == {"known from the abstract", "inferred from the abstract", "assumed"}


def test_figures_take_the_width_that_they_have_in_print(tmp_path: Path) -> None:
    for resolution in (100, 300):
        Image.new("L", (round(183 / 25.4 * resolution), 10)).save(tmp_path / "a.png", dpi=(resolution, resolution))
        assert figure("x", (tmp_path / "a.png").read_bytes(), Caption("", ""), number=1)["width"] == 60
    Image.new("L", (1080, 10)).save(tmp_path / "b.png")
    assert figure("x", (tmp_path / "b.png").read_bytes(), Caption("", ""), number=1)["width"] == 30


def test_signs_stay_with_their_numbers() -> None:
    assert bound("p < .001; CACS ≥ 100 (95 % CI 0.1–0.2)") == (
        "p\xa0<\xa0.001; CACS\xa0≥\xa0100 (95\xa0%\xa0CI\xa00.1–0.2)"
    )


def test_provenance_is_flat_and_short() -> None:
    nested = {"a": {"b": [1, 2]}, "c": [{"x": 1}], "d": None}
    assert flat(nested) == [("a.b", "1, 2"), ("c", "1 entries"), ("d", "")]


@pytest.mark.slow
def test_headings_descend_by_one_and_every_region_has_a_name(results: Results) -> None:
    tags = Tags(results.page)
    levels = [int(tag[1]) for tag, _ in tags.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    identifiers = {attributes["id"] for _, attributes in tags.found if "id" in attributes}
    for section in tags.of("section"):
        assert section["aria-labelledby"] in identifiers
    for region in tags.of("nav", "aside", "dialog"):
        assert region["aria-label"]
    for scrolled in (attributes for _, attributes in tags.found if attributes.get("tabindex") == "0"):
        assert scrolled["role"] == "region"
        assert scrolled["aria-label"]


@pytest.mark.slow
def test_text_alternatives_quote_what_the_figures_show(results: Results) -> None:
    figures = dict(re.findall(r'<figure id="figure-(\w+)">\n<img src="[^"]*" alt="([^"]*)"', results.page))
    row = results.evidence.row("discrimination", site="external", model="integrated", threshold="ge400")
    assert row is not None
    quoted = estimate(row["auc"], row["auc_low"], row["auc_high"]).replace("(", "(95 % CI ")
    assert quoted in figures["roc"]
    assert quoted in figures["auc"]
    assert "person-years" in figures["kaplan_meier"]
    assert "400 patients are left at the development site" in figures["flow"]
    assert "train_network of training after link_radiographs" in figures["stages"]


@pytest.mark.slow
def test_checklists_lead_to_where_each_item_stands_or_to_the_authors(results: Results) -> None:
    parts = {
        name: re.findall(r'<th scope="row">(\w+)</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', body)
        for name, body in re.findall(r'<details id="(\w+)">(.*?)</details>', results.page, re.S)
    }
    assert [len(parts["tripod"]), len(parts["claim"])] == [52, 44]
    assert len({number.rstrip("abcdefg") for number, *_ in parts["tripod"]}) == 27
    assert [number for number, *_ in parts["claim"]] == [str(number) for number in range(1, 45)]
    for number, _, links, remark in parts["tripod"] + parts["claim"]:
        assert links or remark, number
    said = {number: (links, remark) for number, _, links, remark in parts["tripod"]}
    assert said["17"] == ("", "to be written by the authors")
    assert 'href="#figure-flow"' in said["20a"][0]


@pytest.mark.slow
def test_deviations_are_those_of_this_study(results: Results, bare: Results) -> None:
    assert "400 patients were analysed at the development site, not 10,230." in results.text
    assert "The patients are simulated; the paper's are not." in results.text
    for sentence in ("There is no external validation.", "There is no integrated model.", "There is no follow-up"):
        assert sentence in bare.text
        assert sentence not in results.text.partition("Deviations from the paper Only")[2]


@pytest.mark.slow
def test_captions_of_the_workflows_own_report_have_the_numbers(results: Results, bare: Results) -> None:
    caption = (results.folder / "captions/figure_roc.rst").read_text(encoding="utf-8")
    assert re.search(r"AUC clinical 0\.\d\d \(95 % CI", caption)
    assert "Simulated patients: not evidence." in caption
    assert "Nothing to show in this study." in (bare.folder / "captions/figure_cox.rst").read_text(encoding="utf-8")


@pytest.mark.slow
def test_model_cards_tell_what_was_trained_and_how_it_did(results: Results, bare: Results) -> None:
    cards = (results.folder / "model_cards.md").read_text(encoding="utf-8")
    assert cards.count("\n## ") == 9
    card = cards.partition("## Chest radiograph, CACS ≥ 100")[2].partition("\n## ")[0]
    assert "2 networks (test_resnet, 1,000 parameters, 64 × 64 pixels, from random initial weights)" in card
    row = results.evidence.row("discrimination", site="external", model="cxr", threshold="ge100")
    assert row is not None
    assert estimate(row["auc"], row["auc_low"], row["auc_high"]).replace("(", "(95 % CI ") in card
    assert "Simulated patients" in cards
    unknown = (bare.folder / "model_cards.md").read_text(encoding="utf-8")
    assert "**Training**: not recorded" in unknown
    assert not re.search(r"\bnan\b|None", cards + unknown)


@pytest.mark.slow
def test_tables_are_written_for_manuscripts_too(results: Results) -> None:
    latex = (results.folder / "tables/auc.tex").read_text(encoding="utf-8")
    table = pd.read_csv(results.folder / "tables/auc.csv", dtype=str, keep_default_na=False)
    assert latex.count(r" \\") == len(table) + 1
    assert r"CACS $\ge$ 100" in latex
    document = Tags((results.folder / "tables/tables.html").read_text(encoding="utf-8"))
    assert len(document.of("table")) == len(document.of("caption")) == results.page.count('id="table-')
