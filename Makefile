# Everything a visitor or a developer types. `make` alone lists the targets.
# Extra arguments: make test ARGS="tests/store -x"

VENV   := .venv
PY     := $(VENV)/bin/python
PYTHON ?= python3
UV     := $(shell command -v uv 2>/dev/null)
ARGS   ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench screenshots format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.stamp-run ## build a workspace on real flight data, run the whole line and show it
	@if [ -t 0 ] && [ -t 1 ]; then exec $(VENV)/bin/shopfloor demo $(ARGS); \
	else exec $(VENV)/bin/shopfloor demo --headless $(ARGS); fi

test: $(VENV)/.stamp-dev ## run every test
	$(PY) -m pytest -n auto --maxprocesses=8 --dist loadfile $(ARGS)

check: $(VENV)/.stamp-dev ## formatting, lint, types and the floors between the rooms
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.stamp-dev ## rewrite the code in the house format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.stamp-dev ## measure each speed against its raw floor
	$(PY) -m benchmarks $(ARGS)

screenshots: $(VENV)/.stamp-dev ## draw the screens of the documentation
	@$(PY) -c 'import cairosvg' 2>/dev/null || \
	{ echo 'make: the pictures need the cairo library: apt-get install libcairo2 fonts-dejavu-core' >&2; exit 1; }
	$(PY) tools/screenshots.py $(ARGS)

clean: ## remove the virtual environment, caches and builds
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find app tests tools benchmarks workspace_template -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The environment. A stamp is as old as the last install that read this pyproject.toml,
# so nothing is installed twice. compileall: the first start should not pay for bytecode
# (pip compiles what it installs, uv when asked; neither compiles an editable project).

ifeq ($(shell test -x $(PY) && echo alive),)
# The stamps of a dead environment (its Python was upgraded or removed) count for nothing.
.PHONY: $(VENV)/.stamp-run $(VENV)/.stamp-dev
endif

$(PY):
ifdef UV
	$(UV) venv --clear --quiet --python '>=3.11' $(VENV)
else
	@command -v $(PYTHON) >/dev/null || \
	{ echo 'make: Python 3.11 or newer is missing: apt-get install python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo 'make: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo 'make: $(PYTHON) cannot create a virtual environment: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
endif

ifdef UV
install = $(UV) pip install --quiet --compile-bytecode --python $(PY) --editable '$(1)'
else
# A virtual environment that uv made has no pip of its own.
install = { $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; } && \
	$(PY) -m pip install --quiet --disable-pip-version-check --editable '$(1)'
endif

$(VENV)/.stamp-run: pyproject.toml | $(PY)
	@echo 'Installing into $(VENV): once, about a minute ...' >&2
	@$(call install,.)
	@$(PY) -m compileall -q app
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml | $(PY)
	@echo 'Installing into $(VENV): once, about a minute ...' >&2
	@$(call install,.[dev])
	@$(PY) -m compileall -q app
	@touch $@ $(VENV)/.stamp-run
