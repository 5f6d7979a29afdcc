"""One of several processes that train a network together, as `run_processes` starts it."""

import sys
from pathlib import Path

from cacs_cxr.training.launch import one_of_processes
from cacs_cxr.training.network_job import train_network

if __name__ == "__main__":
    with one_of_processes(Path(sys.argv[1])) as (job, processes):
        train_network(**job, processes=processes)
