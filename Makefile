# Two commands for a newcomer: `make tag` and `make test`. Both make what they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: tag test check default clean

.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/dev: .venv/base
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train,dev]"
	touch $@

# Tag the example article with the embedded model: a table on the terminal, a page in output/.
tag: .venv/base
	mkdir -p output
	$(BIN)/khabar tag examples/article.txt
	$(BIN)/khabar tag examples/article.txt --format html --output output/article.html
	@echo "The same as a page: output/article.html"

test: .venv/dev check
	$(BIN)/pytest

# Lint, types, import contracts, dependencies.
check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# Build the default model from raw and annotated text; every stage resumes.
default: .venv/dev
	$(BIN)/python scripts/build_default_model.py

clean:
	rm -rf .venv output
