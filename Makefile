# Everything a developer or a CI runs. `make test VENV=/some/folder` uses (or makes) another environment.

PYTHON ?= python3
VENV ?= .venv
DEMO_VENV ?= .venv-demo
WORKERS ?= 2

BIN = $(VENV)/bin
SOURCES = $(shell find docsr -type f -not -name '*.pyc')
# One thread per worker: torch, OpenMP and Tesseract would otherwise fight over the same cores.
TEST_ENV = OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1

.PHONY: help demo env programs test test-slow benchmark-smoke check format clean

help:
	@echo "make demo       enhance data/samples into hi/ with a plain installation"
	@echo "make env        the development environment in $(VENV)"
	@echo "make programs   Tesseract, the fonts the tests draw with, Chromium (apt-get)"
	@echo "make test       the default tests with coverage"
	@echo "make test-slow  the tests that take minutes"
	@echo "make benchmark-smoke  the benchmark on the repository's own pages, in build/smoke"
	@echo "make check      ruff, mypy, import-linter"
	@echo "make format     rewrite the sources with ruff"
	@echo "make clean      remove what the targets above made"

demo: $(DEMO_VENV)/.installed
	$(DEMO_VENV)/bin/docsr enhance data/samples --out hi/ --factor 2

$(DEMO_VENV)/.installed: pyproject.toml $(SOURCES)
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/python -m pip install --quiet .
	touch $@

env: $(VENV)/.installed

# The stamp is older than pyproject.toml exactly when the dependencies or the entry point may have changed.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python tools/one_opencv.py
	touch $@

programs:
	@sh tools/install_programs.sh

test: env programs
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) --cov --cov-fail-under=90

test-slow: env programs
	$(TEST_ENV) $(BIN)/python -m pytest -m slow

benchmark-smoke: env programs
	$(TEST_ENV) $(BIN)/docsr benchmark benchmarks/suites/smoke.yaml --jobs $(WORKERS) --out build/smoke

check: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) hi build dist *.egg-info .coverage* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
