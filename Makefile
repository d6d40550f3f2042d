# Everything a fresh machine needs beyond Python >= 3.10 and make.
PYTHON ?= python3
VENV   ?= .venv
# EDITABLE= installs a built wheel instead, as .ci/run does, so that a package missing from it is noticed.
EDITABLE ?= -e
# One process a core, four at most (each loads torch).
PYTEST_ARGS ?= -n logical --maxprocesses 4
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test lint docs format bench clean

help:
	@echo "make demo   set up, then: interpret motifs --model tbinet on the built-in data"
	@echo "make test   set up, then the tests        make lint   ruff, mypy and pyright"

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@echo "setting up $(VENV): torch and the other packages, some minutes at the first time"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt $(EDITABLE) ".[dev]"
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/interpret motifs --model tbinet --out demo

test: $(STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p motiflens.models -p motiflens.interpret -p motiflens.analyses
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt sphinx myst-nb furo
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/built
	@echo "docs/built/index.html"

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
