# Gatehouse. `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run test screenshots bench fmt shell docs messages lock example clean
SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '%-15s %s\n' "$$name" "$$what"; done

run: $(VENV)/run.stamp ## Start the server: web, worker and beat on http://127.0.0.1:8000, data in var/
	@exec $(PYTHON) manage.py run

test: $(VENV)/dev.stamp ## Lint, types, contracts, and every test on SQLite and on PostgreSQL
	@exec $(PYTHON) -m tests.run

screenshots: $(VENV)/dev.stamp ## Every page, light and dark, phone and desktop, into docs/screenshots
	@exec $(PYTHON) -m tests.screenshots

bench: $(VENV)/dev.stamp ## Measure requests a second, latency and memory; PROFILE=refresh for one
	@exec $(PYTHON) -m bench

example: $(VENV)/dev.stamp ## "Log in with Gatehouse" in an example application; needs `make run` beside it
	@exec $(PYTHON) docs/examples/relying_party/app.py

fmt: $(VENV)/dev.stamp ## Format and repair what can be repaired
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

shell: $(VENV)/run.stamp ## A Python shell with the models
	@exec $(PYTHON) manage.py shell

docs: $(VENV)/dev.stamp ## Write docs/reference from the code
	@exec $(PYTHON) manage.py write_reference

messages: $(VENV)/dev.stamp ## Collect the texts of pages and mails into locale/, and compile what is translated
	@DJANGO_SETTINGS_MODULE=oauth_server.settings.testing $(PYTHON) -m scripts.messages

lock: ## Pin requirements.txt and requirements-dev.txt anew, with hashes (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## Remove the virtual environment and what tools left; data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis static_collected

$(VENV)/run.stamp: requirements.txt
	@sh scripts/venv.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt
	@sh scripts/venv.sh $(VENV) requirements.txt requirements-dev.txt
	@touch $@ $(VENV)/run.stamp
