# Every target does its own set-up: `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: install demo test check quick timing bench docs clean

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fairlead needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,train]'
	touch $(STAMP)

demo: install
	$(BIN)/fairlead demo --out fairlead-demo

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile

quick: install
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not slow and not timing'

timing: install
	$(BIN)/python -m pytest -m timing

check: install
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/fairlead bench drain --json

docs: install
	$(BIN)/python -m fairlead.service.docs docs/tables.md

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache fairlead-demo
