# Two commands for users: `make run` and `make test`. Each does all its set-up first (see sfcci/bootstrap.py).
# Words for the program: make run ARGS="--serve", make test ARGS="-m lab".
PYTHON ?= python3
ARGS ?=

.PHONY: run test lint format bench docs clean

run test lint:
	@$(PYTHON) -m sfcci.bootstrap $@ $(ARGS)

format:
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

bench:
	@for file in benchmarks/bench_*.py; do .venv/bin/python $$file || exit 1; done

# What is made from the code (docs/reference, manual pages), and every link and command that the documents name.
docs:
	@.venv/bin/python -m sfcci.manual

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
