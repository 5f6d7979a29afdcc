"""The manifest: versions, seed, configuration, checksums of inputs and results, git state, hardware, wall times."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cacs_cxr.job import logged
from cacs_cxr.provenance import manifest
from cacs_cxr.tables import read_json, read_written_table, write_json


def main(
    *,
    inputs: Sequence[Path],
    results: Sequence[Path],
    stages: Path,
    versions: Path,
    config: Mapping[str, Any],
    logs: Path,
    output: Path,
) -> None:
    """Write the manifest of a finished study.

    Args:
        inputs: what the sites handed over, or the archive.
        results: files whose checksums are kept.
        stages: table of the rules by stage.
        versions: JSON of the versions with which the models were made.
        config: the configuration of the study.
        logs: folder of the rules' logs, which end with their wall times.
        output: JSON to write.
    """
    repository = Path(__file__).resolve().parents[2]
    rules = read_written_table(stages)
    content = manifest(
        config=config,
        inputs=inputs,
        repository=repository,
        logs=logs,
        stages=dict(zip(rules["rule"], rules["stage"], strict=True)),
        made_with=read_json(versions),
        outputs=results,
    )
    write_json(content, output)


if __name__ == "__main__":
    with logged(snakemake):
        main(
            inputs=[Path(path) for path in snakemake.params.inputs],
            results=[Path(path) for path in snakemake.input.results],
            config=snakemake.params.config,
            stages=Path(snakemake.input.stages),
            versions=Path(snakemake.input.versions),
            logs=Path(snakemake.params.logs),
            output=Path(snakemake.output.manifest),
        )
