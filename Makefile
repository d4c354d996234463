# make test, make lint and make demo each set up all they need, in a virtual environment of their own.
# PYTHON=python3.12 chooses the interpreter, SPATIAL_ENGINE=numba the engine that the tests use.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
SOURCES := pyproject.toml CMakeLists.txt $(wildcard csrc/* csrc/include/*)
INSTALL := $(BIN)/python -m pip install --quiet --editable '.[test,lint]'

# Where there is a C compiler the tests use the C core and nothing else: a core that does not compile stops `make test`,
# it never passes as a fallback. Expanded when used, for `make test` may install the compiler.
COMPILER = $(shell command -v $(firstword $(CC)) 2>/dev/null || command -v gcc 2>/dev/null || command -v clang 2>/dev/null)
ENGINE = $(or $(SPATIAL_ENGINE),$(if $(COMPILER),c))
WITH_CORE = $(filter c,$(ENGINE))

.PHONY: test lint demo soak clean system-packages
.NOTPARALLEL:

test: REQUIRE_CORE = $(if $(WITH_CORE),SPATIAL_REQUIRE_CORE=1)
test: system-packages $(STAMP)
	@$(if $(WITH_CORE),$(BIN)/python -c 'import spatial.dsp.core._core' 2>/dev/null || $(REQUIRE_CORE) $(INSTALL))
	$(if $(ENGINE),SPATIAL_ENGINE=$(ENGINE)) $(BIN)/python -m pytest -rs -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

demo: $(STAMP)
	$(BIN)/spatial demo

# 25 hours of playback in about ten minutes: nothing lost, nothing grown.
soak: $(STAMP)
	cd tests && ../$(BIN)/python live_soak.py 25

clean:
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find spatial tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +

system-packages:
	@PYTHON='$(PYTHON)' .ci/system-packages

# The install is editable and is done again when the core's sources change.
$(STAMP): $(BIN)/pip $(SOURCES)
	$(REQUIRE_CORE) $(INSTALL)
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "spatial needs Python 3.11 or newer; make PYTHON=python3.12 chooses another than $(PYTHON)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "a system package is missing: python3-venv  (apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
