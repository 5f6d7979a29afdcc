"""Write which rule of which stage needs which others, as the workflow declares them."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cacs_cxr.job import logged
from cacs_cxr.stages import STAGE_COLUMNS


def main(*, stages: Sequence[Mapping[str, Any]], table: Path) -> None:
    """Write the table.

    Args:
        stages: rows as `cacs_cxr.stages.stage_rows` returns them.
        table: CSV to write.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, STAGE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(stages)
    table.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    with logged(snakemake):
        main(stages=snakemake.params.stages, table=Path(snakemake.output.stages))
