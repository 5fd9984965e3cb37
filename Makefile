# Each target installs what it needs. Required: Python >= 3.11, git and make.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3; do \
	command -v $$each >/dev/null 2>&1 && $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$each; break; }; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# pip refuses `--editable .` together with hashes, so there are two steps.
INSTALL_LOCKED := $(PIP) --require-hashes --requirement requirements/build.txt --requirement
INSTALL_POSTERN := $(PIP) --no-deps --no-build-isolation --editable .
# The distribution was once called `postern`: an older environment would keep its `app` and its command.
FORGET_OLD_NAME := $(BIN)/python -m pip uninstall -qq --yes --disable-pip-version-check postern

# Continuous integration puts `python -m tools.second_chance` before each command that runs tests.
SECOND_CHANCE ?=
PYTEST = $(SECOND_CHANCE) $(BIN)/pytest

.PHONY: help serve serve-https demo test coverage test-slow test-all test-two-years-ahead faults check format bench bench-against bench-agents bench-growth bench-mixed bench-pages bench-search bench-workers bench-recorded translations docs lock limit-script common-passwords screenshots security-report mutants clean

help:
	@echo "make serve        serve on http://127.0.0.1:5000"
	@echo "make serve-https  serve on https://127.0.0.1:5000 with a self-signed certificate"
	@echo "make demo         run the quick start and show the QR code in the terminal"
	@echo "make test         run the fast tests"
	@echo "make coverage     run the fast tests and print their branch coverage; SLOW=yes adds the slow tests"
	@echo "make test-slow    run the slow tests and the timing tests"
	@echo "make test-all     run every test, each on both databases"
	@echo "make test-two-years-ahead  run the tests with a system date two years ahead"
	@echo "make faults       run the long fault procedures under load and print the results"
	@echo "make check        run the linters (code, spelling, wording), the type checker and the import rules"
	@echo "make bench        run the benchmarks"
	@echo "make bench-mixed  measure client_credentials beside sign-ins, registrations and pages"
	@echo "make bench-pages  measure the event loop's CPU time for each page of a sign-in"
	@echo "make bench-search measure searches among 100,000 users, and a flood of refusals"
	@echo "make bench-agents measure client_credentials beside requests for the documents of 1,000 hosts"
	@echo "make bench-workers measure the CPU time of a request with two workers and with one"
	@echo "make bench-against REF=COMMIT  compare the speed with another commit, in alternating rounds"
	@echo "make bench-growth  measure with 1,000 to 10 million access tokens; ARGUMENTS='--sizes 1000 100000'"
	@echo "make security-report  run the tests of the security bar and print the result of each row"
	@echo "make mutants      change 40 lines, one at a time, and print which the tests detect; ARGUMENTS='--ref COMMIT' compares"
	@echo "make docs         write docs/settings.md and .env.example from the settings"
	@echo "make limit-script translate the rate-limit algorithm to Lua, which Redis runs"
	@echo "make common-passwords  copy the list of common passwords from the package zxcvbn"
	@echo "make screenshots  draw the pictures of the README (needs Chromium)"
	@echo "make translations extract the translatable messages and update the catalogues"
	@echo "make lock         write requirements/*.txt from pyproject.toml; UPGRADE=--upgrade takes newer versions"

serve: $(VENV)/.serve
	@$(BIN)/postern serve

serve-https: $(VENV)/.serve
	@$(BIN)/postern serve --https

demo: $(VENV)/.serve
	@$(BIN)/postern demo

test: $(VENV)/.dev
	@$(PYTEST) -m "not slow and not timing"

# Timing tests run without coverage, which slows a process down; `make test-slow` runs them.
coverage: $(VENV)/.dev
	@$(BIN)/coverage erase
	@$(SECOND_CHANCE) $(BIN)/coverage run -m pytest -m "not slow and not timing"
ifeq ($(SLOW),yes)
	@$(SECOND_CHANCE) $(BIN)/coverage run -m pytest -m "slow and not timing"
endif
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# PART=1/4 runs a quarter of the test files, here and two years ahead.
PART ?= 1/1
test-slow: $(VENV)/.dev
	@$(PYTEST) -m "slow and not timing" --part $(PART) --durations=20
	@$(PYTEST) -m timing -n 0 --part $(PART)

test-all: $(VENV)/.dev
	@$(PYTEST) --all-databases -m "not timing"
	@$(PYTEST) --all-databases -m timing -n 0

# Excludes browsers and other programs, which use the real date. Runs the fast tests on SQLite; SLOW=yes adds PostgreSQL and the slow and timing tests.
# Without the last variable, each wait for the interpreter's lock ends at once, and the tests take four times the CPU time.
TWO_YEARS_AHEAD := PYTHONPATH=$(CURDIR)/tests/support/another_date DONT_FAKE_MONOTONIC=1 \
	FAKETIME_FORCE_MONOTONIC_FIX=0 faketime -f '+730d'
