# Everything a newcomer needs: `make demo` shows the city at work, `make test` checks the whole.
# Both install what is missing (see docs/bare-machine.md) and need no network the second time.

.DEFAULT_GOAL := help
.PHONY: help demo test bench faults backup restore lock format vendor secrets

UP := bash ops/up.sh
LOCK := .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: ## the demo city on PORT (8000), its state in DEMO_DIR (var/demo); Ctrl-C ends it
	@$(UP) ops.demo

test: ## every check and test (COVERAGE=1 measures coverage, JOURNEYS=0 leaves the browser out)
	@$(UP) ops.test

bench: ## the measurements of docs/quality, as ratios
	@$(UP) bench

faults: ## kill every process under load and count what was lost (SEED=, ROUNDS=)
	@$(UP) ops.faults

backup: ## write the database and the files to one archive in BACKUP_DIR (var/backup)
	@$(UP) ops.backup save

restore: ## bring an archive back: make restore FROM=var/backup/NAME.tar
	@$(UP) ops.backup restore "$(FROM)"

secrets: ## generate the secrets that docker-compose.yml mounts
	@bash ops/make_secrets.sh

lock: ## resolve requirements*.in anew into the hashed requirements*.txt
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) --constraint requirements.txt requirements-dev.in -o requirements-dev.txt

format: ## let ruff and djlint set the layout
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

vendor: ## copy the pinned npm files into ui/static/vendor
	npm ci --ignore-scripts
	node ui/vendor.mjs
