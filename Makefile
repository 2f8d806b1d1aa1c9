# What a newcomer types. Everything lives in .venv and build/; the demo's diary and log, in the user's own folders (README).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MACHINE ?= $(shell uname -m)
STAMP := $(VENV)/.homestim-stamp

MESSAGES := $(wildcard kiosk/locale/*/LC_MESSAGES/*.po)

.PHONY: setup demo test check bench soak screens messages lock wheels deb chroot-test vm-test clean

setup: $(STAMP) $(MESSAGES:.po=.mo)

$(STAMP): pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "homestim needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

%.mo: %.po $(STAMP)
	$(BIN)/python -m kiosk.locale.compile

demo: setup
	$(BIN)/homestim run --simulate p24

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: setup
	$(BIN)/python -m benchmarks

soak: setup
	$(BIN)/python -m pytest --soak
	$(BIN)/python -m tests.mutants

screens: setup
	$(BIN)/python tests/screens/write_gallery.py

messages: setup
	$(BIN)/python -m kiosk.locale.extract

# Pins every dependency with its hashes again after pyproject.toml changed.
lock: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/run.txt pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header --extra dev \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/dev.txt pyproject.toml
	echo pip | $(BIN)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/pip.txt -

# One folder for a box without a network: docs/install.md. MACHINE=aarch64 makes it for that processor, wherever this runs.
wheels: setup
	$(BIN)/python packaging/make_box.py --machine $(MACHINE)

deb: wheels
	$(BIN)/python packaging/make_deb.py --machine $(MACHINE)

# Debian 12 and 13 in file systems of their own; needs root, debootstrap and a Debian mirror.
chroot-test: deb
	$(BIN)/python -m pytest -s tests/install/chroot.py

# A machine that really boots, emulated, with a virtual stimulator at its USB; needs root, debootstrap and QEMU.
vm-test: wheels
	$(BIN)/python -m tests.vm --machine $(MACHINE)

clean:
	rm -rf $(VENV) build *.egg-info
