# Giftflick's commands. `make help` lists them; each sets up what it needs first.

VENV = .venv
PY = $(VENV)/bin/python
READY = $(VENV)/.ready

.DEFAULT_GOAL = help
.PHONY: help setup run gateway demo test fuzz check openapi format package bench-lists bench-cold manage clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## virtual environment and packages, when they changed (PYTHON=/path/to/python3.12 chooses one)

$(READY): requirements.txt requirements-dev.txt local/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh local/setup.sh && touch $@

run: setup ## the whole system on this machine, until Ctrl-C (PORT=8000 chooses the site's port)
	@exec $(PY) -m local.run $(if $(PORT),--port "$(PORT)")

gateway: setup ## the same with the site as AWS runs it: API Gateway, authorizer, Lambda (PORT=8000)
	@exec $(PY) -m local.run --gateway $(if $(PORT),--port "$(PORT)")

demo: setup ## one gift from the API call to the watched video (PHOTO=a.jpg CLIP=b.mp4 use your own)
	@exec $(PY) -m local.demo $(if $(PHOTO),--photo "$(PHOTO)") $(if $(CLIP),--clip "$(CLIP)")

test: setup ## all tests (ARGS="-k gifts -x" goes to pytest)
	@$(PY) -m local.chromium >/dev/null
	@$(PY) -m local.curl >/dev/null
	@exec $(PY) -m pytest -n 3 --dist loadfile $(ARGS)

fuzz: setup ## 20,000 made-up calls to the API, other ones each time (a quarter of an hour)
	@FUZZ_NEW=1 FUZZ_EXAMPLES=400 FUZZ_AT_LEAST=20000 $(PY) -m pytest -n 0 tests/openapi/test_fuzz.py $(ARGS)

check: setup ## lint, format, types, migrations, deployment settings
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(PY) -m local.environment -- $(VENV)/bin/mypy .
	@$(PY) -m local.environment -- $(PY) manage.py makemigrations --check --dry-run
	@$(PY) -m local.environment -- $(PY) manage.py check --deploy --fail-level WARNING

openapi: setup ## write the API's description anew, after a change of the API
	@$(PY) -m local.environment -- $(PY) -m api.openapi.generate

format: setup ## reformat the code, and mend what ruff can
	@$(VENV)/bin/ruff check --quiet --fix .
	@$(VENV)/bin/ruff format .

package: setup ## what is deployed: build/giftflick.zip, build/authorizer.zip, build/static (STAGE=dev: its runtime)
	@exec $(PY) -m infra.package $(or $(STAGE),dev)

bench-lists: setup ## a page of gifts among 1,000,000 against one among 1,000 (minutes)
	@exec $(PY) -m bench.lists

bench-cold: setup ## a cold start of the package, beside plain Django and a bare handler (minutes)
	@exec $(PY) -m bench.cold

manage: setup ## a Django command against the running system (CMD="api_key --help")
	@exec $(PY) manage.py $(CMD)

clean: ## remove the virtual environment, and all local data: gifts, films, mailbox
	rm -rf $(VENV) .local .mypy_cache .pytest_cache .ruff_cache
