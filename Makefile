# What people and CI run. `make` alone explains itself.

VENV := .venv
BIN := $(VENV)/bin
# A virtual environment works in the folder it was made in, so the folder is part of the stamp's name.
STAMP := $(VENV)/.installed-$(shell pwd | cksum | cut -d' ' -f1)
TEST := $(BIN)/python -m pytest -n auto --dist worksteal
# What failed is tried once more, alone: deadlines that a busy machine misses are told apart from faults.
AGAIN := $(BIN)/python -m pytest --last-failed --last-failed-no-failures none
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test test-web check lock bench-setup

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install everything into .venv; does nothing when that is done

$(STAMP): requirements.txt pyproject.toml infra/setup.sh
	@sh infra/setup.sh $(VENV)
	@touch $@

demo: setup ## Start the stack, drop real documents in, ask, watch the answers
	@$(BIN)/rivulet demo

up: setup ## Start the local stack, and the web application on http://127.0.0.1:3000
	@$(BIN)/python -m infra.local.web_up
	@$(BIN)/rivulet up

down: ## Stop the local stack
	@[ ! -x $(BIN)/rivulet ] || $(BIN)/rivulet down

test: setup ## Run all tests; needs no network
	@$(BIN)/python -m tests.web.check install
	@$(TEST) --ignore=tests/web || $(AGAIN) --ignore=tests/web
	@$(MAKE) --no-print-directory test-web

test-web: setup ## Check, build and try the web application, in a real browser on the real stack
	@$(BIN)/python -m tests.web.check
	@$(BIN)/python -m pytest tests/web -q || $(AGAIN) tests/web

check: setup ## Everything CI checks: format, lint, types, imports, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

lock: setup ## Compile requirements.txt anew from pyproject.toml
	$(BIN)/uv pip compile --quiet pyproject.toml --extra local --extra backup --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --override requirements/overrides.txt -o requirements.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --override requirements/overrides.txt --constraint requirements.txt -o requirements/serve.txt
	$(BIN)/uv pip compile --quiet requirements/bench.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links -o requirements/bench.txt

bench-setup: setup ## Install the queues that tests.benchmarks.queue compares with
	$(BIN)/python -m venv $(VENV)/bench
	$(VENV)/bench/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/bench.txt
