"""Manufacturers by their common names: free text of a header never passes the index."""

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
    """Common name of a manufacturer; ``other`` for one not listed, empty where none is named."""
    upper = f"{' '.join(manufacturer.upper().split())} "
    if not upper.strip():
        return ""
    return next((name for start, name in _VENDORS.items() if upper.startswith(start)), "other")
