"""Why a radiograph is not read: machine-readable reasons, and what to do about each."""

import errno

REMEDIES = {
    "missing-file": "The image table names a file that is not in the folder; copy it there or remove the row.",
    "outside-folder": "The image table points outside the site's folder; give paths relative to that folder.",
    "unusable-name": "The file's name is no valid UTF-8; rename the file.",
    "cannot-open": "The file cannot be opened; check its permissions and the disk.",
    "excluded-by-override": "The site's override table says not to use the file; remove the row if it should be used.",
    "empty-file": "The file has no bytes; export it again.",
    "not-an-image": "The file is neither DICOM nor PNG nor JPEG; it may stay where it is.",
    "no-table": "PNG and JPEG files name no patient; list them in an image table (docs/tables.md).",
    "damaged-header": "The header cannot be parsed; export the file again.",
    "no-pixel-data": "The file holds no pixel data (a DICOMDIR, a report or a stripped header); export the image.",
    "no-size": "Rows or columns are missing; export the file again.",
    "multi-frame": "Only single radiographs are read; export the frames as single images.",
    "colour": "Colour images are not radiographs; export the original greyscale image.",
    "photometric": "Only MONOCHROME1 and MONOCHROME2 are read; export the original greyscale image.",
    "bits": "The declared bit depth is impossible or not 8 or 16 bits allocated; export the file again.",
    "too-large": "The declared image exceeds the size limit of a radiograph; check the file.",
    "truncated": "The file is shorter than its header declares; transfer it again.",
    "no-transfer-syntax": "The compressed file does not tell its compression; export it with file meta information.",
    "unsupported-syntax": "No decoder for this transfer syntax; transcode the file, e.g. to explicit VR little endian.",
    "size-mismatch": "The pixel data and the header disagree about the image's size; export the file again.",
    "damaged-pixels": "No decoder can read the pixel data; export or transfer the file again.",
    "timeout": "Decoding took longer than the time limit; the file is probably damaged.",
    "decoder-crash": "The decoder stopped the process; the file is probably damaged.",
    "out-of-memory": "Decoding took more memory than a radiograph needs; the file is probably damaged.",
}
"""Every reason that the index and the preprocessing give, with its remedy."""


class Refused(Exception):
    """A radiograph that is not read; `reason` is a key of `REMEDIES`, and nothing of the file is quoted."""

    def __init__(self, reason: str) -> None:
        if reason not in REMEDIES:
            raise ValueError(f"'{reason}' is no known reason; add it to REMEDIES with its remedy.")
        self.reason = reason
        super().__init__(reason)


def refusal_by_system(error: OSError) -> Refused:
    """What to say of a file that the operating system does not hand over.

    Raises:
        MemoryError: the system found no memory to open or map the file, which says nothing about the file.
    """
    if error.errno == errno.ENOMEM:
        raise MemoryError from None
    return Refused("missing-file" if isinstance(error, FileNotFoundError) else "cannot-open")
