# One door to everything. `make demo` and `make test` set up all that they need on a machine with Python 3.11 or newer.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Tests start some hundred commands: each loads what the first one compiled.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.PHONY: help install dev demo sample test lint format docs interop conformance browser bench deep pythons cluster chaos soak dist ci lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/run.stamp ## set up .venv from the lock file; then .venv/bin/broker exists

dev: .venv/dev.stamp ## the same with all tools of the tests

demo: .venv/run.stamp ## the cast, with its addresses printed; ARGS=--once plays the story and leaves
	@$(BIN)/broker demo $(ARGS)

sample: .venv/run.stamp ## a portal for sign-ups at the demo, by the management API; starts the demo if it does not run
	@scripts/sample

test: .venv/dev.stamp ## all tests (SQLite and PostgreSQL) with branch coverage; ARGS go to pytest
	@scripts/test $(ARGS)

lint: .venv/dev.stamp ## ruff, mypy --strict, import contracts
	@scripts/lint

format: .venv/dev.stamp ## let ruff write the code as `make lint` wants it
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

docs: ## the documents as a site in build/site, every link checked
	@scripts/docs

interop: .venv/dev.stamp ## software that nobody here wrote, on both sides of the broker
	@scripts/interop $(ARGS)

conformance: .venv/dev.stamp ## the OpenID Foundation's conformance suite, where one runs: SUITE=https://HOST:PORT
	@scripts/conformance "$(SUITE)"

browser: .venv/dev.stamp ## the pages in Chromium
	@scripts/browser $(ARGS)

bench: .venv/dev.stamp ## the benchmarks, each printing its figures as JSON
	@scripts/bench $(ARGS)

deep: .venv/dev.stamp ## what takes longer than a coffee
	@scripts/deep $(ARGS)

pythons: ## set-up, demo and tests with each of Python 3.11 to 3.14 that is installed; ARGS go to pytest
	@scripts/pythons $(ARGS)

cluster: .venv/dev.stamp ## the demo on two nodes and a PostgreSQL cluster; ARGS=--once proves logins and leaves
	@scripts/cluster $(ARGS)

chaos: .venv/dev.stamp ## faults on purpose: a lost leader, killed nodes, mail, disk and clock; ARGS go to pytest
	@scripts/chaos $(ARGS)

soak: .venv/dev.stamp ## an hour of people at a cluster, then what has grown; ARGS="--minutes 2"
	@scripts/soak $(ARGS)

dist: .venv/dev.stamp ## the release of the last commit in dist/: sdist, wheels, lock file, SBOM, licences, checksums
	@scripts/dist

ci: ## all that .ci/run runs
	@scripts/ci

lock: ## write requirements/*.txt from pyproject.toml and *.in; ARGS=--upgrade takes newer versions
	@scripts/lock $(ARGS)

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build dist *.egg-info

.venv/run.stamp: requirements/run.txt
	@scripts/install run
	@$(BIN)/python -c "from broker.web.catalogues import compile_all; compile_all()"

.venv/dev.stamp: requirements/dev.txt requirements/run.txt
	@scripts/install dev
	@$(BIN)/python -c "from broker.web.catalogues import compile_all; compile_all()"
