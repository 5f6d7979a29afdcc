"""What a header holds that may identify somebody, for tests that nothing of it is told."""

import re
import warnings
from pathlib import Path

from pydicom import dcmread


def identifying_values(path: Path) -> set[str]:
    """Names, identifiers, own UIDs, dates and free text of a header, sequences included; but no body part."""
    free = {"PN", "LO", "SH", "LT", "ST", "UT", "UI", "DA", "DT", "AS", "TM"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path, force=True, stop_before_pixels=True)
        found: set[str] = set()
        for element in [*dataset.file_meta, *dataset.iterall()]:
            if element.VR in free and element.keyword != "Manufacturer":
                values = element.value if element.VM > 1 else [element.value]
                found |= {str(value).strip() for value in values or []}
    found |= {f"{text[:4]}-{text[4:6]}-{text[6:]}" for text in found if re.fullmatch(r"(19|20)\d{6}", text)}
    body_part = str(dataset.get("BodyPartExamined"))
    return {text for text in found if len(text) > 3 and text != body_part and not text.startswith("1.2.840.10008.")}
