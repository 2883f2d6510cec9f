# Giftflick's commands. `make help` lists them; each sets up what it needs first.

VENV = .venv
PY = $(VENV)/bin/python
READY = $(VENV)/.ready

.DEFAULT_GOAL = help
.PHONY: help setup run gateway demo test fuzz check openapi format package bench-lists bench-admin bench-cold manage clean \
        configure secret plan deploy rollback destroy logs invoke rotate version rehearse

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## virtual environment and packages, when they changed (PYTHON=/path/to/python3.12 chooses one)

$(READY): requirements.txt requirements-dev.txt local/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh local/setup.sh && touch $@

run: setup ## the whole system on this machine, until Ctrl-C (PORT=8000 chooses the site's port)
	@exec $(PY) -m local.run $(if $(PORT),--port "$(PORT)")

gateway: setup ## the same with the site as AWS runs it: API Gateway, authorizer, Lambda (PORT=8000)
	@exec $(PY) -m local.run --gateway $(if $(PORT),--port "$(PORT)")

code: setup ## the code that signs in to the running admin now, as the founder's phone would show it
	@exec $(PY) -m local.code

demo: setup ## one gift from the API call to the watched video (PHOTO=a.jpg CLIP=b.mp4 use your own)
	@exec $(PY) -m local.demo $(if $(PHOTO),--photo "$(PHOTO)") $(if $(CLIP),--clip "$(CLIP)")

test: setup ## all tests (ARGS="-k gifts -x" goes to pytest)
	@$(PY) -m local.chromium >/dev/null
	@$(PY) -m local.curl >/dev/null
	@exec $(PY) -m pytest -n 3 --dist loadfile $(ARGS)

fuzz: setup ## 20,000 made-up calls to the API, other ones each time (a quarter of an hour)
	@FUZZ_NEW=1 FUZZ_EXAMPLES=400 FUZZ_AT_LEAST=20000 $(PY) -m pytest -n 0 tests/openapi/test_fuzz.py $(ARGS)

# What must be so of the templates, their IAM policies, Zappa's stages and CI: looked at, nothing is run.
ASSERTIONS = tests/infra/test_templates*.py tests/infra/test_zappa_settings.py tests/infra/test_parameters.py tests/test_ci.py

check: setup ## lint, format, templates, types, migrations, deployment settings, CI's configuration
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/cfn-lint
	@$(PY) -m local.environment -- $(VENV)/bin/mypy .
	@$(PY) -m local.environment -- $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PY) -m local.environment -- $(PY) -m infra.schema_changes
	@$(PY) -m local.environment -- $(PY) manage.py check --deploy --fail-level WARNING
	@$(PY) -m pytest -q -n 0 $(ASSERTIONS)
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.circle-ci .circleci/config.yml

openapi: setup ## write the API's description anew, after a change of the API
	@$(PY) -m local.environment -- $(PY) -m api.openapi.generate

format: setup ## reformat the code, and mend what ruff can
	@$(VENV)/bin/ruff check --quiet --fix .
	@$(VENV)/bin/ruff format .

package: setup ## what is deployed: build/giftflick.zip, build/authorizer.zip, build/static (STAGE=dev: its runtime)
	@exec $(PY) -m infra.package $(or $(STAGE),dev)

bench-lists: setup ## a page of gifts among 1,000,000 against one among 1,000 (minutes)
	@exec $(PY) -m bench.lists

bench-admin: setup ## the founders' first page, search, lists and a bulk action among 1,000,000 gifts (minutes)
	@exec $(PY) -m bench.admin

bench-cold: setup ## a cold start of the package, beside plain Django and a bare handler (minutes)
	@exec $(PY) -m bench.cold

version: setup ## which version a stage runs; red unless it is this checkout's (STAGE=dev)
	@exec $(PY) -m infra.version --stage "$(STAGE)"

manage: setup ## a Django command against the running system (CMD="api_key --help")
	@exec $(PY) manage.py $(CMD)

rehearse: setup ## deploy from nothing to a local AWS, and live there: releases, rotations, removal (minutes)
	@$(PY) -m local.chromium >/dev/null
	@exec $(PY) -m local.rehearsal

# Deploying. What is given on make's command line is in the recipe's environment, so "$$SET" needs no quoting.
DEPLOY = exec $(PY) -m

configure: setup ## say what a stage needs (STAGE=dev SET="alias-domain=gifts.example.com ops-email=…"), or what is missing
	@$(DEPLOY) infra.configure --stage "$$STAGE" --set "$$SET"

secret: setup ## one value that only people have, from stdin (STAGE=dev NAME=SENDGRID_API_KEY)
	@$(DEPLOY) infra.secret --stage "$$STAGE" --name "$$NAME"

plan: setup ## what deploy would do, without doing it (STAGE=dev)
	@$(DEPLOY) infra.plan --stage "$$STAGE"

deploy: setup ## bring a stage to this checkout's version (STAGE=dev)
	@$(DEPLOY) infra.deploy --stage "$$STAGE"

rollback: setup ## have a stage run its earlier version (STAGE=dev)
	@$(DEPLOY) infra.rollback --stage "$$STAGE"

destroy: setup ## remove a stage and all its data (STAGE=dev; CONFIRM=dev asks nothing)
	@$(DEPLOY) infra.destroy --stage "$$STAGE"

logs: setup ## a stage's logs, until Ctrl-C (STAGE=dev SINCE=1h)
	@$(DEPLOY) infra.logs --stage "$$STAGE" --since "$${SINCE:-10m}"

invoke: setup ## a management command in a stage's function (STAGE=dev CMD="stats")
	@$(DEPLOY) infra.invoke --stage "$$STAGE" "$$CMD"

rotate: setup ## exchange a secret without an outage (STAGE=dev SECRET=database, console, secret-key, edge, media or renderer-key)
	@$(DEPLOY) infra.rotate --stage "$$STAGE" --secret "$$SECRET"

clean: ## remove the virtual environment, packages, and all local data: gifts, films, mailbox
	rm -rf $(VENV) .local build .mypy_cache .pytest_cache .ruff_cache