NOT_UNDER_ANOTHER_DATE := --ignore=tests/browser --ignore=tests/foreign --ignore=tests/cli/test_https.py --ignore=tests/faults/test_pgbouncer.py --ignore=tests/deployment/test_installed.py --ignore=tests/deployment/test_kit.py
test-two-years-ahead: $(VENV)/.dev
	@command -v faketime >/dev/null || { echo "faketime is missing; on Debian: apt-get install faketime" >&2; exit 2; }
ifneq ($(SLOW),yes)
	@$(TWO_YEARS_AHEAD) $(PYTEST) --sqlite-only -m "not slow and not timing" --part $(PART) $(NOT_UNDER_ANOTHER_DATE)
else
	@$(TWO_YEARS_AHEAD) $(PYTEST) -m "not slow and not timing" --part $(PART) $(NOT_UNDER_ANOTHER_DATE)
	@$(TWO_YEARS_AHEAD) $(PYTEST) -m "slow and not timing" --part $(PART) $(NOT_UNDER_ANOTHER_DATE)
	@$(TWO_YEARS_AHEAD) $(PYTEST) -m timing -n 0 --part $(PART) $(NOT_UNDER_ANOTHER_DATE)
endif

FAULTS ?=
faults: $(VENV)/.dev
	@command -v nginx >/dev/null || { echo "nginx is missing; on Debian: apt-get install nginx-light" >&2; exit 2; }
	@$(BIN)/python -m tests.procedures $(FAULTS)

PROSE := app benchmarks kit examples migrations tests/support tools docs README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md $(wildcard launcher)
check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell $(PROSE)
	@$(BIN)/python -m tools.prose

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks

REF ?= HEAD
bench-against: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.against $(REF)

bench-growth: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.growth $(ARGUMENTS)

bench-mixed: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.mixed

bench-pages: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.pages $(ARGUMENTS)

bench-search: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.search $(ARGUMENTS)

bench-agents: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.agents $(ARGUMENTS)

bench-workers: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.workers $(ARGUMENTS)

# Run by continuous integration: compare three scenarios on each database with the last recorded commit.
bench-recorded: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.against --recorded --limit 1.15 --rounds 8 --seconds 1 \
		--scenario client_credentials introspection refresh

security-report: $(VENV)/.dev
	@$(BIN)/python -m tests.security.report

mutants: $(VENV)/.dev
	@$(BIN)/python -m tools.mutants $(ARGUMENTS)

TRANSLATIONS := app/i18n/translations
translations: $(VENV)/.dev
	@$(BIN)/pybabel -q extract -F babel.cfg -k N_ -k text --no-location --omit-header -o $(TRANSLATIONS)/postern.pot app
	@$(BIN)/pybabel -q update -D postern -i $(TRANSLATIONS)/postern.pot -d $(TRANSLATIONS) --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

docs: $(VENV)/.dev
	@$(BIN)/python -m tools.settings_docs

# Needs Python 3.11: the oldest version needs the most packages.
LOCK := build/lock
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(LOCK)/bin/pip-compile --quiet --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE)
lock:
	@python3.11 -m venv $(LOCK)
	@$(LOCK)/bin/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.6,<8'
	@$(PIP_COMPILE) --extra demo --extra redis --output-file requirements/serve.txt pyproject.toml
	@$(PIP_COMPILE) --all-build-deps --only-build-deps --constraint requirements/serve.txt \
		--output-file requirements/build.txt pyproject.toml
	@$(PIP_COMPILE) --all-extras --constraint requirements/serve.txt --constraint requirements/build.txt \
		--output-file requirements/dev.txt pyproject.toml

limit-script: $(VENV)/.dev
	@$(BIN)/python -m tools.limit_script

common-passwords: $(VENV)/.dev
	@$(BIN)/python -m tools.common_passwords

screenshots: $(VENV)/.dev
	@$(BIN)/python -m tools.screenshots

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Postern needs Python 3.11 or newer; none was found." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot create a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.serve: $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/serve.txt
	@echo "Setting up (once) ..."
	@$(FORGET_OLD_NAME)
	@$(INSTALL_LOCKED) requirements/serve.txt
	@$(INSTALL_POSTERN)
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml requirements/build.txt requirements/dev.txt
	@echo "Setting up for development (once) ..."
	@$(FORGET_OLD_NAME)
	@$(INSTALL_LOCKED) requirements/dev.txt
	@$(INSTALL_POSTERN)
	@touch $@ $(VENV)/.serve
