"""Data, code and models: what a reader can get, rebuild and reuse."""

from collections.abc import Mapping

import pandas as pd

from cacs_cxr.report.evidence import Evidence
from cacs_cxr.report.phrases import Caption


def paragraphs(evidence: Evidence) -> list[str]:
    """Where the archive, the models and the code are, and what may be done with them."""
    shared = (
        "The patients are simulated: everything may be shared."
        if evidence.study.simulated
        else "It holds a row for each patient under a pseudonym, with integer days in place of dates: whether it may "
        "be shared is for the study's ethics committee and data protection to decide."
    )
    return [
        "Data. results/archive.tar.gz holds the predictions, the analysis cohort, the study's definition and settings, "
        "versions, model cards and a checksum of every file; all tables, figures and this page are rebuilt from it "
        f"without images or networks. {shared}",
        "Models. The weights of every network are in results/models as safetensors with a metadata file each; "
        "coefficients of the clinical and integrated models, and of the calibration, are in "
        "results/predictions/coefficients.csv. They were made for research and are not medical devices.",
        "Code. The software is under the MIT licence; its version, the versions of all libraries and the seed are "
        "listed under provenance.",
    ]


def figure_captions(evidence: Evidence) -> Mapping[str, Caption]:
    """No figure."""
    return {}


def table_captions(evidence: Evidence) -> Mapping[str, str]:
    """No table."""
    return {}


def tables(evidence: Evidence) -> Mapping[str, pd.DataFrame]:
    """No table."""
    return {}
