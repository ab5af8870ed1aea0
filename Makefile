# 即办 Jiban. Everything needs only Python ≥ 3.11 and make; `make help` lists the targets.

PYTHON ?= python3
export PORT ?= 8000
export JIBAN_DATA ?= ./data
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: run serve test bench check contract lint format lock clean help setup setup-dev setup-tools

run: setup ## Start the demo town at http://127.0.0.1:8000 (PORT and JIBAN_DATA move it)
	@JIBAN_DEMO=1 exec .venv/bin/python -m server.run

serve: setup ## Start the server without the demo town
	@exec .venv/bin/python -m server.run

test: setup-dev ## Run every check and every test, browser tests included
	@.venv/bin/python tools/run_tests.py

check: setup-dev ## Lint, types and import rules only
	@.venv/bin/python tools/run_tests.py --checks-only

bench: setup-dev setup ## Measure against the budgets and print the table
	@.venv/bin/python -m tests.bench

contract: setup-dev ## Copy what both sides must agree on (types, tables, matters) into the PWA
	@.venv/bin/python tools/contract.py

lint: setup-dev ## Lint both sides, with the fixes that are safe
	@.venv/bin/python -m ruff check --fix
	@cd pwa && npm run --silent lint

format: setup-dev ## Format both sides
	@.venv/bin/python -m ruff format
	@.venv/bin/python -m ruff check --select I --fix --quiet
	@cd pwa && npm run --silent format

lock: setup-tools ## Settle the package versions again (requirements*.lock, pwa/package-lock.json)
	@.venv/bin/python tools/lock.py $(UPGRADE)

clean: ## Remove what make made; data/ stays
	rm -rf .venv build pwa/node_modules pwa/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@$(PYTHON) tools/setup.py run

setup-tools:
	@$(PYTHON) tools/setup.py tools

setup-dev:
	@$(PYTHON) tools/setup.py dev
