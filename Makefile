# Waypost: `make demo` to see it work, `make test` to see that it is right.
.DEFAULT_GOAL := help
.PHONY: help setup demo up down test check bench clean pins

RUN := .venv/bin
KEEP_ := $(if $(KEEP),--keep)
SECONDS_ := $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## install what is missing; under a second when all is there
	@deploy/local/setup.sh

demo: setup ## the platform with a demo shop and live traffic (KEEP=1 stays up, DEMO_SECONDS=60 ends by itself)
	@$(RUN)/python -m local_stack demo $(KEEP_) $(SECONDS_)

up: setup ## the empty platform in the foreground, until Ctrl-C
	@$(RUN)/python -m local_stack up

down: ## end a platform whose terminal was lost
	@$(RUN)/python -m local_stack down

test: setup ## all tests, in one process
	@$(RUN)/pytest tests -m "not soak and not load"

check: setup ## format, lint, types, architecture, sizes
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/mypy
	@$(RUN)/lint-imports
	@$(RUN)/python tests/support/size_report.py
	@found=$$(find tests -name __init__.py); test -z "$$found" || { echo "packages shadow services; delete $$found"; exit 1; }

bench: setup ## bounded measurements, printed as tables
	@for each in benchmarks/*.py; do echo "== $$each"; $(RUN)/python $$each || exit 1; done

clean: ## delete what runs have left behind
	@rm -rf .waypost/run

pins: ## write the versions of today's environment into constraints.txt
	@uv export -q --all-packages --no-emit-workspace --no-hashes --no-header --no-annotate -o constraints.txt
