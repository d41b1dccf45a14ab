# Everything a developer of eventsmith runs; needs Python 3.11 and git, and makes its own .venv.
PYTHON ?= python3
VENV := .venv/bin
# Passes pip's configured indexes on to uv, here and in the projects that the tests generate.
RUN := $(PYTHON) scripts/uv_env.py env PATH="$(CURDIR)/$(VENV):$$PATH"
# It stands in some shells, and triples the start of every Python process.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint bench build constraints

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/complete ## generate two services, run them and follow their events
	@$(RUN) $(VENV)/python -m eventsmith demo

test: .venv/complete ## run all tests, those of generated services included
	@$(RUN) $(VENV)/python -m pytest $(ARGS)

test-fast: .venv/complete ## run what takes two minutes: units, renders, a service's own tests
	@$(RUN) $(VENV)/python -m pytest -m "not slow" $(ARGS)

lint: .venv/complete ## check style, format and types
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/python -m mypy

bench: .venv/complete ## measure services and command beside others: ONLY=relay QUICK=1
	@$(RUN) $(VENV)/python -m benchmarks $(ONLY)

build: .venv/complete ## build the wheel and the sdist, into dist/
	@$(RUN) $(VENV)/uv build --quiet --no-build-isolation --python $(VENV)/python

constraints: .venv/complete ## pin anew what the tests install
	@$(RUN) sh scripts/constraints.sh

.venv/complete: pyproject.toml constraints.txt scripts/setup.sh
	@sh scripts/setup.sh "$(PYTHON)"
