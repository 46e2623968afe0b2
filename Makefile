# `make demo` and `make test` set up all they need in .venv and build/. PYTHON chooses the
# interpreter; a .venv that is there already keeps its own (`make clean` removes it).

PYTHON ?= python3
PYTHONS ?= $(shell sed -n 's/.*Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
VENV ?= .venv
PYENV_ROOT ?= $(HOME)/.pyenv

BUILT_FROM := pyproject.toml setup.py $(wildcard src/*.pyx src/*.pxi src/*.h)

unexport PYTHONPATH PYTHONHOME

.PHONY: help demo test check tests portable-tests wheel-tests test-all-pythons bench clean
.PHONY: sanitize valgrind debug-tests
.DELETE_ON_ERROR:

help:
	@echo "make demo              run the Django example's tests under reftrack, with both runners"
	@echo "make test              lint, types, tests, then the tests again on the installed wheel"
	@echo "make test-all-pythons  the quick tests under each of: $(PYTHONS)"
	@echo "make portable-tests    the quick tests of a build that has nothing of Linux's own"
	@echo "make sanitize          the extension's tests under AddressSanitizer and UBSan (long)"
	@echo "make valgrind          the ledger and the graph under valgrind's memcheck"
	@echo "make debug-tests       the extension's quick tests with the interpreter's own checks on"
	@echo "make bench             run the benchmarks (long)"
	@echo "make clean             remove what the above made"

# --- environments: a stamp per set of packages, newer than what the extension is built from. An
# editable install compiles no module, and where PYTHONDONTWRITEBYTECODE is set no run would either.

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.demo: $(VENV)/.made $(BUILT_FROM)
	$(VENV)/bin/python -m pip install --quiet --group demo --editable .
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

# --- memory safety: see docs/safety.md

IN_PROCESS := $(addprefix tests/test_,$(addsuffix .py,ledger pools quiet fuzz graph random_graphs cuts \
	proof arrays older windows api_holders collected collector))
RUNS := tests/test_hostile.py tests/test_collector_watch.py tests/test_signals.py tests/test_free_lists.py

# What is no fault under a sanitizer, which keeps freed memory back for a while: addresses that have to come
# back, figures of bytes per block for pymalloc's pools, what the process has in RAM, and how far it comes
# with 40 MiB more.
NOT_SANITIZED := $(addprefix --deselect=tests/test_, \
	ledger.py::test_code_that_dies_and_whose_address_comes_back_never_lends_its_lines \
	ledger.py::test_a_live_block_takes_at_most_43_bytes_beside_its_stack \
	pools.py::test_a_small_block_costs_few_bytes \
	arrays.py::test_what_arrays_have_is_told_once_by_the_scopes_and_not_as_the_processs \
	hostile.py::test_no_memory_to_look_at_the_heap_is_said[40])

SANITIZED := $(abspath build/sanitize)
SANITIZED_PYTEST = env LD_PRELOAD="$$(gcc -print-file-name=libasan.so)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:abort_on_error=1:log_path=$(SANITIZED)/found/asan \
	UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1:log_path=$(SANITIZED)/found/ubsan \
	$(SANITIZED)/venv/bin/python -m pytest -q -m "not slow" $(NOT_SANITIZED)

# A copy of the sources, in an environment of its own: an editable install builds where the sources are.
$(SANITIZED)/.built: $(BUILT_FROM)
	$(MAKE) --no-print-directory VENV=$(SANITIZED)/venv $(SANITIZED)/venv/.made
	rm -rf $(SANITIZED)/source && mkdir -p $(SANITIZED)/source
	cp -r pyproject.toml setup.py README.md LICENSE src $(SANITIZED)/source
	rm -f $(SANITIZED)/source/src/_reftrack.c $(SANITIZED)/source/src/reftrack/*.so
	REFTRACK_SANITIZE=address,undefined $(SANITIZED)/venv/bin/python -m pip install --quiet \
		--group dev --editable $(SANITIZED)/source
	@touch $@

# A report of any process fails it, also of one whose end no test has asked for.
sanitize: $(SANITIZED)/.built
	tar -C src --exclude="*.so" --exclude=__pycache__ -cf - reftrack | tar -C $(SANITIZED)/source/src -xf -
	rm -rf $(SANITIZED)/found && mkdir -p $(SANITIZED)/found
	PYTHONMALLOC=malloc $(SANITIZED_PYTEST) $(IN_PROCESS) $(RUNS)
	PYTHONMALLOC=pymalloc $(SANITIZED_PYTEST) $(IN_PROCESS)
	@! grep -l "ERROR: AddressSanitizer\|runtime error" $(SANITIZED)/found/* 2>/dev/null

valgrind: $(VENV)/.dev
	$(VENV)/bin/python tests/memcheck.py

# Not the figure of bytes per block: with the hooks of debugging each is larger, and a pool has fewer. The
# cases without development mode: asyncio would note by which lines each task, timer and generator was made, and
# the first test of a case would have linecache keep 600 KB of sources (extract_stack(),
# Lib/asyncio/format_helpers.py).
debug-tests: $(VENV)/.dev
	PYTHONDEVMODE=1 PYTHONMALLOC=debug $(VENV)/bin/python -m pytest -m "not slow" \
		--deselect=tests/test_pools.py::test_a_small_block_costs_few_bytes \
		$(IN_PROCESS) tests/test_holders.py tests/test_proof_runs.py
	PYTHONMALLOC=debug $(VENV)/bin/python -m pytest -m "not slow" tests/test_cases.py

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
