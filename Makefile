# make train | test | test-all | coverage | check | bench | docs: each first sets up .venv, once.
# PYTHON=python3.12 chooses the Python (3.11 or newer).
# HONTE_VENV=DIR uses a ready environment of your own (say, one with a special build of torch) and installs nothing.
# make test runs what proves the code, in minutes; make test-all runs what make test leaves out: the tests marked `slow`.
# make test runs in one process for each core, up to 8; PARALLEL= runs it in one process, without pytest-xdist.

PYTHON ?= python3
PACKAGES := games agent selfplay training honte
LONG := # files that may exceed 300 lines: FOLDER/FILE.py
PARALLEL ?= -n logical --maxprocesses 8 --dist worksteal
PYTEST = $(BIN)/python -m pytest $(PARALLEL) --durations=10
COVERAGE = $(BIN)/python -m coverage
SCRIPTS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)

ifdef HONTE_VENV
BIN := $(HONTE_VENV)/$(SCRIPTS)
HONTE := $(BIN)/python -m honte
READY :=
export PYTHONPATH := $(CURDIR)
else
BIN := .venv/$(SCRIPTS)
HONTE := $(BIN)/honte
READY := .venv/.installed
endif
DOCS_READY := $(READY:.installed=.docs-installed)

test test-all coverage: export PYTHONDONTWRITEBYTECODE := # empty: the processes of a run share what one of them compiled

.PHONY: train test test-all coverage check bench docs
.DELETE_ON_ERROR:

train: $(READY)
	$(HONTE) train connect_four --max-minutes 5

test: $(READY)
	$(PYTEST) -m 'not slow'
	NUMBA_DISABLE_JIT=1 $(PYTEST) -m 'nojit and not slow'

test-all: $(READY)
	$(BIN)/python -m pytest --durations=10 -m slow # one after the other: several Ray clusters at once disturb each other
	NUMBA_DISABLE_JIT=1 $(PYTEST) -m 'nojit and slow'

# Compiled code counts in the second run only. `coverage html` then shows the lines that no test runs. The exception that ends
# the rules of this one test may reach coverage while it holds a lock.
coverage: DESELECT = --deselect tests/games/user_rules/test_trial.py::test_a_rule_that_does_not_return
coverage: $(READY)
	$(COVERAGE) run --parallel-mode -m pytest -m 'not slow' $(DESELECT)
	NUMBA_DISABLE_JIT=1 $(COVERAGE) run --parallel-mode -m pytest -m 'nojit and not slow' $(DESELECT)
	$(COVERAGE) combine
	$(COVERAGE) report --skip-covered --sort=cover

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@find $(PACKAGES) -name '*.py' $(LONG:%=! -path %) -exec awk 'END { if (NR > 300) print FILENAME ": " NR " lines, more than 300" }' {} \; | (! grep .)

bench: $(READY)
	$(HONTE) bench

docs: $(DOCS_READY) # the website in site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "honte needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev,oracle]'
	@touch $@

.venv/.docs-installed: .venv/.installed
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@
