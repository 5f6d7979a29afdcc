"""What the abstract of the paper that this study reproduces reports: twelve numbers of Hong et al., and no more.

Hong Y, Jeong H, Jang Y, Heo R, Lee S-A, Yoon YE, Lee J, Park H-B, Chang H-J. Predicting categories of coronary artery
calcium scores from chest X-ray images using deep learning. J Cardiovasc Comput Tomogr 2025;19(3):331-339.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cacs_cxr.study import CXR, INTEGRATED, Study

CITATION = (
    "Hong Y, Jeong H, Jang Y, et al. Predicting categories of coronary artery calcium scores from chest X-ray images "
    "using deep learning. J Cardiovasc Comput Tomogr 2025;19(3):331–339. doi:10.1016/j.jcct.2025.03.010"
)
PATIENTS = 10_230
FOLDS = 10


@dataclass(frozen=True)
class PublishedAuc:
    """An area under the ROC curve as the abstract prints it, without an interval.

    Attributes:
        presumed: whether the abstract leaves open which model the number belongs to.
    """

    role: Literal["development", "external"]
    model: str
    threshold: str
    auc: float
    presumed: bool


Role = Literal["development", "external"]
ROWS: Sequence[tuple[Role, str, bool, tuple[float, float, float]]] = (
    ("development", CXR, False, (0.74, 0.75, 0.79)),
    ("development", INTEGRATED, False, (0.77, 0.79, 0.82)),
    ("external", INTEGRATED, True, (0.78, 0.79, 0.81)),
)
AUCS: Sequence[PublishedAuc] = tuple(
    PublishedAuc(role=role, model=model, threshold=threshold, auc=auc, presumed=presumed)
    for role, model, presumed, values in ROWS
    for threshold, auc in zip(("gt0", "ge100", "ge400"), values, strict=True)
)


def comparable(study: Study) -> bool:
    """Whether the study asks the paper's question: the same biomarker at the same three thresholds."""
    cuts = [(threshold.name, threshold.operator, threshold.value) for threshold in study.thresholds]
    return study.biomarker.name == "cacs" and cuts == [("gt0", ">", 0), ("ge100", ">=", 100), ("ge400", ">=", 400)]


def published_auc(study: Study, *, site: str, model: str, threshold: str) -> PublishedAuc | None:
    """The paper's number for a result of this study, or None where the abstract gives none or the question differs."""
    if not comparable(study):
        return None
    role = "development" if site == study.development else "external"
    wanted = (role, model, threshold)
    return next((item for item in AUCS if (item.role, item.model, item.threshold) == wanted), None)
