"""Train one network of one fold, choose its epoch on the tuning split, and predict its test fold once."""

from collections.abc import Mapping
from typing import Any

from cacs_cxr.job import logged
from cacs_cxr.training import network_process
from cacs_cxr.training.launch import run_processes
from cacs_cxr.training.network_job import train_network


def main(job: Mapping[str, Any], *, processes: int, threads: int) -> None:
    """Train in this process, or in several of which each has a GPU of its own.

    Args:
        job: the arguments of `train_network`, plain values.
        threads: CPU threads of each process.
    """
    if processes == 1:
        train_network(**job)
    else:
        run_processes(network_process.__name__, job, count=processes, threads=threads)


if __name__ == "__main__":
    with logged(snakemake):
        training = dict(snakemake.params.training)
        main(
            {
                "images": snakemake.input.images,
                "radiographs": snakemake.input.radiographs,
                "cohort": snakemake.input.cohort,
                "folds": snakemake.input.folds,
                "initial": str(snakemake.input.initial) if snakemake.input.initial else None,
                "development": snakemake.params.development,
                "weights": snakemake.output.weights,
                "metadata": snakemake.output.metadata,
                "logits": snakemake.output.logits,
                "definition": snakemake.params.definition,
                "network": snakemake.wildcards.network,
                "threshold": snakemake.wildcards.threshold,
                "fold": int(snakemake.wildcards.fold),
                "member": int(snakemake.wildcards.member),
                "seed": snakemake.params.seed,
                "training": training,
                "code": snakemake.params.code,
            },
            processes=training["processes"],
            threads=training["threads"],
        )
