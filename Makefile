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
# The tests start hundreds of servers: compiled modules are kept, whatever the shell that calls says.
unexport PYTHONDONTWRITEBYTECODE

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
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/dev.txt
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/requirements
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

##@ Run

# Settings come from .env and the environment; these three are short names for one run.
RUN_ENV = $(if $(PORT),WIDGET_PORT=$(PORT)) $(if $(DATA_DIR),WIDGET_DATA_DIR=$(DATA_DIR)) $(if $(DEMO_PORT),DEMO_PORT=$(DEMO_PORT))

.PHONY: run
run: build ## start the server and the demo shop (PORT=, DEMO_PORT=, DATA_DIR= change where); Ctrl-C stops both
	@$(RUN_ENV) $(BIN)/python scripts/run.py

.PHONY: shell
shell: install ## open a Python shell with the application and its tables loaded
	@$(RUN_ENV) $(BIN)/widget-server shell

##@ Build

BUNDLES := widget_server/static/manifest.json
CATALOGUE_SOURCES := $(wildcard widget_server/locale/*/LC_MESSAGES/messages.po)
CATALOGUES := $(CATALOGUE_SOURCES:.po=.mo)
BUNDLE_SOURCES := $(shell find widget_js/src widget_js/types -type f 2>/dev/null) $(CATALOGUE_SOURCES) \
	$(wildcard widget_js/*.mjs widget_js/tsconfig.json)
NODE_MODULES := widget_js/node_modules/.package-lock.json

.PHONY: build
build: install $(BUNDLES) $(CATALOGUES) ## build what browsers load (widget, console) and the catalogues that pages speak from

$(NODE_MODULES): widget_js/package.json widget_js/package-lock.json $(STAMPS)/requirements
	@echo "Installing the locked browser tools ..."
	@npm ci --prefix widget_js --loglevel=error --no-audit --no-fund --no-update-notifier >/dev/null
	@touch $@

$(BUNDLES): $(NODE_MODULES) $(BUNDLE_SOURCES)
	@echo "Building the browser bundles ..."
	@npm run --prefix widget_js --silent build
	@touch $@

%.mo: %.po $(STAMPS)/requirements
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

.PHONY: wheel
wheel: build ## build a wheel that carries the bundles, into dist/
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

IMAGE ?= widget-server
BUILDER ?= $(firstword $(foreach tool,docker podman buildah,$(if $(shell command -v $(tool)),$(tool))))

IMAGE_LABELS = --label org.opencontainers.image.version=$(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
	--label org.opencontainers.image.revision=$(shell git rev-parse HEAD 2>/dev/null)

.PHONY: image
image: ## build the container image with docker, podman or buildah (IMAGE= names it); see docs/deploy.md
	@[ -n "$(BUILDER)" ] || { echo "make: nothing here builds images; install docker or podman, or run: sudo apt-get install buildah" >&2; exit 1; }
	$(BUILDER) build $(if $(filter podman buildah,$(BUILDER)),--format docker) --tag $(IMAGE) $(IMAGE_LABELS) .

##@ Check

.PHONY: check
check: build ## lint, types, import direction, size budgets, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run --prefix widget_js --silent check
	$(BIN)/pytest --quiet tests/test_layers.py
	$(BIN)/python -m widget_server.protocol.schema --check
	$(BIN)/python scripts/pages.py --check
	$(BIN)/python scripts/requirements.py --check

.PHONY: generate
generate: install ## write everything that is generated: protocol types and schema, the pages of docs/ that are made from the program, and how sizes are said
	$(BIN)/python -m widget_server.protocol.schema
	$(BIN)/python scripts/pages.py
	$(BIN)/python scripts/requirements.py
	$(BIN)/python scripts/sizes.py

.PHONY: texts
texts: install ## bring new and changed texts of pages, mails and answers into the catalogues; their translations are written by hand
	$(BIN)/python scripts/texts.py

.PHONY: format
format: $(NODE_MODULES) install ## bring all sources into the one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm run --prefix widget_js --silent format

# What the tests start for real: a program, and Debian's package that brings it.
ENGINES := chromium=chromium postgres=postgresql redis-server=redis-server nginx=nginx-light pgbouncer=pgbouncer \
	buildah=buildah mmdebstrap=mmdebstrap docker-compose=docker-compose openssl=openssl php=php-cli ruby=ruby
# While it is there, Debian's packages start no service: what the system runs is not touched.
POLICY := /usr/sbin/policy-rc.d

.PHONY: engines
engines:
	@missing=""; \
	for engine in $(ENGINES); do \
	  program=$${engine%%=*}; \
	  command -v "$$program" >/dev/null || [ -x "/usr/sbin/$$program" ] || compgen -G "/usr/lib/postgresql/*/bin/$$program" >/dev/null \
	    || missing+=" $${engine#*=}"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "make: the tests start programs that are missing here; run: sudo apt-get install --no-install-recommends$$missing" >&2; exit 1; \
	fi; \
	echo "Installing Debian's$$missing ..."; \
	if [ ! -e "$(POLICY)" ]; then trap 'rm -f "$(POLICY)"' EXIT; printf '#!/bin/sh\nexit 101\n' >"$(POLICY)"; chmod +x "$(POLICY)"; fi; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null

COVERAGE_PARTS := widget_server/core/*,widget_server/protocol/*,widget_server/store/*,widget_server/hub/*,widget_server/actions/*

# Most tests wait for something: two processes share them, each whole files, with engines of their own.
TEST_SHARES := --numprocesses 2 --dist loadfile

.PHONY: test
test: build engines ## run all tests (COVERAGE=1 reports branch coverage too)
	npm test --prefix widget_js --silent
	$(BIN)/pytest $(TEST_SHARES) $(if $(COVERAGE),--cov --cov-report=) $(PYTEST_ARGS)
	$(if $(COVERAGE),$(BIN)/coverage report --include='$(COVERAGE_PARTS)' --fail-under=90)

.PHONY: test-all
test-all: ## run all tests on SQLite, PostgreSQL and two nodes, and the long rounds
	@LONG=1 $(MAKE) test

.PHONY: coverage
coverage: ## run all tests and report branch coverage of the inner parts
	@$(MAKE) test COVERAGE=1

$(STAMPS)/bench: requirements/bench.txt $(STAMPS)/requirements
	@echo "Installing what the measurement compares with ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements/bench.txt
	@touch $@

.PHONY: bench
bench: build $(STAMPS)/bench ## measure this server beside others (BENCH_ARGS= for a part); see docs/performance.md
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

.PHONY: dataset
dataset: install ## fill a database with a community of a million posts (DATASET_ARGS=--help for more)
	$(BIN)/python -m tests.bench.dataset $(DATASET_ARGS)

.PHONY: load
load: build ## measure connections, throughput and latency of one and two nodes (LOAD_ARGS=--help for more)
	$(BIN)/python -m tests.load $(LOAD_ARGS)

.PHONY: soak
soak: build ## 30 minutes of people who come and go: memory must stay flat (SOAK_ARGS=--help for more)
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

##@ Keep

.PHONY: audit
audit: install $(NODE_MODULES) ## ask the registries whether a locked package has a known hole
	$(BIN)/pip-audit --strict --progress-spinner off --disable-pip --require-hashes --requirement requirements/runtime.txt
	npm audit --prefix widget_js --omit=dev --package-lock-only

.PHONY: sbom
sbom: install ## write what is shipped as CycloneDX, from the locks, into dist/sbom.cdx.json
	$(BIN)/python scripts/sbom.py dist/sbom.cdx.json

RUNTIME_EXTRAS := --extra speed --extra postgres --extra redis --extra images --extra inbound
UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-config

.PHONY: lock
lock: install $(NODE_MODULES) ## resolve the dependencies anew and write the locks (UPGRADE=1 takes newer versions of Python's)
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml $(RUNTIME_EXTRAS) --output-file requirements/runtime.txt
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml $(RUNTIME_EXTRAS) --extra s3 --extra dev --constraints requirements/runtime.txt --output-file requirements/dev.txt
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) requirements/bench.in --constraints requirements/dev.txt --output-file requirements/bench.txt
	@$(UV_COMPILE) $(if $(UPGRADE),--upgrade) requirements/build.in --constraints requirements/dev.txt --output-file requirements/build.txt
	@npm install --prefix widget_js --package-lock-only --loglevel=error --no-audit --no-fund >/dev/null
	@$(BIN)/python scripts/browser_lock.py
