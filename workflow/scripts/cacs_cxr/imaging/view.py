"""Which way the beam went: the view of a chest radiograph from its header, and which element told it.

Rules, in this order; the first element that tells a view decides:
1. ViewPosition (0018,5101) by its defined terms, else by the text rules below (free text is common there).
2. ViewCodeSequence (0054,0220) by SNOMED codes, in the old (SRT) and the present (SCT) notation.
3. Text rules on SeriesDescription, ProtocolName, AcquisitionDeviceProcessingDescription and PatientPosition. A text
   that fits several views ("PA and lateral") tells none. StudyDescription is not asked: it names the whole study.
"""

import re
from typing import Any

from cacs_cxr.imaging.headers import items, text

PA, AP, LATERAL, OTHER, UNKNOWN = VIEWS = ("PA", "AP", "lateral", "other", "unknown")

TAGS = (
    "ViewPosition",
    "ViewCodeSequence",
    "SeriesDescription",
    "ProtocolName",
    "AcquisitionDeviceProcessingDescription",
    "PatientPosition",
)
_FREE_TEXT = TAGS[2:]

_TERMS = {
    "PA": PA,
    "AP": AP,
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL", "LARGE LATERAL"), LATERAL),
    **dict.fromkeys(("RLD", "LLD", "RLO", "LLO", "RAO", "LAO", "RPO", "LPO", "CC", "MLO", "ML", "LM", "XCCL"), OTHER),
}
_CODES = {
    **dict.fromkeys(("R-10214", "R-40888", "272479007"), PA),
    **dict.fromkeys(("R-10206", "399348003"), AP),
    **dict.fromkeys(("R-10232", "399198007", "R-10236", "399173006", "R-102CD", "399067008"), LATERAL),
    **dict.fromkeys(("R-10224", "399260004", "R-10228", "399352003"), LATERAL),
    **dict.fromkeys(("R-10202", "399033003"), UNKNOWN),  # frontal: PA or AP
}
_TEXT_RULES = (
    (OTHER, re.compile(r"\b(OBLIQUE|OBL|DECUB\w*|LORDOTIC|AXIAL|APICAL|RLD|LLD)\b")),
    (LATERAL, re.compile(r"\b(LAT|LATERAL\w*|LL|RL|PROFIL\w*|[LR] ?-+> ?[RL])\b")),
    (PA, re.compile(r"\b(PA|P\.A|P ?-+> ?A|POSTERO[- ]?ANTERIOR)\b")),
    (AP, re.compile(r"\b(AP|A\.P|A ?-+> ?P|ANTERO[- ]?POSTERIOR)\b")),
)


def view_of_text(free_text: str) -> str:
    """View that a free text tells: the single one whose rule it fits, else ``unknown``."""
    upper = free_text.upper().replace("_", " ")
    found = [view for view, rule in _TEXT_RULES if rule.search(upper)]
    if OTHER in found:
        return OTHER
    return found[0] if len(found) == 1 else UNKNOWN


def view_of_term(term: str) -> str:
    """View that a short term tells, as ViewPosition or a column of an image table holds it."""
    upper = " ".join(term.upper().split())
    return _TERMS.get(upper) or view_of_text(upper)


def find_view(dataset: Any) -> tuple[str, str, str]:
    """View of a radiograph from its header.

    Returns:
        The view; its source (``ViewPosition``, ``ViewCodeSequence``, ``text rule`` or ``none``); and the keyword of the
        element that told it, empty if none did.
    """
    if (view := view_of_term(text(dataset, "ViewPosition"))) != UNKNOWN:
        return view, "ViewPosition", "ViewPosition"
    for item in items(dataset, "ViewCodeSequence"):
        code = text(item, "CodeValue")
        if code and (view := _CODES.get(code, OTHER)) != UNKNOWN:
            return view, "ViewCodeSequence", "ViewCodeSequence"
    for keyword in _FREE_TEXT:
        if (view := view_of_text(text(dataset, keyword))) != UNKNOWN:
            return view, "text rule", keyword
    return UNKNOWN, "none", ""
