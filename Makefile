# What can be done here; `make` alone tells. Needs python3 (3.11 or newer) and a package index; the rest is fetched.

SHELL = /bin/sh
.DEFAULT_GOAL = help
.PHONY: help venv demo test lint bench faults planted soak flood packages editor install configuration uninstall languages corpus screenshots anatomy

VENV = .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
PYTEST ?= -n 4 --dist worksteal
SECONDS ?= 60
PACKAGES = dovecot-core dovecot-imapd dovecot-lmtpd postfix e2fsprogs systemd-container chromium gir1.2-gmime-3.0

# `make install`: where things go on a real host
DESTDIR ?=
PREFIX ?= /opt/autoresponder
CONFIG ?= /etc/autoresponder
UNITS ?= /etc/systemd/system
COMMANDS ?= /usr/local/bin
EXTRAS ?= holidays,language
UNIT = autoresponder.service
EDITOR_SERVER = $(VENV)/editor/node_modules/yaml-language-server/bin/yaml-language-server
VALIDATOR = $(VENV)/editor/node_modules/html-validate/bin/html-validate.js

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "  %-16s %s\n", $$1, $$2 }'

venv: $(VENV)/.dev  ## .venv/ with everything for work on this project

demo: $(VENV)/.demo  ## see it work, on servers of its own; no account needed
	$(VENV)/bin/autoresponder demo

test: $(VENV)/.dev packages editor  ## all tests, against real Dovecot and Postfix
	$(VENV)/bin/python -m pytest $(PYTEST)

lint: $(VENV)/.dev  ## style, types and the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

languages: $(VENV)/.dev  ## how well the language of a letter is told
	@$(VENV)/bin/python -m tests.answer.language_table

corpus: $(VENV)/.dev  ## machines told from people, on real mail: AUTORESPONDER_CORPUS=/path/to/mail
	@$(VENV)/bin/python -m tests.corpus

screenshots: $(VENV)/.dev  ## docs/screenshots/: the sample answers in Chromium, by day and by night
	@$(VENV)/bin/python docs/screenshots/take.py

anatomy: $(VENV)/.dev  ## docs/anatomy.md: the bytes of an answer, explained
	@$(VENV)/bin/python -m tests.answer.anatomy > docs/anatomy.new && mv docs/anatomy.new docs/anatomy.md

bench: $(VENV)/.dev packages  ## how fast, beside the floor
	$(VENV)/bin/python -m benchmarks

faults: $(VENV)/.dev packages  ## break the daemon at every step of a letter's way, and count (ten minutes)
	$(VENV)/bin/python -m tests.faults

planted: $(VENV)/.dev  ## bugs on purpose in the store, and which of them the state machine finds (ten minutes)
	@$(VENV)/bin/python -m tests.store.planted

soak: $(VENV)/.dev packages  ## a busy mailbox under constant faults: SECONDS=3600, SEED=7
	$(VENV)/bin/python -m tests.faults.soak --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

flood: $(VENV)/.dev packages  ## ten thousand letters in a minute
	$(VENV)/bin/python -m benchmarks.flood

# The language server that editors use for YAML, and a judge of HTML; without npm the tests that need them are skipped,
# with a loud line.
editor: $(VENV)/bin/python
	@[ -e $(EDITOR_SERVER) -a -e $(VALIDATOR) ] || ! command -v npm >/dev/null || { mkdir -p $(VENV)/editor && \
		npm install --silent --no-audit --no-fund --prefix $(VENV)/editor \
			yaml-language-server@1.25.0 html-validate@8.29.0; } || \
		echo "could not install yaml-language-server and html-validate" >&2

packages:
	@sh .ci/packages.sh $(PACKAGES)

# Two stamps, so that the demo fetches only what a demo needs. A changed pyproject.toml installs again.
$(VENV)/.dev: pyproject.toml $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.dev $(VENV)/.demo

$(VENV)/.demo: pyproject.toml $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $(VENV)/.demo

$(VENV)/bin/python:
	@sh .ci/venv.sh '$(PYTHON)' $(VENV)

install:  ## on a real host, as root: /opt/autoresponder, /etc/autoresponder, the unit
	@case "$$($(or $(PYTHON),false) -c 'import sys; print(sys.base_prefix)')" in /home/*|/root/*|"") \
		echo "The service cannot see a Python in a home directory, or there is none: PYTHON=/usr/bin/python3 make install" >&2; exit 1;; esac
	@sh .ci/venv.sh '$(PYTHON)' $(DESTDIR)$(PREFIX)
	$(DESTDIR)$(PREFIX)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade '.$(if $(EXTRAS),[$(EXTRAS)])'
	@[ -z "$(DESTDIR)" ] || sed -i '1s|^#!$(DESTDIR)|#!|' $$(grep -lI '^#!$(DESTDIR)' $(DESTDIR)$(PREFIX)/bin/*)
	install -d $(DESTDIR)$(COMMANDS)
	ln -sf $(PREFIX)/bin/autoresponder $(DESTDIR)$(COMMANDS)/autoresponder
	@$(MAKE) --no-print-directory configuration
	@[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl try-restart $(UNIT)
	@echo
	@echo "Next, as root:"
	@echo "  1. Describe your mailbox in $(CONFIG)/rules.yaml and put its password, one line, into"
	@echo "     $(CONFIG)/credentials/imap; that of SMTP, where it is another, into $(CONFIG)/credentials/smtp."
	@echo "     Or be asked: move rules.yaml away, then: autoresponder init $(CONFIG)"
	@echo "  2. autoresponder -c $(CONFIG)/rules.yaml check --connect"
	@echo "  3. systemctl enable --now autoresponder && journalctl -fu autoresponder"
	@echo "It begins in shadow mode: it decides and records, and sends nothing until rules.yaml says \`mode: live\`."

configuration:
	install -d $(DESTDIR)$(CONFIG)/templates $(DESTDIR)$(UNITS)
	install -d -m 0700 $(DESTDIR)$(CONFIG)/credentials
	@for file in rules.yaml templates/*; do \
		if [ -e "$(DESTDIR)$(CONFIG)/$$file" ]; then cmp -s "$$file" "$(DESTDIR)$(CONFIG)/$$file" || echo "kept: $(CONFIG)/$$file"; \
		else sed '/^mode: live/ s/live  /shadow/' "$$file" | install -m 0644 /dev/stdin "$(DESTDIR)$(CONFIG)/$$file"; fi; done
	sed 's|/opt/autoresponder|$(PREFIX)|g; s|/etc/autoresponder|$(CONFIG)|g' systemd/$(UNIT) | install -m 0644 /dev/stdin $(DESTDIR)$(UNITS)/$(UNIT)
	@[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload

uninstall:  ## takes away the program and the unit; configuration and state stay
	[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl disable --now $(UNIT) || true
	rm -rf $(DESTDIR)$(PREFIX)
	[ "$$(readlink $(DESTDIR)$(COMMANDS)/autoresponder)" != $(PREFIX)/bin/autoresponder ] || rm $(DESTDIR)$(COMMANDS)/autoresponder
	rm -f $(DESTDIR)$(UNITS)/$(UNIT)
	@[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
	@echo "Kept: $(CONFIG) and /var/lib/autoresponder; remove them yourself when nothing in them is wanted."
