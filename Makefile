# Two commands do everything: `make demo` (the main job) and `make test` (the tests).
# The first call creates .venv from frozen, hashed requirements; later calls find it ready.

SUITE ?= demo
JOBS  ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
ENV    = PATH="$(CURDIR)/.venv/bin:$$PATH" DVC_NO_ANALYTICS=1 MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=1 TF_CPP_MIN_LOG_LEVEL=3

.PHONY: demo suite test battery lint clean help

help:
	@echo "make demo   set up, run the demo suite on the embedded data set, write tables and report"
	@echo "make suite  the same for another suite: make suite SUITE=ucf101_12"
	@echo "make test   set up, lint, type checks, import contracts, tests"
	@echo "make battery  every backbone, attention and architecture against the contract, in full"
	@echo "make clean  remove stored data and finished runs (results/ stays)"

demo:
	@$(MAKE) --no-print-directory suite SUITE=demo

suite:
	@sh requirements/install.sh run
	@$(ENV) sh requirements/suite.sh $(SUITE) $(JOBS)

lint:
	@sh requirements/install.sh test
	@$(ENV) sh requirements/lint.sh

test: lint
	@$(ENV) pytest -n $(JOBS) --dist loadfile

battery:
	@sh requirements/install.sh test
	@$(ENV) pytest -n $(JOBS) -m "battery or not battery" tests/test_build_contract.py

clean:
	rm -rf data/store dvc_plots
