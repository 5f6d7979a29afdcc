"""A header that speaks of a calcium score is marked, in whatever language, and only the mark is kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from synthetic_dicom import encode, radiograph, save

from cacs_cxr.imaging.header_row import read_rows
from cacs_cxr.imaging.inspection import tell_file
from cacs_cxr.imaging.score_text import _FREE_TEXT, TAGS, speaks_of_score

PIXELS = np.zeros((100, 80), dtype="u2")


@pytest.mark.parametrize(
    "text",
    [
        "Agatston 120",
        "AGATSTON_SCORE",
        "CACS",
        "cacs=0",
        "CACS120",
        "CXR before CACS_CT",
        "CAC 0",
        "CAC: 1,204 AU",
        "CAC=12",
        "CAC score",
        "CAC-scoring",
        "CAC-DRS A2",
        "Calcium score 55",
        "calcium-scoring CT",
        "calcium\nscore",
        "CaScore",
        "Ca-Score",
        "coronary calcium",
        "severe coronary artery calcification",
        "Coronary calcifications",
        "calcified? coronary calcified plaque",
        "Koronarkalk",
        "Koronararterienkalk",
        "Kalkscore",
        "Kalk-Scoring",
        "Kalzium-Score",
        "Kalziumscore 3",
        "score calcique",
        "calcifications coronaires",
        "score de calcio",
        "puntuación de calcio",
        "puntuacio\u0301n de calcio",
        "PUNTUACIÓN DE CALCIO",
        "calcificación coronaria",
        "관상동맥 석회화",
        "관상동맥석회화가 있음",
        "칼슘 점수 10",
        "칼슘점수",
    ],
)
def test_texts_that_speak_of_the_score(text: str) -> None:
    assert speaks_of_score(text)
    assert speaks_of_score(f"(pre-op; {text})")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Chest PA",
        "cac",
        "Cactus",
        "Macacs 4",
        "CACHEXIA 2",
        "vacac 3",
        "breast CA, score pending",
        "Ca scored by Dr",
        "calcium 2.3 mmol/l",
        "aortic calcification",
        "coronary bypass, calcified granuloma",
        "Gleason score 7, prostate CA",
        "calcaneus score",
        "Kalk in der Schulter",
        "칼슘 보충제",
        "관상동맥 우회술",
    ],
)
def test_texts_that_do_not(text: str) -> None:
    assert not speaks_of_score(text)


def row_of(tmp_path: Path, dataset: Dataset) -> dict[str, Any]:
    save(dataset, tmp_path / "a")
    return read_rows(str(tmp_path), [{"file": "a"}])[0]


def made(**elements: Any) -> Dataset:
    return radiograph(PIXELS, bits_stored=12, PixelSpacing=[3.0, 3.0], **elements)


@pytest.mark.parametrize("keyword", _FREE_TEXT)
def test_every_element_of_free_text_is_read(tmp_path: Path, keyword: str) -> None:
    quiet = row_of(tmp_path, made(**{keyword: "chest"}))
    told = row_of(tmp_path, made(**{keyword: "known CACS 512"}))
    assert (quiet["score_text"], told["score_text"]) == (False, True)
    assert told["readable"]
    # Nothing else of the row depends on the text, but the file's size.
    assert {name for name in told if told[name] != quiet[name]} == {"bytes", "score_text"}


@pytest.mark.parametrize(
    ("sets", "text"), [(["", "ISO 2022 IR 149"], "칼슘 점수 7"), ("ISO_IR 192", "관상동맥 석회화")]
)
def test_other_scripts_and_encodings(tmp_path: Path, sets: str | list[str], text: str) -> None:
    dataset = made(SpecificCharacterSet=sets, ImageComments=text, StudyDescription="흉부")
    assert row_of(tmp_path, dataset)["score_text"]
    assert row_of(tmp_path, encode(dataset, ImplicitVRLittleEndian))["score_text"]


def test_the_sequence_of_the_request_is_read(tmp_path: Path) -> None:
    request = Dataset()
    request.ReasonForTheRequestedProcedure = "Agatston 300"
    assert row_of(tmp_path, made(RequestAttributesSequence=[request]))["score_text"]
    request.ReasonForTheRequestedProcedure = "cough"
    assert not row_of(tmp_path, made(RequestAttributesSequence=[request]))["score_text"]


def test_words_of_two_elements_make_no_term(tmp_path: Path) -> None:
    dataset = made(StudyDescription="CAC", SeriesDescription="7", RequestedProcedureDescription="calcium")
    assert not row_of(tmp_path, dataset)["score_text"]


def test_a_picture_without_header_says_nothing(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(tmp_path / "cacs.png")
    row = read_rows(str(tmp_path), [{"file": "cacs.png", "patient": "1"}])[0]
    assert (row["readable"], row["score_text"]) == (True, False)


def test_inspection_tells_that_it_speaks_and_not_what(tmp_path: Path) -> None:
    path = save(made(ImageComments="Agatston 4711"), tmp_path / "a")
    told = "".join(f"{step}" for step in tell_file(path))
    assert "speaks of a calcium score, not shown" in told
    assert "4711" not in told
    assert "Agatston" not in told


def test_elements_are_named_once() -> None:
    assert len(set(TAGS)) == len(TAGS)
