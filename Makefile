# Two commands do everything: `make demo` (the main job) and `make test` (the tests).
# The first call creates .venv from frozen, hashed requirements; later calls find it ready.

SUITE ?= demo
JOBS  ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
ENV    = PATH="$(CURDIR)/.venv/bin:$$PATH" DVC_NO_ANALYTICS=1 MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=1 TF_CPP_MIN_LOG_LEVEL=3

N     ?= 1000
SEED  ?= 0
ENGINE ?= local

.PHONY: demo suite test faults kills battery lint graph docs clean help

help:
	@echo "make demo   set up, run the demo suite on the embedded data set, write tables and report"
	@echo "make suite  the same for another suite: make suite SUITE=ucf101_12"
	@echo "make test   set up, lint, type checks, import contracts, tests"
	@echo "make battery  what is too long for make test, which has a sample: every backbone, attention, architecture; more"
	@echo "make faults   N=1000 SEED=0: faults put into a tiny project, and what became of them"
	@echo "make kills    ENGINE=local N=100 SEED=0: processes of small grids killed, and what became of each"
	@echo "make graph  packages on their floors, who imports whom, circles"
	@echo "make docs   build the pages of docs/ into site/"
	@echo "make clean  remove stored data and finished runs (results/ stays)"

demo:
	@$(MAKE) --no-print-directory suite SUITE=demo

suite:
	@sh requirements/install.sh run
	@$(ENV) sh requirements/suite.sh $(SUITE) $(JOBS)

lint:
	@sh requirements/install.sh test
	@$(ENV) sh requirements/lint.sh

graph:
	@sh requirements/install.sh test
	@$(ENV) python requirements/graph.py

docs:
	@sh requirements/install.sh docs
	@$(ENV) sh requirements/docs.sh

test: lint
	@$(ENV) pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

faults:
	@sh requirements/install.sh test
	@$(ENV) PYTHONPATH=tests python -m faults --count $(N) --seed $(SEED) --out results/benchmarks/faults.csv \
	  --journal data/store/faults.jsonl

kills:
	@sh requirements/install.sh test
	@$(ENV) PYTHONPATH=tests python -m kills --engine $(ENGINE) --count $(N) --seed $(SEED) --out results/benchmarks/kills.csv

battery:
	@sh requirements/install.sh test
	@$(ENV) pytest -n $(JOBS) -m battery

clean:
	rm -rf data/store dvc_plots .dvc/cache/runs .dvc/tmp/suite_done
