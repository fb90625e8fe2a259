# Everything a visitor or a developer types. `make` alone lists the targets.
# Extra arguments: make test ARGS="-x"; some rooms only: make test ROOM="store lake"

VENV   := .venv
PY     := $(VENV)/bin/python
PYTHON ?= python3
UV     := $(shell command -v uv 2>/dev/null)
ARGS   ?=
ROOM   ?=
# What is installed is what was tested. `make test-latest` installs the newest releases instead.
PINS   := --constraint constraints.txt
LATEST  = VENV=.venv-latest PINS='--upgrade $(if $(UV),,--upgrade-strategy eager)'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-latest soak check smoke bench mutants constraints screenshots format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.stamp-run ## build a workspace on real flight data, run the whole line and show it
	@if [ -t 0 ] && [ -t 1 ]; then exec $(VENV)/bin/shopfloor demo $(ARGS); \
	else exec $(VENV)/bin/shopfloor demo --headless $(ARGS); fi

test: $(VENV)/.stamp-dev ## run every test, or those of ROOM
	@$(PY) -m compileall -q app
	$(PY) -m pytest -n auto --maxprocesses=8 --dist loadfile --no-loadscope-reorder $(ARGS) $(addprefix tests/,$(ROOM))

test-latest: ## the same with the newest releases of all dependencies, in .venv-latest
	@rm -f .venv-latest/.stamp-dev
	@$(MAKE) test $(LATEST)

soak: $(VENV)/.stamp-dev ## the long form of the tests that have one: kills, races, thousands of examples
	SHOPFLOOR_SOAK=1 $(PY) -m pytest -n auto --maxprocesses=8 -m soak $(ARGS) $(addprefix tests/,$(ROOM))

check: $(VENV)/.stamp-dev ## formatting, lint, types and the floors between the rooms
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.stamp-dev ## rewrite the code in the house format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

smoke: $(VENV)/.stamp-dev ## run every benchmark once, small: none may rot
	$(PY) -m benchmarks --smoke $(ARGS)

bench: $(VENV)/.stamp-dev ## measure each speed against its raw floor
	$(PY) -m benchmarks $(ARGS)

# Not for CI: `make constraints && make test check`, then commit what changed.
constraints: ## pin the newest releases: rewrites constraints.txt from .venv-latest
	@rm -f .venv-latest/.stamp-dev
	@$(MAKE) .venv-latest/.stamp-dev $(LATEST)
	@.venv-latest/bin/python tools/constraints.py > constraints.txt

mutants: $(VENV)/.stamp-dev .venv-mutants/.stamp ## plant faults in some rooms, or in ROOM, and see whether tests notice: an hour
	.venv-mutants/bin/python tools/mutants.py $(ARGS) $(ROOM)

# Runs the tests, too: the environment is added to what is found in $(VENV).
.venv-mutants/.stamp: | $(PY)
	$(PY) -m venv --clear .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		cosmic-ray==8.7.0 coverage==7.17.5
	$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$(.venv-mutants/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/product.pth"
	@touch $@

screenshots: $(VENV)/.stamp-dev ## draw the screens of the documentation
	@$(PY) -c 'import cairosvg' 2>/dev/null || \
	{ echo 'make: the pictures need the cairo library: apt-get install libcairo2 fonts-dejavu-core' >&2; exit 1; }
	$(PY) tools/screenshots.py $(ARGS)

clean: ## remove the virtual environments, caches and builds
	rm -rf $(VENV) .venv-latest .venv-mutants build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
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
pip = $(UV) pip install --quiet --compile-bytecode --python $(PY) $(PINS)
else
# A virtual environment that uv made has no pip of its own.
pip = { $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; } && \
	$(PY) -m pip install --quiet --disable-pip-version-check $(PINS)
endif
# Without isolation the build backend is pinned, too.
install = $(pip) hatchling && $(pip) --no-build-isolation --editable '$(1)'

$(VENV)/.stamp-run: pyproject.toml constraints.txt | $(PY)
	@echo 'Installing into $(VENV): once, about a minute ...' >&2
	@$(call install,.)
	@$(PY) -m compileall -q app
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml constraints.txt | $(PY)
	@echo 'Installing into $(VENV): once, about a minute ...' >&2
	@$(call install,.[dev])
	@$(PY) -m compileall -q app
	@touch $@ $(VENV)/.stamp-run
