import pytest
from pydicom import Dataset, Sequence

from cacs_cxr.imaging.view import find_view, view_of_term, view_of_text


def header(*, code: str = "", **elements: str) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    if code:
        item = Dataset()
        item.CodeValue = code
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
        ("R-10226", "other"),
    ],
)
def test_view_codes(code: str, expected: str) -> None:
    assert find_view(header(ViewPosition="", code=code)) == (expected, "ViewCodeSequence", "ViewCodeSequence")


def test_a_frontal_code_leaves_the_view_to_free_text() -> None:
    found = find_view(header(code="399033003", ProtocolName="Chest PA"))
    assert found == ("PA", "text rule", "ProtocolName")


def test_free_text_that_names_several_views_is_passed_over() -> None:
    found = find_view(header(SeriesDescription="CHEST PA/LAT", PatientPosition="AP"))
    assert found == ("AP", "text rule", "PatientPosition")


def test_study_description_is_never_asked() -> None:
    assert find_view(header(StudyDescription="Chest PA")) == ("unknown", "none", "")
