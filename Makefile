# Works with the make of Debian, Ubuntu and macOS (GNU make 3.81 and later).
PY = .venv/bin/python
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check
# `make test ARGS="tests/bridge -k scale"`, `make bench ARGS=ingest`
ARGS =
# Tests run in as many processes as there are cores, a file's tests in one of them; `make test JOBS=0` keeps to one.
JOBS = auto

.PHONY: help demo test soak lint bench bench-scorer train lock clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /make \1@/' | tr '@' '\t' | expand -t 14

# exec: no shell stays between make and the command, so Ctrl-C reaches it at once.
demo: .venv/run ## sample tickets in a sandbox helpdesk; Ctrl-C ends it
	@exec .venv/bin/moodbridge demo $(ARGS)

test: .venv/test ## all tests but the long ones
	@exec $(PY) -m pytest -n $(JOBS) --dist loadfile --maxprocesses 4 $(ARGS)

soak: .venv/test ## the long tests
	@exec $(PY) -m pytest -m soak --timeout 3600 $(ARGS)

lint: .venv/test ## style, types, layers, and that the lock file fits pyproject.toml
	$(PY) .ci/lock.py check
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict bridge connectors jobs $(sort $(dir $(wildcard benchmarks/*.py training/*.py))) .ci/lock.py
	.venv/bin/lint-imports

bench: .venv/test ## speed and cost; a table for each
	@exec $(PY) -m benchmarks $(ARGS)

# DATA=dev.jsonl (its format is in training/train.py); LISTS="--hu-liu FOLDER --guessed FILE" as docs/scoring.md says
train: .venv/test ## the embedded scorer's weights from DATA, minutes
	@$(INSTALL) --no-build-isolation --editable '.[train]'
	@exec env OMP_NUM_THREADS=1 $(PY) -m training.train $(DATA) $(LISTS)

bench-scorer: .venv/test ## what the embedded scorer is worth beside VADER; DATA as for train
	@exec env OMP_NUM_THREADS=1 $(PY) -m training.bench $(DATA) $(LISTS)

lock: .venv/bin/pip ## requirements.lock from pyproject.toml; UPGRADE=1 renews every version
	@$(INSTALL) uv==0.13.9
	@$(PY) .ci/lock.py make $(if $(UPGRADE),--upgrade)

clean: ## removes .venv and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/pip:
	@sh .ci/venv

# What running needs is the first part of the lock file, so that the demo waits for nothing else.
# pip compiles on one core, compileall on all.
.venv/run: requirements.lock pyproject.toml | .venv/bin/pip
	@echo 'Installing what Moodbridge needs into .venv (once; about 50 MB) ...'
	@sed '/^# Tests and checks/,$$d' requirements.lock > .venv/run.lock
	@$(INSTALL) --require-hashes --only-binary :all: --no-compile -r .venv/run.lock
	@$(PY) -m compileall -q -j 0 .venv/lib > .venv/compile.log 2>&1 || true
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test: .venv/run
	@echo 'Installing what tests and checks need into .venv (once; about 90 MB) ...'
	@$(INSTALL) --require-hashes --only-binary :all: -r requirements.lock
	@touch $@
