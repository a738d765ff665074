# Everything runs in .venv, made on first use. PYTHON chooses the interpreter (3.10 to 3.13).
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/installed
COG := $(VENV)/bin/cog --verbosity=1 -P -I . -p "from scripts import tables"
PAGES := README.md $(wildcard docs/*.md docs/recipes/*.md)
WORKFLOWS := $(wildcard .github/workflows/*.yml) docs/recipes/github-actions.yml

.DEFAULT_GOAL := help
.PHONY: help demo demo-org test test-matrix lint tables bench dist image clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv takes seconds where pip takes minutes to find versions that go together. pip, which knows the
# settings of its own, is there for where uv does not get through.
$(INSTALLED): pyproject.toml
	@echo "Setting up $(VENV): Prowler and all that it depends on, about 2.4 GB."
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet uv
	$(VENV)/bin/uv pip install --quiet --python $(VENV) --compile-bytecode --editable '.[dev]' \
		|| $(VENV)/bin/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(INSTALLED) ## Scan an embedded AWS with the real prowler command
	$(VENV)/bin/python -m demo

demo-org: $(INSTALLED) ## Scan an embedded AWS organization with the real prowler-org command
	$(VENV)/bin/python -m demo.organization

test: $(INSTALLED) ## Run all tests
	$(VENV)/bin/python -m pytest

test-matrix: $(INSTALLED) ## Run the end-to-end tests with old and new Prowlers on each Python
	$(VENV)/bin/nox

lint: $(INSTALLED) ## Check format, lint, types, and the files of GitHub, Docker, and the shell
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/cfn-lint metadata/permissions/*.yaml
	$(VENV)/bin/zizmor --offline --quiet .github docs/recipes/github-actions.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.gitlab-ci docs/recipes/gitlab-ci.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(VENV)/bin/hadolint --ignore DL3059 Dockerfile docs/recipes/*.Dockerfile
	$(VENV)/bin/shellcheck docs/recipes/*.sh scripts/*.sh .ci/run
	$(COG) --check --check-fail-msg="Run make tables." $(PAGES)

tables: $(INSTALLED) ## Write the generated tables of README.md and docs/ anew
	$(COG) -r $(PAGES)

# The sizes, and where the figures go: make bench USERS="2" MANY_USERS= FIGURES=/tmp/figures.md
USERS ?= 50 500
MANY_USERS ?= 5000
ACCOUNTS ?= 24
MORE_ACCOUNTS ?= 200
FIGURES ?= docs/figures.md
bench: $(INSTALLED) ## Measure all figures of the documentation into docs/figures.md
	$(VENV)/bin/python -m benchmarks --users $(USERS) --many-users $(MANY_USERS) \
		--accounts $(ACCOUNTS) --more-accounts $(MORE_ACCOUNTS) \
		--output $(FIGURES)
	$(COG) -r $(PAGES)

dist: $(INSTALLED) ## Build wheel and sdist into dist/, and run both demos from the wheel
	$(VENV)/bin/python -m scripts.release

image: $(INSTALLED) ## Build the image of the Dockerfile, and scan with it
	$(VENV)/bin/python -m scripts.image

clean: ## Remove what was made
	rm -rf $(VENV) .nox build dist output .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
