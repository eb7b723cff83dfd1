# Everyday commands. CI runs scripts/test.sh, which needs no make.
.PHONY: build test test-fast check format cover bench lock sample

build:       ## the data set of the default recipe
	bash scripts/build.sh

test:        ## everything: style, types, all tests
	bash scripts/test.sh

test-fast:   ## the tests that take less than two minutes together
	bash scripts/test.sh -m "not slow" -q

check:       ## style and types
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

format:      ## style, mended
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

cover:       ## which lines the tests reach
	.venv/bin/python -m pytest -m "not slow" --cov --cov-report=term-missing:skip-covered

bench:       ## side-by-side measurements, as ratios within one run
	for script in bench/*.py; do .venv/bin/python $$script || exit 1; done

lock:        ## write constraints.txt anew from the newest versions that pyproject.toml admits
	bash scripts/lock.sh

sample:      ## the sample's EPUB and PDFs from their sources
	.venv/bin/python data/sample/source/make_epub.py
	.venv/bin/python data/sample/source/make_papers.py
