"""Which way the beam went: the view of a chest radiograph from its header, and which element told it.

Rules, in this order; the first that tells a view decides:
1. ViewPosition (0018,5101) by its terms (PS3.3 C.8.1.1; of mammography, those of the ACR), else by the text rules,
   since free text is common there.
2. ViewCodeSequence (0054,0220) by the codes of CID 4010 (PS3.16), in the present (SCT) and the old (SRT, SNM3)
   notation, else by the text rules on the meaning of its code.
3. PatientOrientation (0020,0020): rows or columns that run to anterior or posterior, and the others to head or foot,
   are those of a lateral. Of 4,481 headers of Open-i that hold it beside ViewPosition, none contradicts this rule.
4. Text rules on SeriesDescription, ProtocolName, AcquisitionDeviceProcessingDescription and PatientPosition.

A text that fits several views ("PA and lateral") tells none. StudyDescription and the procedure's codes are not asked:
they name the whole examination.
"""

import re
from typing import Any

from cacs_cxr.imaging.headers import items, text, texts

PA, AP, LATERAL, OTHER, UNKNOWN = VIEWS = ("PA", "AP", "lateral", "other", "unknown")
TEXT_RULE = "text rule"

_FREE_TEXT = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription", "PatientPosition")
TAGS = ("ViewPosition", "ViewCodeSequence", "PatientOrientation", *_FREE_TEXT)

_TERMS = {
    "PA": PA,
    "AP": AP,
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL", "LARGE LATERAL"), LATERAL),
    **dict.fromkeys(("RLD", "LLD", "RLO", "LLO", "RAO", "LAO", "RPO", "LPO"), OTHER),
    **dict.fromkeys(("CC", "MLO", "LMO", "ML", "LM", "XCCL", "XCCM", "FB", "SIO", "ISO"), OTHER),  # mammography
}
_OTHER_CODES = """
399038007 R-10210 399225005 R-10250 399059000 R-10216 399061009 R-10241 399110001 R-102C2
399162004 R-10242 399099002 R-10230 399242004 R-102C6 399351005 R-102C7 260499007 R-40810
399288005 R-10248 399071006 R-102C3 399135007 R-10220 260427002 R-40783 399236003 R-10234
399368009 R-10226 399196006 R-10244 399360002 R-10257 119376003 G-8300 399272005 R-102C5
399356000 R-40985 399255003 R-10256 399312000 R-10208 399184004 R-10238 399335002 R-102C4
399316002 R-102C8 399182000 R-102C1 260426006 R-40782 399132005 R-10252 399325008 R-10254
399160007 R-10204 399004004 R-10246 399006002 R-10212
"""  # oblique, axial, tangential, of the skull, the foot, the breast: SCT and SRT of each
_CODES = {
    **dict.fromkeys(("272479007", "R-40888", "R-10214"), PA),
    **dict.fromkeys(("399348003", "R-10206"), AP),
    **dict.fromkeys(("399067008", "R-102CD"), LATERAL),
    **dict.fromkeys(("399198007", "R-10232", "399173006", "R-10236"), LATERAL),  # right lateral, left lateral
    **dict.fromkeys(("399260004", "R-10224", "399352003", "R-10228"), LATERAL),  # medial-lateral, lateral-medial
    **dict.fromkeys(("30730003", "G-A145"), LATERAL),  # sagittal
    **dict.fromkeys(("399033003", "R-10202"), UNKNOWN),  # frontal: PA or AP
    **dict.fromkeys(_OTHER_CODES.split(), OTHER),
}
_TEXT_RULES = (
    (OTHER, re.compile(r"\b(OBLIQUE|OBL|DECUB\w*|LORDOTIC|AXIAL|APICAL|RLD|LLD|RAO|LAO|RPO|LPO)\b")),
    (
        LATERAL,
        re.compile(r"\b([LR]?LAT|LATERAL\w*|LATERO[- ]?LATERAL|LL|RL|PROFIL\w*|PERFIL|SEITL\w*|[LR] ?-+> ?[RL])\b"),
    ),
    (PA, re.compile(r"\b(PA|P\.A|P ?-+> ?A|POSTERO[- ]?ANTERIOR|DORSO[- ]?VENTRAL)\b")),
    (AP, re.compile(r"\b(AP|A\.P|A ?-+> ?P|ANTERO[- ]?POSTERIOR|VENTRO[- ]?DORSAL)\b")),
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
    return _standard_term(term) or view_of_text(term)


def _standard_term(term: str) -> str:
    return _TERMS.get(" ".join(term.upper().split()), "")


def view_of_code(code: str) -> str:
    """View that a code of CID 4010 tells; ``unknown`` for any other code, and for one that leaves the view open."""
    return _CODES.get(code, UNKNOWN)


def view_of_orientation(directions: list[str]) -> str:
    """View that PatientOrientation tells: ``lateral`` or ``unknown``, since PA and AP may be stored alike.

    Args:
        directions: of the rows and of the columns, each a letter of A, P, L, R, H, F, or several from the main one on.
    """
    main = {direction[:1].upper() for direction in directions} if len(directions) == 2 else set()
    return LATERAL if main & set("AP") and main & set("HF") else UNKNOWN


def find_view(dataset: Any) -> tuple[str, str, str]:
    """View of a radiograph from its header.

    Returns:
        The view; its source (``ViewPosition``, ``ViewCodeSequence``, ``PatientOrientation``, ``text rule`` or
        ``none``); and the keyword of the element that told it, empty if none did.
    """
    term = text(dataset, "ViewPosition")
    if view := _standard_term(term):
        return view, "ViewPosition", "ViewPosition"
    if (view := view_of_text(term)) != UNKNOWN:
        return view, TEXT_RULE, "ViewPosition"
    codes = items(dataset, "ViewCodeSequence")
    for item in codes:
        if (view := view_of_code(text(item, "CodeValue"))) != UNKNOWN:
            return view, "ViewCodeSequence", "ViewCodeSequence"
    for item in codes:
        if (view := view_of_text(text(item, "CodeMeaning"))) != UNKNOWN:
            return view, TEXT_RULE, "ViewCodeSequence"
    if (view := view_of_orientation(texts(dataset, "PatientOrientation"))) != UNKNOWN:
        return view, "PatientOrientation", "PatientOrientation"
    for keyword in _FREE_TEXT:
        if (view := view_of_text(text(dataset, keyword))) != UNKNOWN:
            return view, TEXT_RULE, keyword
    return UNKNOWN, "none", ""
