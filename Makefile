# keyfob. `make` alone lists the targets.

PYTHON ?= python3
WORKERS ?= 2

VENV := .venv
LOCAL := .local
PEERS := .peers
IN_VENV := $(VENV)/bin/python -m
# a tree that was copied with its environment would go on running the old tree's code, so the stamp names the folder
STAMP := $(VENV)/.installed-$(shell pwd | cksum | cut -d ' ' -f 1)
EVERYTHING := --editable '.[all]' --group test --group lint --group docs --group bench
INSTALL := pip install -qq --disable-pip-version-check

# chromium: the browser in which the example's tests log in
# passwd: useradd, with which the tests' PostgreSQL gets a user of its own under root, as whom it refuses to run
# pskctool: the OATH Toolkit's reader of PSKC, which reads what keyfob writes
# softhsm2: an HSM in software, in which the tests keep key-encryption keys
# zlib1g: the one library beyond libc that this PostgreSQL asks for
SYSTEM_PACKAGES := chromium passwd pskctool softhsm2 zlib1g

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test soak lint advisories bench peers serve docs pictures constraints ci-setup clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  The first of them makes $(VENV); PYTHON=python3.13 names the Python to make it with (3.11 or newer)."

demo: $(STAMP) ## the main job: two years of a simulated fob's life against a real verifier
	@$(VENV)/bin/keyfob demo

test: $(STAMP) ## all tests (WORKERS=0: in one process)
	@$(IN_VENV) pytest --numprocesses $(WORKERS) --dist loadfile

soak: $(STAMP) ## the same tests in their long forms
	@$(IN_VENV) pytest --soak --numprocesses $(WORKERS) --dist loadfile

lint: $(STAMP) ## ruff, mypy in strict mode, import-linter, bandit
	@$(IN_VENV) ruff check
	@$(IN_VENV) ruff format --check
	@$(IN_VENV) mypy
	@$(VENV)/bin/lint-imports
	@$(IN_VENV) bandit --quiet --configfile pyproject.toml --recursive token firmware_sim verifier

advisories: $(STAMP) ## known weaknesses of the pinned dependencies; asks a database on the network
	@$(IN_VENV) pip_audit --strict --disable-pip --no-deps --requirement constraints.txt

bench: $(STAMP) ## every benchmark; writes the tables of benchmarks/README.md
	@$(VENV)/bin/python benchmarks/run.py
	@$(VENV)/bin/python benchmarks/drift_quality.py --fobs 300

peers: $(PEERS)/django-otp/.installed $(PEERS)/privacyidea/.installed ## install the servers that `make bench` compares with, each apart

$(PEERS)/%/.installed: benchmarks/peers-%.txt
	@echo "making $(@D) ..."
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m $(INSTALL) --requirement $<
	@touch $@

serve: export KEYFOB_DATABASE_URL = sqlite:///$(CURDIR)/$(LOCAL)/database/verifier.db
serve: export KEYFOB_KEK = $(CURDIR)/$(LOCAL)/keys/kek.key
serve: $(STAMP) ## a verifier of your own, kept in .local; the first time makes it and shows its API key
	@test -e $(LOCAL)/database/verifier.db || $(VENV)/bin/keyfob init
	@echo "for other commands: export KEYFOB_DATABASE_URL='$$KEYFOB_DATABASE_URL' KEYFOB_KEK='$$KEYFOB_KEK'"
	@$(VENV)/bin/keyfob serve

docs: $(STAMP) ## the documentation site, into docs/_build/html
	@$(IN_VENV) sphinx --fail-on-warning --keep-going --quiet --builder html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

pictures: $(STAMP) ## draw the documentation's pictures that come from code anew; needs Graphviz and Chromium
	@$(VENV)/bin/python -m keyfob_firmware.machine_diagram > docs/pictures/fob-states.dot
	@dot -Tsvg docs/pictures/fob-states.dot > docs/pictures/fob-states.svg
	@$(VENV)/bin/python -m keyfob_firmware.display_svg > docs/pictures/lcd.svg
	@$(VENV)/bin/python docs/pictures/console.py docs/pictures

constraints: ## resolve the newest dependencies anew and pin them in constraints.txt
	@rm -rf build/resolve && $(PYTHON) -m venv build/resolve
	@build/resolve/bin/python -m $(INSTALL) --upgrade pip setuptools
	@build/resolve/bin/python -m $(INSTALL) $(EVERYTHING)
	@sed '/^[^#]/d' constraints.txt > build/constraints.txt
	@build/resolve/bin/python -m pip freeze -qq --all --exclude keyfob >> build/constraints.txt
	@mv build/constraints.txt constraints.txt && rm -rf build/resolve

ci-setup: ## system packages that some tests use, where this machine lets it
	@wanted="$(SYSTEM_PACKAGES)"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || wanted="$$wanted python3-venv"; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "ci-setup: no apt-get here, or not root: going on with what there is (wanted: $$wanted)"; exit 0; \
	fi; \
	missing=""; \
	for package in $$wanted; do \
		dpkg-query --show --showformat '$${db:Status-Abbrev}' $$package 2>/dev/null | grep -q '^ii' || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then echo "ci-setup: all there ($$wanted)"; exit 0; fi; \
	echo "ci-setup: installing$$missing"; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing; } \
		|| echo "ci-setup: that failed; going on without$$missing"

clean: ## remove what make made, the environment too; not .local, which holds keys and a database
	@rm -rf $(VENV) $(PEERS) build docs/_build demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find token firmware_sim verifier tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "keyfob needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "making $(VENV) ..."
	@grep -qsF " $(CURDIR)/$(VENV)" $(VENV)/pyvenv.cfg && $(IN_VENV) pip --version >/dev/null 2>&1 \
		|| $(PYTHON) -m venv --clear $(VENV)
	@$(IN_VENV) $(INSTALL) --upgrade --constraint constraints.txt pip
	@$(IN_VENV) $(INSTALL) --constraint constraints.txt --build-constraint constraints.txt $(EVERYTHING)
	@touch $@
