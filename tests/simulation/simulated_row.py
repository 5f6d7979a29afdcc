"""A radiograph's row as the simulation hands it to the writer, and what a viewer makes of the file."""

import io
from typing import Any

import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut, apply_voi

from cacs_cxr.simulation.dicom_writer import dicom_bytes

LEVELS = np.linspace(-0.1, 1.1, 48 * 40, dtype=np.float32).reshape(48, 40)
ROW: dict[str, Any] = {
    "patient_id": "D0000000001",
    "study_date": "2013-04-05",
    "sex": "F",
    "age_years": 61,
    "view": "PA",
    "headed_view": "PA",
    "view_header": "PA",
    "view_source": "ViewPosition",
    "defect": "",
    "purpose": "",
    "copy": "",
    "oddity": "",
    "device": "b",
    "dialect": "panel-15-bit",
    "shown_low": 0.2,
    "shown_span": 0.6,
    "transfer_syntax": "1.2.840.10008.1.2.1",
    "exposure": 7,
    "study": 5,
    "instance_number": 1,
}


def written(*, number: int = 3, **changes: Any) -> bytes:
    return dicom_bytes(LEVELS, {**ROW, **changes}, site="development", seed=1, number=number, spacing=(0.8, 0.8))


def read(*, number: int = 3, **changes: Any) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(written(number=number, **changes)), force=True)


def displayed(dataset: pydicom.FileDataset) -> np.ndarray:
    """Grey levels from 0 (black) to 1 (white) as a viewer shows them: first window (PS3.3 C.11.2.1) or first table."""
    values = apply_modality_lut(dataset.pixel_array, dataset)
    if "VOILUTSequence" in dataset:
        shown = apply_voi(values.astype(np.uint16), dataset) / 65535
    elif "WindowWidth" in dataset:
        centre, width = float(dataset.WindowCenter), float(dataset.WindowWidth)
        if dataset.get("VOILUTFunction") == "SIGMOID":
            shown = 1 / (1 + np.exp(-4 * (values - centre) / width))
        else:
            shown = np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)
    else:
        shown = values / (2**dataset.BitsStored - 1)
    return 1 - shown if dataset.PhotometricInterpretation == "MONOCHROME1" else shown
