import pytest
from pydicom import Dataset, Sequence
from pydicom.sr.codedict import codes

from cacs_cxr.imaging.view import find_view, view_of_code, view_of_orientation, view_of_term, view_of_text


def header(*, code: str = "", meaning: str = "", **elements: str | list[str]) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    if code:
        item = Dataset()
        item.CodeValue, item.CodeMeaning = code, meaning
        dataset.ViewCodeSequence = Sequence([item])
    return dataset


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("PA", "PA"),
        ("pa", "PA"),
        ("AP", "AP"),
        ("LL", "lateral"),
        ("RL", "lateral"),
        ("LATERAL", "lateral"),
        ("LARGE LATERAL", "lateral"),
        ("LLD", "other"),
        ("RAO", "other"),
        ("MLO", "other"),
        (" lateral ", "lateral"),
        ("POSTERO_ANTERIOR", "PA"),
        ("XTABLE LATERAL", "lateral"),
        ("LLAT", "lateral"),
        ("AP_SUPINE", "AP"),
        ("AP AXIAL", "other"),
        ("PA LLD", "other"),
        ("SWIMMERS", "unknown"),
        ("XX", "unknown"),
        ("", "unknown"),
    ],
)
def test_terms_of_view_position(term: str, expected: str) -> None:
    assert view_of_term(term) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chest PA PA", "PA"),
        ("view: PA", "PA"),
        ("TORACE,FRN P->A", "PA"),
        ("W033 Thorax p.a.", "PA"),
        ("CHEST_AP_PORTABLE", "AP"),
        ("Thorax antero-posterior", "AP"),
        ("Cervical LAT", "lateral"),
        ("THORAX PROFIL", "lateral"),
        ("Thorax seitlich", "lateral"),
        ("Torax perfil", "lateral"),
        ("TORACE LATERO-LATERALE", "lateral"),
        ("Thorax dorso-ventral", "PA"),
        ("THORAX RAO", "other"),
        ("CHEST PA AND LATERAL", "unknown"),
        ("Chest lateral decubitus", "other"),
        ("CHEST,GENERAL", "unknown"),
        ("Papillary APPLE", "unknown"),
        ("PATIENT SPAIN", "unknown"),
    ],
)
def test_text_rules(text: str, expected: str) -> None:
    assert view_of_text(text) == expected


def test_view_position_goes_first() -> None:
    found = find_view(header(ViewPosition="PA", code="R-10236", SeriesDescription="LATERAL"))
    assert found == ("PA", "ViewPosition", "ViewPosition")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("R-10214", "PA"),
        ("272479007", "PA"),
        ("R-10206", "AP"),
        ("399348003", "AP"),
        ("R-10236", "lateral"),
        ("399198007", "lateral"),
        ("399067008", "lateral"),
        ("R-10226", "other"),
        ("399182000", "other"),
    ],
)
def test_view_codes(code: str, expected: str) -> None:
    assert find_view(header(ViewPosition="", code=code)) == (expected, "ViewCodeSequence", "ViewCodeSequence")


def test_every_code_of_the_standard_is_known() -> None:
    """CID 4010 as pydicom lists it; only a frontal leaves the view open."""
    values = {name: str(getattr(codes.cid4010, name).value) for name in codes.cid4010.dir()}
    assert len(values) > 40
    assert [name for name, value in values.items() if view_of_code(value) == "unknown"] == ["Frontal"]


def test_free_text_in_view_position_says_that_a_text_rule_was_used() -> None:
    assert find_view(header(ViewPosition="CHEST PA UPRIGHT")) == ("PA", "text rule", "ViewPosition")


def test_a_local_code_tells_the_view_by_its_meaning_only() -> None:
    found = find_view(header(code="XR7", meaning="Chest lateral", SeriesDescription="PA"))
    assert found == ("lateral", "text rule", "ViewCodeSequence")
    assert find_view(header(code="XR7", meaning="Chest")) == ("unknown", "none", "")


@pytest.mark.parametrize(
    ("directions", "expected"),
    [
        (["A", "F"], "lateral"),
        (["P", "F"], "lateral"),
        (["F", "A"], "lateral"),
        (["PL", "FA"], "lateral"),
        (["a", "h"], "lateral"),
        (["L", "F"], "unknown"),
        (["R", "F"], "unknown"),
        (["LA", "F"], "unknown"),
        (["A", "L"], "unknown"),
        (["A", "P"], "unknown"),
        (["A"], "unknown"),
        (["", ""], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_orientation_of_a_lateral(directions: list[str], expected: str) -> None:
    assert view_of_orientation(directions) == expected


def test_orientation_goes_before_free_text_and_after_codes() -> None:
    found = find_view(header(PatientOrientation=["P", "F"], SeriesDescription="CHEST PA"))
    assert found == ("lateral", "PatientOrientation", "PatientOrientation")
    found = find_view(header(PatientOrientation=["P", "F"], code="272479007"))
    assert found == ("PA", "ViewCodeSequence", "ViewCodeSequence")
    found = find_view(header(PatientOrientation=["L", "F"], SeriesDescription="CHEST PA"))
    assert found == ("PA", "text rule", "SeriesDescription")


def test_a_frontal_code_leaves_the_view_to_free_text() -> None:
    found = find_view(header(code="399033003", ProtocolName="Chest PA"))
    assert found == ("PA", "text rule", "ProtocolName")


def test_free_text_that_names_several_views_is_passed_over() -> None:
    found = find_view(header(SeriesDescription="CHEST PA/LAT", PatientPosition="AP"))
    assert found == ("AP", "text rule", "PatientPosition")


def test_study_description_is_never_asked() -> None:
    assert find_view(header(StudyDescription="Chest PA")) == ("unknown", "none", "")
