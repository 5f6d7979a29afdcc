"""Manufacturers by their common names: free text of a header never passes the index."""

import re

_SIMULATED = re.compile(r"SIMULATED VENDOR ([A-Z]) ")
_VENDORS = {
    "AGFA": "Agfa",
    "CANON": "Canon",
    "TOSHIBA": "Canon",
    "CARESTREAM": "Carestream",
    "KODAK": "Carestream",
    "DRGEM": "DRGEM",
    "FUJI": "Fuji",
    "GE ": "GE",
    "GE MEDICAL": "GE",
    "GENERAL ELECTRIC": "GE",
    "HOLOGIC": "Hologic",
    "KONICA": "Konica Minolta",
    "LISTEM": "Listem",
    "PHILIPS": "Philips",
    "SAMSUNG": "Samsung",
    "SHIMADZU": "Shimadzu",
    "SIEMENS": "Siemens",
    "SWISSRAY": "Swissray",
    "VIEWORKS": "Vieworks",
}


def vendor_name(manufacturer: str) -> str:
    """Common name of a manufacturer or letter of a simulated one; ``other`` if not listed, empty if none is named."""
    upper = f"{' '.join(manufacturer.upper().split())} "
    if not upper.strip():
        return ""
    if simulated := _SIMULATED.fullmatch(upper):
        return f"Simulated {simulated[1]}"
    return next((name for start, name in _VENDORS.items() if upper.startswith(start)), "other")
