# Every target that a person may call carries a comment after two hashes: `make help` prints them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
STAMPS := $(VENV)/stamps
# Node comes from the virtual environment too, so the machine needs Python and make alone.
export PATH := $(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

##@ Set-up

.PHONY: help
help: ## list what make can do
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(STAMPS)/project ## make the virtual environment with all locked dependencies

$(STAMPS)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not installed; install Python 3.11 or newer, or run: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $$($(PYTHON) --version) is too old; install Python 3.11 or newer, or run: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: Python's venv module is missing; run: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/requirements: requirements/dev.txt | $(STAMPS)/python
	@echo "Installing the locked dependencies ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/requirements
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

##@ Work

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-config --default-index https://pypi.org/simple

.PHONY: lock
lock: install ## resolve the dependencies anew and write requirements/*.txt (UPGRADE=1 takes newer versions)
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra speed --output-file requirements/runtime.txt
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra speed --extra dev --constraints requirements/runtime.txt --output-file requirements/dev.txt
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) requirements/bench.in --constraints requirements/dev.txt --output-file requirements/bench.txt
