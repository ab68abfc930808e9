# Everything here needs python3 (3.11 or newer) and make; the rest comes from the package index into
# .venv the first time. Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    := out

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # the tests come last, and use every core themselves
.PHONY: help demo test test-nightly pytest lint format notebooks docs bench bench-peers clean distclean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) \
	    | while IFS='|' read -r target text; do printf '%-22s %s\n' "$$target" "$$text"; done

# ---------------------------------------------------------------------------------- environments
# A stamp per extra: make reinstalls when pyproject.toml changes, and never otherwise.

PIP_INSTALL = $(BIN)/python -m pip --disable-pip-version-check install --quiet

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo 'chainrule needs Python 3.11 or newer as "$(PYTHON)"; name another with make PYTHON=...' >&2; exit 1; }
	@echo 'Setting up $(VENV) ...'
	@rm -rf $(VENV)
	@# Debian's python3 comes without ensurepip; a pip of the system's can stand in for it.
	@if $(PYTHON) -c 'import ensurepip; ensurepip.version()' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	    $(PYTHON) -m venv --without-pip $(VENV) \
	    && $(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python install --quiet pip; \
	else \
	    echo 'This Python can make no virtual environment: install its venv module' \
	         '(on Debian: apt-get install python3-venv) and run make again.' >&2; exit 1; \
	fi
	@touch $@

$(VENV)/.demo: pyproject.toml | $(VENV)/.made
	@echo 'Installing chainrule with what its two programs use ...'
	@$(PIP_INSTALL) --editable '.[notebook,train]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	@echo 'Installing chainrule with what its tests use; the first time takes a minute or two ...'
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

# -------------------------------------------------------------------------------------- programs

demo: $(VENV)/.demo ## differentiate an expression, then train a network on real digits
	@mkdir -p $(OUT)
	$(BIN)/python -m autograd "(x + y) * z" x=-2 y=5 z=-4 --out $(OUT)/expression.svg
	$(BIN)/python -m nn digits --out $(OUT)/digits

# ----------------------------------------------------------------------------------------- tests
# One BLAS thread per process: the tests run in parallel already.

pytest test-nightly: export OPENBLAS_NUM_THREADS = 1
pytest test-nightly: export OMP_NUM_THREADS = 1

PYTEST = $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal

test: lint pytest ## lint, types, layer contracts, and the tests in parallel

pytest: $(VENV)/.dev ## the tests alone; make pytest ARGS="tests/test_value.py -k power"
	$(strip $(PYTEST) $(ARGS))

test-nightly: lint ## the same with the large counts, and the mutants
	$(PYTEST) -m "nightly or not nightly" --hypothesis-profile nightly $(ARGS)
	$(BIN)/python -m tests.mutation

lint: $(VENV)/.dev ## ruff, mypy --strict and the layer contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# ----------------------------------------------------------------------- notebooks and reference

notebooks: $(VENV)/.dev ## execute every notebook again and store its pictures
	$(BIN)/jupytext --to notebook --set-kernel python3 --execute notebooks/*.py

docs: $(VENV)/.dev ## the API reference, into out/docs
	$(BIN)/python docs/build.py $(OUT)/docs
	@echo "open $(OUT)/docs/index.html"

# ------------------------------------------------------------------------------------ benchmarks
# Each peer has an environment of its own: one of them shares our import name.

PEERS = torch jax autograd mygrad micrograd

bench: $(VENV)/.dev ## one table: chainrule against hand-written NumPy; ARGS="--json FILE" keeps it
	$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(VENV)/.dev $(PEERS:%=.venv-peers/%/.made) ## the same with other libraries beside it
	$(BIN)/python -m benchmarks --peers .venv-peers $(ARGS)

.venv-peers/%/.made: | $(VENV)/.dev
	@echo 'Installing $* into an environment of its own ...'
	@rm -rf $(@D)
	@$(BIN)/python -m venv --without-pip $(@D)
	@$(BIN)/python -m pip --disable-pip-version-check --python $(@D)/bin/python install --quiet 'numpy>=2.0' $*
	@touch $@

# -------------------------------------------------------------------------------------- cleaning

clean: ## remove what the commands wrote, and the caches
	rm -rf $(OUT) dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find autograd nn optim tests benchmarks notebooks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## remove the environments too
	rm -rf $(VENV) .venv-peers
