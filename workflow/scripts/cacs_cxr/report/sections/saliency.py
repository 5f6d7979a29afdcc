"""What the networks look at: training curves, maps with their check by random weights, and shortcut probes."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.phrases import Caption
from cacs_cxr.report.saliency import PROBES, SALIENCY, SANITY, TEXTS, saliency

WITHOUT_NETWORKS = (
    "The study was rebuilt from an archive, which holds neither networks nor radiographs: training curves and maps of "
    "what the networks look at can be drawn only where these are."
)
CAPTIONS = {
    SALIENCY: (
        "Where the energy of the maps lies, beside an even map: means over the sampled patients, in which each "
        "category weighs by its sample."
    ),
    SANITY: (
        "Rank correlation of maps with those of the same network when the weights above the map, or all weights, are "
        "drawn at random, and with those of a network that was trained on other folds."
    ),
    PROBES: (
        "Shortcut probes: what the logits of the networks tell of factors, vendors and sites; AUCs within categories "
        "compare patients of the same category alone."
    ),
}


def paragraphs(evidence: Evidence) -> list[str]:
    """What the maps show, what the check says of them, what the probes warn of; or why there are none."""
    found = saliency(_tables(evidence), evidence.study)
    return found if {*evidence.pictures, *evidence.left_out} else [*found, WITHOUT_NETWORKS]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """Captions of the training curves and the maps."""
    short = evidence.study.biomarker.short
    return {
        "training_curves": Caption(
            "Training of every network: thin lines single networks, thick lines their means, dots the epoch that was "
            "kept.",
            "Line plots of training loss, tuning loss and tuning AUC by epoch, a column for each threshold. The "
            "numbers stand in figures/training_curves.csv, those of the epochs kept in models/training.csv.",
        ),
        "saliency": Caption(
            f"What the networks of the radiograph look at (Grad-CAM). Above: average radiograph and map by actual "
            f"{short} category. Below: of each outcome the case of which the network was surest, with its radiograph "
            "and map.",
            f"Radiographs in grey with maps in colour over them: averages by {short} category and site, then true and "
            "false positives and negatives at each threshold with the predicted probability. Shares of the maps in "
            "regions stand in the table of maps.",
        ),
    }


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """Captions of the tables that there are."""
    return {name: CAPTIONS[name] for name in _tables(evidence)}


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """Shares of the maps, their check and the probes; without rows where the networks are not here."""
    found = _tables(evidence)
    return {name: make(found.get(name), evidence.study) for name, make in TEXTS.items()}


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    return {name: evidence.tables[name] for name in TEXTS if len(evidence.tables.get(name, ()))}
