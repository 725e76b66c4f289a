PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin

.PHONY: bench test results lint clean

bench: $(VENV)/.ready
	$(RUN)/fercompare bench $(ARGS)

test: lint
	$(RUN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

results: $(VENV)/.ready
	$(RUN)/python benchmarks/derive.py

lint: $(VENV)/.ready
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

$(VENV)/.ready: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable ".[test]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
