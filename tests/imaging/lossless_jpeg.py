"""An encoder of lossless JPEG (ISO 10918-1, process 14) for tests: any predictor, any precision, restarts."""

from struct import pack

import numpy as np
import numpy.typing as npt

_CATEGORIES = 17  # of differences; all get codes of five bits


def encode_lossless_jpeg(
    samples: npt.NDArray[np.unsignedinteger], *, precision: int, predictor: int = 1, restart_rows: int = 0
) -> bytes:
    """Codestream of a grey image [rows, columns].

    Args:
        predictor: selection value 1 to 7 (ISO 10918-1 table H.1).
        restart_rows: rows between restart markers; 0 for none.
    """
    rows, columns = samples.shape
    table = bytes([0, *(_CATEGORIES if length == 5 else 0 for length in range(1, 17)), *range(_CATEGORIES)])
    head = [
        b"\xff\xd8",
        b"\xff\xc4" + pack(">H", 2 + len(table)) + table,
        b"\xff\xc3" + pack(">HBHHB3B", 11, precision, rows, columns, 1, 1, 0x11, 0),
        b"\xff\xdd" + pack(">HH", 4, restart_rows * columns) if restart_rows else b"",
        b"\xff\xda" + pack(">HB2B3B", 8, 1, 1, 0, predictor, 0, 0),
    ]
    values, step, parts = samples.astype(int).tolist(), restart_rows or rows, []
    for number, top in enumerate(range(0, rows, step)):
        band = _scan(values[top : top + step], precision=precision, predictor=predictor)
        last = top + step >= rows
        parts.append(band + (b"" if last else bytes([0xFF, 0xD0 + number % 8])))
    return b"".join([*head, *parts, b"\xff\xd9"])


def _scan(values: list[list[int]], *, precision: int, predictor: int) -> bytes:
    """Entropy-coded data of rows whose first is predicted as the first of an image (H.1.2.1)."""
    bits = []
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            left = line[column - 1] if column else 0
            above = values[row - 1][column] if row else 0
            corner = values[row - 1][column - 1] if row and column else 0
            if row == 0:
                predicted = left if column else 1 << (precision - 1)
            elif column == 0:
                predicted = above
            else:
                predicted = _predictions(left, above, corner)[predictor - 1]
            difference = (value - predicted + (1 << 15)) % (1 << 16) - (1 << 15)
            difference = 1 << 15 if difference == -(1 << 15) else difference
            category = abs(difference).bit_length()
            bits.append(f"{category:05b}")
            if 0 < category < 16:
                extra = difference if difference > 0 else difference + (1 << category) - 1
                bits.append(f"{extra:0{category}b}")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    return int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")


def _predictions(left: int, above: int, corner: int) -> tuple[int, ...]:
    """Predictions of the selection values 1 to 7 (table H.1)."""
    return (
        left,
        above,
        corner,
        left + above - corner,
        left + ((above - corner) >> 1),
        above + ((left - corner) >> 1),
        (left + above) >> 1,
    )
