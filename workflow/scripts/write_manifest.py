"""The manifest: versions, seed, configuration, checksums of inputs and results, git state, hardware, wall times."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cacs_cxr.job import logged
from cacs_cxr.provenance import manifest
from cacs_cxr.tables import write_json


def main(
    *, inputs: Sequence[Path], results: Sequence[Path], config: Mapping[str, Any], benchmarks: Path, output: Path
) -> None:
    """Write the manifest of a finished study."""
    repository = Path(__file__).resolve().parents[2]
    content = manifest(config=config, inputs=inputs, repository=repository, benchmarks=benchmarks, outputs=results)
    write_json(content, output)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            inputs=[Path(path) for path in snakemake.params.inputs],
            results=[Path(path) for path in snakemake.input.results],
            config=snakemake.params.config,
            benchmarks=Path(snakemake.params.benchmarks),
            output=Path(snakemake.output.manifest),
        )
