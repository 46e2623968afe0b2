# `make demo` and `make test` set up all they need in .venv and build/. PYTHON chooses the
# interpreter; a .venv that is there already keeps its own (`make clean` removes it).

PYTHON ?= python3
PYTHONS ?= $(shell sed -n 's/.*Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
VENV ?= .venv
PYENV_ROOT ?= $(HOME)/.pyenv

BUILT_FROM := pyproject.toml setup.py $(wildcard src/*.pyx src/*.pxi src/*.h)

unexport PYTHONPATH PYTHONHOME

.PHONY: help demo test check tests portable-tests wheel-tests test-all-pythons bench clean
.DELETE_ON_ERROR:

help:
	@echo "make demo              run the Django example's tests under reftrack, with both runners"
	@echo "make test              lint, types, tests, then the tests again on the installed wheel"
	@echo "make test-all-pythons  the quick tests under each of: $(PYTHONS)"
	@echo "make portable-tests    the quick tests of a build that has nothing of Linux's own"
	@echo "make bench             run the benchmarks (long)"
	@echo "make clean             remove what the above made"

# --- environments: a stamp per set of packages, newer than what the extension is built from. An
# editable install compiles no module, and where PYTHONDONTWRITEBYTECODE is set no run would either.

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.demo: $(VENV)/.made $(BUILT_FROM)
	$(VENV)/bin/python -m pip install --quiet --editable . "django>=5.2,<5.3"
	$(VENV)/bin/python -m compileall -q src/reftrack
	@touch $@

$(VENV)/.dev: $(VENV)/.made $(BUILT_FROM)
	$(VENV)/bin/python -m pip install --quiet --group dev --editable .
	$(VENV)/bin/python -m compileall -q src/reftrack
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.dev
	$(VENV)/bin/python -m pip install --quiet --group bench
	@touch $@

# --- the main job on the example

# The example's suite ends red by design, so its status is 1. Any other status, or a run without a
# record, is an error here.
DEMO = $(abspath $(VENV))/bin/python -m reftrack run --json $(abspath $@).json manage.py test \
	|| test $$? -eq 1 && test -s $(abspath $@).json

demo: build/demo build/demo-keep-tests
	@echo
	@echo "=== Done: both suites ended red, as they should, and the reports above say what they kept."

.PHONY: build/demo build/demo-keep-tests
build/demo: $(VENV)/.demo
	@mkdir -p build && rm -f $@.json
	@echo "=== Django's own runner. Two of the example's tests fail and two are skipped, on purpose."
	@cd examples/django_users && $(DEMO)

build/demo-keep-tests: $(VENV)/.demo build/demo
	@mkdir -p build && rm -f $@.json
	@echo
	@echo "=== The same under a runner that keeps every test, as unittest did before 3.4."
	@cd examples/django_users && export KEEP_TESTS=1 && $(DEMO)

# --- tests

test: check tests wheel-tests

check: $(VENV)/.dev
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/python -m mypy.stubtest --ignore-missing-stub reftrack._reftrack

# Tests of one group run in one process: they measure time, or take much memory.
PYTEST = -m pytest -n $(WORKERS) --dist loadgroup
QUICK = $(PYTEST) -q -m "not slow and not once"
WORKERS ?= auto
TESTS ?=

tests: $(VENV)/.dev
	$(VENV)/bin/python $(PYTEST) $(TESTS)

# Without all that not every system and compiler has: proofs and memory limits skip their tests.
portable-tests:
	CFLAGS=-DREFTRACK_PORTABLE $(MAKE) --no-print-directory in-a-copy-portable RUN= NAMED=$(PYTHON)

# The sdist, a wheel built from it, and that wheel's tests where no source of the package is near.
wheel-tests: $(VENV)/.dev
	rm -rf build/dist build/wheel-venv build/elsewhere
	$(VENV)/bin/python -m build --outdir build/dist .
	$(VENV)/bin/python -m venv build/wheel-venv
	build/wheel-venv/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	build/wheel-venv/bin/python -m pip install --quiet --group wheel-tests build/dist/*.whl
	mkdir -p build/elsewhere
	tar -xzf build/dist/*.tar.gz -C build/elsewhere --strip-components=1
	rm -rf build/elsewhere/src
	cd build/elsewhere && ../wheel-venv/bin/python $(QUICK)

# One version each, such as 3.12, or 3.13.0: an interpreter of PATH or pyenv counts when it starts and
# is of that version (a shim of pyenv may do neither). Where there is none, one of Debian's.
test-all-pythons: $(PYTHONS:%=test-python-%)

test-python-%:
	@for python in python$* "$(PYENV_ROOT)"/versions/$**/bin/python; do \
		"$$python" -c "import platform; assert (platform.python_version() + '.').startswith('$*.')" \
			2>/dev/null || continue; \
		exec $(MAKE) --no-print-directory in-a-copy-$* RUN= NAMED="$$python"; \
	done; \
	exec $(MAKE) --no-print-directory test-newest-python-$*

test-newest-python-%:
	@$(abspath .ci)/pythons $* true; status=$$?; \
	if test $$status = 3; then echo "=== CPython $*: skipped, there is none"; exit; fi; \
	test $$status = 0 && exec $(MAKE) --no-print-directory in-a-copy-newest-$* \
		RUN="$(abspath .ci)/pythons $*" NAMED=python$*

# In a copy of its own each: what is built for one patch release has the names of another's, and what
# is built in the other root works there alone. Its .venv and build/ are kept for the next time.
in-a-copy-%:
	@mkdir -p build/on-$*
	@find build/on-$* -mindepth 1 -maxdepth 1 ! -name .venv ! -name build -exec rm -rf {} +
	@tar -c --exclude=./build --exclude=./.git --exclude='./.venv*' --exclude='*.so' \
		--exclude=./src/_reftrack.c --exclude='*.egg-info' --exclude='.*_cache' --exclude=__pycache__ . \
		| tar -x -C build/on-$*
	@rm -f build/on-$*/.venv/.dev
	cd build/on-$* && $(RUN) $(MAKE) --no-print-directory quick-tests \
		PYTHON="$(NAMED)" WORKERS="$(WORKERS)" TESTS="$(TESTS)"

.PHONY: quick-tests
quick-tests: $(VENV)/.dev
	@echo "=== $$($(VENV)/bin/python --version)"
	$(VENV)/bin/python $(QUICK) $(TESTS)

bench: $(VENV)/.bench
	$(VENV)/bin/python benchmarks/overhead.py
	$(VENV)/bin/python benchmarks/charging.py --frames 16
	$(VENV)/bin/python benchmarks/charging.py --frames 1
	$(VENV)/bin/python benchmarks/explain.py --peers

clean:
	rm -rf .venv build dist src/*.egg-info src/_reftrack.c src/_reftrack.html
	rm -f src/reftrack/*.so
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .reftrack examples/*/.reftrack
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
