# The few commands people type. A fresh machine needs Python 3.11 or newer and nothing else.
SHELL := /bin/bash
PYTHON ?= python3
SEED ?= demo
FIRST := procore-quickbooks-online
PAIR ?= $(FIRST)
PORT ?= 8000
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py

.PHONY: demo demo-check matrix test check bench crash lock browser clean

.venv/installed: requirements-dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# Data of its own for every company and every pair but the first ones.
ROOM := $(if $(filter $(FIRST),$(PAIR)),$(filter-out demo,$(SEED)),$(SEED)-$(PAIR))
SAID := --seed $(SEED) --pair $(PAIR)

# A company on the sandboxes, at http://localhost:$(PORT). SEED=real: real names, from ../shared/data.
# PAIR=buildertrend-intacct and so on: sources procore, buildertrend, buildertrend-files; ledgers
# quickbooks-online, quickbooks-desktop, intacct.
DEMO := VAR_DIR=$(if $(ROOM),var/$(ROOM),var) PUBLIC_URL=http://localhost:$(PORT)
demo: .venv/installed
	$(DEMO) $(MANAGE) demo $(SAID)

# The main job without a browser; beside a running demo, on data and ports of its own.
CHECK_PORTS := PUBLIC_URL=http://localhost:8710 \
	PROCORE_LOGIN_URL=http://127.0.0.1:8711 PROCORE_API_URL=http://127.0.0.1:8711 \
	QBO_AUTHORIZE_URL=http://127.0.0.1:8712/connect/oauth2 QBO_TOKEN_URL=http://127.0.0.1:8712/oauth2/v1/tokens/bearer \
	QBO_REVOKE_URL=http://127.0.0.1:8712/v2/oauth2/tokens/revoke QBO_API_URL=http://127.0.0.1:8712 \
	QBO_APP_URL=http://127.0.0.1:8712/app QBD_SANDBOX_URL=http://127.0.0.1:8714 \
	BUILDERTREND_API_URL=http://127.0.0.1:8713 INTACCT_APP_URL=http://127.0.0.1:8715 \
	INTACCT_API_URL=http://127.0.0.1:8715/ia/xml/xmlgw.phtml
CHECK := VAR_DIR=var/check-$(or $(ROOM),demo) $(CHECK_PORTS)
demo-check: .venv/installed
	@$(CHECK) $(MANAGE) demo_check $(SAID)

# The main job in every cell, on the tiny company unless SEED says another; a table of what came out.
MATRIX := VAR_DIR=var/matrix $(CHECK_PORTS)
matrix: .venv/installed
	@$(MATRIX) $(MANAGE) matrix --seed $(if $(filter file,$(origin SEED)),tiny,$(SEED))

test: .venv/installed browser
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --tb native

# Chromium for the browser tests, where it can be installed; the tests say when it is missing.
browser:
	@command -v chromium >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
		|| echo "No Chromium could be installed: browser tests will be skipped, and say so."

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(MANAGE) makemigrations --check --dry-run
	$(MAKE) test

crash: .venv/installed
	@$(BIN)/python -m benchmarks.crash

bench: .venv/installed
	@for b in candidates drafting pages publishing combobox send_rate day_in_the_life; do $(BIN)/python -m benchmarks.$$b || exit 1; done

# Pins every dependency with its hashes, and without any index address.
lock: .venv/installed
	$(PYTHON) -m venv var/lock && var/lock/bin/pip install --quiet uv
	var/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -q -o requirements.lock
	var/lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate -q -o requirements-dev.lock

clean:
	rm -rf .venv var staticfiles
