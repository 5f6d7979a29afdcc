"""One cluster for all tests of this folder; without SLURM they are skipped, with the reason."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_cluster import NoCluster, SlurmCluster, slurm_cluster
from slurm_runs import end_all


@pytest.fixture(scope="session")
def cluster(worker_id: str) -> Iterator[SlurmCluster]:
    """A running cluster of three nodes; the one with two pretended GPUs is in a partition of its own.

    Each process of pytest-xdist has its own: the tests mostly wait for Snakemake to look at its jobs.
    """
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        try:
            starting = slurm_cluster(Path(folder), first_port=17000 + 200 * number)
            running = starting.__enter__()
        except NoCluster as reason:
            pytest.skip(str(reason))
        try:
            yield running
        finally:
            starting.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """After each test, whatever it began has ended."""
    yield
    end_all()
