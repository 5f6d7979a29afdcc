"""Whether the free text of a header speaks of a calcium score: such a file tells what the network is to find.

Only the answer leaves this module, never a word of the text.
"""

import re
from typing import Any
from unicodedata import normalize

from pydicom.tag import Tag

from cacs_cxr.imaging.headers import items, texts

REQUESTS = "RequestAttributesSequence"
_IN_REQUESTS = ("RequestedProcedureDescription", "ScheduledProcedureStepDescription", "ReasonForTheRequestedProcedure")
_FREE_TEXT = (
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "AdmittingDiagnosesDescription",
    "DerivationDescription",
    "IdentifyingComments",
    "MedicalAlerts",
    "AdditionalPatientHistory",
    "PatientComments",
    "AcquisitionComments",
    "ImageComments",
    "ImagePresentationComments",
    "FrameComments",
    "StudyComments",
    "ReasonForStudy",
    "ReasonForVisit",
    "VisitComments",
    "SpecialNeeds",
    "DischargeDiagnosisDescription",
    "ScheduledProcedureStepDescription",
    "CommentsOnTheScheduledProcedureStep",
    "PerformedProcedureStepDescription",
    "PerformedProcedureTypeDescription",
    "CommentsOnThePerformedProcedureStep",
    "RequestedProcedureDescription",
    "RequestedProcedureComments",
    "ReasonForTheRequestedProcedure",
    "ReasonForTheImagingServiceRequest",
    "ImagingServiceRequestComments",
    "TextValue",
    "TextComments",
    "InterpretationText",
    "InterpretationDiagnosisDescription",
    "Impressions",
    "ResultsComments",
)
TAGS = (*_FREE_TEXT, REQUESTS)
_KEYWORDS, _REQUESTS = {Tag(keyword): keyword for keyword in _FREE_TEXT}, Tag(REQUESTS)

_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![^\W\d_])", r"(?![^\W\d_])"
_GAP, _EQUALS = r"[\s_-]{0,2}", r"[\s_:=-]{0,3}"
_BETWEEN = "\n|\n"  # no words of two elements make one term
_WORDS = (
    "agatston",
    rf"cacs{_NO_LETTER_AFTER}",
    rf"cac(?:{_GAP}(?:scor(?:e|es|ing){_NO_LETTER_AFTER})|{_EQUALS}\d|-?drs{_NO_LETTER_AFTER})",
    rf"(?:calcium|ca|kalk|[ck]al[cz]ium){_GAP}scor(?:e|es|ing|ings){_NO_LETTER_AFTER}",
    rf"coronary{_GAP}(?:arter(?:y|ies|ial){_GAP})?calci(?:um|fi)",
    r"koronar\w{0,9}kalk",
    rf"score{_GAP}calcique",
    rf"calci(?:um|fications?){_GAP}coronaires?",
    rf"(?:score|puntuaci[oó]n|puntaje|escore){_GAP}de{_GAP}c[aá]lcio",
    rf"calci(?:o|ficaci[oó]n|ficaciones){_GAP}coronari[oa]s?",
)
_KOREAN = (r"관상\s*동맥\s*석회", r"칼슘\s*(?:점수|스코어)", r"석회화\s*(?:점수|지수)")  # words take endings there
_SPOKEN_OF = re.compile(rf"{_NO_LETTER_BEFORE}(?:{'|'.join(_WORDS)})|{'|'.join(_KOREAN)}", re.IGNORECASE)


def speaks_of_score(text: str) -> bool:
    """Whether a text names a calcium score or coronary calcium: English, German, French, Spanish or Korean."""
    return bool(text) and _SPOKEN_OF.search(text if text.isascii() else normalize("NFC", text)) is not None


def header_speaks_of_score(dataset: Any) -> bool:
    """Whether the free text of a header does, that of the request's sequence included.

    Elements of more than 64 kB are not read, as nowhere in a header (`headers.texts`).

    Args:
        dataset: read with `TAGS`.
    """
    # Most headers hold few of these elements: only those that are there are asked for.
    there = [_KEYWORDS[number] for number in _KEYWORDS.keys() & dataset.keys()]
    found = [part for keyword in there for part in texts(dataset, keyword)]
    for request in items(dataset, REQUESTS) if _REQUESTS in dataset else []:
        found += [part for keyword in _IN_REQUESTS for part in texts(request, keyword)]
    return speaks_of_score(_BETWEEN.join(found))
