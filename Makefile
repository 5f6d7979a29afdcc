# Two commands do all the set-up: `make study` runs the study, `make test` passes the tests.

VENV ?= .venv
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,$(if $(shell $(name) -c "import sys; print(sys.version_info >= (3, 11) or '')" 2>/dev/null | grep True),$(name))))
READY := $(VENV)/ready
COMMAND := $(VENV)/bin/cacs-cxr

.PHONY: help setup study test test-fast test-cluster lint lint-python lint-workflow format clean-environment

help:
	@echo "make study          set up the environment if needed, then run the study (snakemake --cores all)"
	@echo "make test           set up the environment if needed, then run the tests"
	@echo "make test-cluster   the mini study through a SLURM cluster on this machine, and what can go wrong on it"
	@echo "make lint           ruff, mypy, snakefmt and snakemake --lint"

setup: $(COMMAND)

$(READY): envs/requirements.lock
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found. Install one, or name it: make study PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up the environment in $(VENV) with $$($(PYTHON) --version): about 3 GB to download and 7 GB of disk"
	@echo "(PyTorch with CUDA is most of it); some minutes, once."
	@$(PYTHON) envs/check_place.py setup "$(VENV)"
	@rm -rf "$(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --disable-pip-version-check --require-hashes --requirement envs/requirements.lock
	@touch $(READY)
	@echo "The environment is ready. To use it by hand: . $(VENV)/bin/activate"

# The command runs the code of this folder: only a change of pyproject.toml installs it anew.
$(COMMAND): $(READY) pyproject.toml
	@$(VENV)/bin/python -m pip install --disable-pip-version-check --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $(COMMAND)

study: $(COMMAND)
	@. $(VENV)/bin/activate && snakemake --cores all

test: $(COMMAND)
	@. $(VENV)/bin/activate && python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-fast: $(COMMAND)
	@. $(VENV)/bin/activate && python -m pytest -m "not slow"

# Installs SLURM where it may (Debian or Ubuntu, as root); the tests are skipped, with the reason, where there is none.
test-cluster: $(COMMAND)
	@tests/cluster/install_slurm.sh || true
	@. $(VENV)/bin/activate && python -m pytest -m cluster -v --numprocesses 3 --dist load tests/cluster tests/schedulers $(ARGUMENTS)

lint: lint-python lint-workflow

lint-python: $(READY)
	@. $(VENV)/bin/activate && ruff check . && ruff format --check . && mypy

lint-workflow: $(READY)
	@. $(VENV)/bin/activate && snakefmt --check Snakefile workflow/rules && snakemake --lint

format: $(READY)
	@. $(VENV)/bin/activate && ruff check --fix . && ruff format . && snakefmt Snakefile workflow/rules

clean-environment:
	@$(PYTHON) envs/check_place.py remove "$(VENV)"
	rm -rf "$(VENV)"
