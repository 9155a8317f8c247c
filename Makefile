# `make demo` and `make test` need Python 3.11 or later with venv, and make; nothing else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := -m pip -q --disable-pip-version-check
# WHEELS names a folder that `make wheels` has filled elsewhere: then nothing is asked of any network.
FROM = $(if $(WHEELS),--no-index --find-links '$(WHEELS)')

.DELETE_ON_ERROR:
.PHONY: help demo test check lint types imports api js e2e screenshot bench fuzz torture lock wheels install install-dev clean

help: ## show what there is
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort

demo: install ## start simulator, web and worker with a sample organisation
	@exec $(RUN) -m demo

test: install-dev ## run the tests, on SQLite or on what DATABASE_URL names
	@exec $(RUN) -m pytest $(ARGS)

check: install-dev lint types imports api test js ## run everything but browser tests

lint: install-dev ## ruff and djade
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	git ls-files -co --exclude-standard '*.html' | xargs $(VENV)/bin/djade --target-version 5.2 --check

types: install-dev ## mypy
	$(RUN) -m mypy

imports: install-dev ## import-linter
	$(VENV)/bin/lint-imports

api: install-dev ## missing migrations and the OpenAPI document
	$(RUN) manage.py makemigrations --check --dry-run
	$(RUN) manage.py spectacular --validate --fail-on-warn --file /dev/null

js: ## the browser's modules under Node, where there is Node
	@if command -v node >/dev/null; then node --test $$(find tests/js -name '*.test.js' -o -name '*.test.mjs'); \
	else echo 'Skipped: the unit tests of the browser modules need Node.'; fi

e2e: install-dev ## the demo in a real Chromium, and under kill -9
	@exec $(RUN) -m pytest tests/e2e $(ARGS)

screenshot: install-dev ## take docs/screenshot.png anew
	@SCREENSHOT=docs/screenshot.png exec $(RUN) -m pytest tests/e2e/test_screenshot.py $(ARGS)

bench: install-dev ## measure, and print ratios
	@exec $(RUN) -m tests.bench

fuzz: install-dev ## thousands of spoilt bodies, and of requests made up from the OpenAPI document (FUZZ_SEED, FUZZ_EXAMPLES)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-800} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} exec $(RUN) -m pytest tests/fuzz --timeout=0 $(ARGS)

torture: install-dev ## kill and stop processes and connections under load, on each database (ARGS="--kills 20 --seed 7")
	@exec $(RUN) -m tests.torture $(ARGS)

lock: ## for maintainers, with uv: lock the newest versions that requirements/*.in allow
	cd requirements && for set in base dev; do uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-emit-find-links --upgrade $$set.in -o $$set.txt; done

wheels: | $(RUN) ## collect what the portal needs, for `make install WHEELS=folder` on a machine without a network
	@$(RUN) $(PIP) download --only-binary :all: --require-hashes -r requirements/base.txt -d '$(or $(WHEELS),wheels)'

install: | $(RUN) ## install what the portal needs, WHEELS=folder: from a folder alone
	@cmp -s requirements/base.txt $(VENV)/base.lock || { echo 'Installing what the portal needs ...' && \
		$(RUN) $(PIP) install $(FROM) --require-hashes -r requirements/base.txt && \
		cp requirements/base.txt $(VENV)/base.lock; }

install-dev: install
	@cmp -s requirements/dev.txt $(VENV)/dev.lock || { echo 'Installing what the tests need ...' && \
		$(RUN) $(PIP) install $(FROM) --require-hashes -r requirements/dev.txt && \
		cp requirements/dev.txt $(VENV)/dev.lock; }

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'Python 3.11 or later is needed: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

clean: ## remove the virtual environment (not the data)
	rm -rf $(VENV)
