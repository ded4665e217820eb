PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORPUS ?= ../shared/corpus
FIXTURES ?= ../shared/fixtures
WEIGHTS ?= ../shared/weights/mobilenetv2_160_keras.pth

CORE := .venv-core
CORE_TESTS := $(addprefix tests/,concurrency formats results sinks sources verdict metadata/c2pa \
	metadata/containers metadata/parsers test_detector.py test_public_names.py)
NEWEST ?= $(shell for python in python3.14 python3.13; do \
	$$python -c 'import ensurepip' 2>/dev/null && echo $$python && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo setup test test-core lint bench docs site examples card ablation clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: $(VENV)/core ## install the core into .venv and scan examples/
	@echo '$$ tegaki scan examples'
	@$(BIN)/tegaki scan examples || test $$? -eq 1  # 1: some examples are broken on purpose

setup: $(VENV)/everything ## install everything for development into .venv

test: lint site test-core ## set up, lint, check types and run all tests
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile

test-core: ## run the core's tests, without the extras, on the newest Python beside the default
ifeq ($(NEWEST),)
	@echo 'test-core: skipped, since there is no Python 3.13 or 3.14 (with venv) on this machine'
else
	@test -e $(CORE)/bin/python || $(NEWEST) -m venv $(CORE) || { rm -rf $(CORE); exit 1; }
	@$(CORE)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--editable . pytest hypothesis pypng cryptography
	@OMP_NUM_THREADS=1 $(CORE)/bin/python -m pytest -q -p no:cacheprovider $(CORE_TESTS)
endif

lint: $(VENV)/everything ## ruff, mypy and the direction of imports
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

bench: $(VENV)/everything ## time and memory of a cold check, and rates, beside named peers
	@$(BIN)/python tools/bench.py
	@$(BIN)/python tools/bench_scan.py
	@$(BIN)/python tools/bench_results.py
	@$(BIN)/python -m tools.profile_scan
	@$(BIN)/python -m tools.measure_memory
	@$(BIN)/python tools/bench_provenance.py $(wildcard $(FIXTURES))
	@$(BIN)/python tools/bench_lab.py

docs: $(VENV)/everything ## rewrite the help texts and transcripts in README.md and docs/
	@$(BIN)/python -m tools.docs

site: $(VENV)/everything ## build the documentation site into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --clean

examples: $(VENV)/core ## draw examples/ again
	@$(BIN)/python tools/draw_examples.py examples

card: $(VENV)/core ## measure the shipped models again on CORPUS and compare with their cards
	@for model in careful fast; do \
		$(BIN)/tegaki lab card --model $$model --corpus $(CORPUS) --check || exit 1; done

ablation: $(VENV)/everything ## run the seed's results again (hours) and write docs/ablation
	@$(BIN)/tegaki lab reproduce --corpus $(CORPUS) --weights $(WEIGHTS) --work runs/ablation \
		--out docs/ablation

clean: ## remove .venv and caches
	rm -rf $(VENV) $(CORE) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("tegaki needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/core: pyproject.toml | $(VENV)/bin/python
	@echo 'Installing tegaki into $(VENV) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/everything: pyproject.toml constraints.txt | $(VENV)/core
	@echo 'Installing what development needs into $(VENV) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--editable '.[parquet,postgres,cluster,s3,lab,bench,test,docs]'
	@touch $@ $(VENV)/core
