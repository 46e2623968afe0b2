"""reftrack beside other plugins of pytest: their outcomes stay, holders and the gate are right."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from reftrack.model import Holder, Report
from support import PLUGINS, plain, without

pytestmark = pytest.mark.slow

PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-rA")
OWN = ("--reftrack", "--reftrack-no-prove", "--reftrack-json", "out.json")
PROVED = ("--reftrack", "--reftrack-json", "out.json")
GATE = (*OWN, "--reftrack-fail-over", "1MiB")


def run_suite(
    folder: Path, plugins: tuple[str, ...], suite: str, *options: str
) -> subprocess.CompletedProcess[str]:
    (folder / "suite.py").write_text(dedent(suite))
    off = [name for name in PLUGINS if name not in plugins]
    env = {"PYTEST_ADDOPTS": without(*off), "PYTHONPATH": str(folder)}
    return plain(*PYTEST, *options, "suite.py", cwd=folder, env=env)


def outcomes(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    lines = re.findall(r"^(PASSED|FAILED|ERROR|RERUN) suite\.py::(\S+)", run.stdout, re.M)
    return {test: outcome for outcome, test in lines}


def failed(run: subprocess.CompletedProcess[str]) -> set[str]:
    return {test for test, outcome in outcomes(run).items() if outcome == "FAILED"}


def counts(run: subprocess.CompletedProcess[str]) -> str:
    return re.sub(r" in [\d.]+s.*", "", run.stdout.splitlines()[-1]).strip("= ")


def large(folder: Path) -> list[Holder]:
    report = msgspec.json.decode((folder / "out.json").read_bytes(), type=Report)
    return [h for h in report.holders if h.survived_bytes >= 1 << 20]


def holders(folder: Path) -> set[str]:
    return {h.name for h in large(folder)}


def test_pytest_asyncio(tmp_path: Path) -> None:
    suite = """
    import asyncio, pytest, pytest_asyncio
    CACHE = []
    TASKS = []

    @pytest_asyncio.fixture
    async def data():
        yield bytearray(3 << 20)
    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def of_module():
        CACHE.append(bytearray(3 << 20))
        yield

    @pytest.mark.asyncio
    async def test_leak():
        await asyncio.sleep(0)
        CACHE.append(bytearray(3 << 20))
    @pytest.mark.asyncio
    async def test_clean(data):
        kept = bytearray(3 << 20)
        await asyncio.sleep(0)
    @pytest.mark.asyncio
    async def test_leaking_task():
        async def work(data): return data
        TASKS.append(asyncio.create_task(work(bytearray(3 << 20))))
        await TASKS[-1]
    def test_plain(): pass
    @pytest.mark.asyncio(loop_scope="module")
    async def test_leak_of_module(of_module): pass
    """
    expected = run_suite(tmp_path, ("asyncio",), suite)
    alike = run_suite(tmp_path, ("asyncio",), suite, "--reftrack")
    gated = run_suite(tmp_path, ("asyncio",), suite, *GATE)

    assert counts(alike) == counts(expected)
    assert set(outcomes(expected).values()) == {"PASSED"}
    assert failed(gated) == {t for t in outcomes(gated) if "leak" in t}, gated.stdout
    assert holders(tmp_path) >= {"suite.CACHE", "suite.TASKS"}


def test_anyio(tmp_path: Path) -> None:
    suite = """
    import anyio, pytest
    pytestmark = pytest.mark.anyio
    CACHE = []

    @pytest.fixture
    def anyio_backend(): return "asyncio"
    @pytest.fixture
    async def data():
        yield bytearray(3 << 20)

    async def test_leak():
        await anyio.sleep(0)
        CACHE.append(bytearray(3 << 20))
    async def test_clean(data):
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0)
    """
    expected = run_suite(tmp_path, ("anyio",), suite)
    gated = run_suite(tmp_path, ("anyio",), suite, *GATE)

    assert outcomes(expected) == {"test_leak": "PASSED", "test_clean": "PASSED"}
    assert outcomes(gated) == {"test_leak": "FAILED", "test_clean": "PASSED"}, gated.stdout
    assert holders(tmp_path) == {"suite.CACHE"}


def test_pytest_rerunfailures(tmp_path: Path) -> None:
    suite = """
    import pytest
    CACHE = []
    tries = []

    def test_flaky():
        data = bytearray(3 << 20)
        tries.append(1)
        assert len(tries) > 2
    def test_leak(): CACHE.append(bytearray(3 << 20))
    def test_clean(): pass
    def test_fails(): assert 0
    """
    expected = run_suite(tmp_path, ("rerunfailures",), suite, "--reruns", "2")
    alike = run_suite(tmp_path, ("rerunfailures",), suite, "--reruns", "2", "--reftrack")
    gated = run_suite(tmp_path, ("rerunfailures",), suite, "--reruns", "2", *GATE)

    assert counts(alike) == counts(expected)
    assert "1 failed, 3 passed, 4 rerun" in counts(expected)
    assert failed(gated) == {"test_leak", "test_fails"}
    assert "2 failed, 2 passed, 6 rerun" in gated.stdout
    report = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Report)
    assert len(report.failed) == 1
    assert holders(tmp_path) == {"suite.CACHE"}


def test_what_pytest_rerunfailures_has_of_an_earlier_attempt_is_not_the_tests(
    tmp_path: Path,
) -> None:
    suite = """
    import pytest
    tries = []

    @pytest.mark.reftrack(max_objects=0)
    def test_flaky():
        tries.append(1)
        assert len(tries) > 2
    """
    run = run_suite(tmp_path, ("rerunfailures",), suite, "--reruns", "2", *PROVED)

    assert outcomes(run) == {"test_flaky": "PASSED"}, run.stdout


def test_the_error_of_a_failed_test_is_held_by_what_keeps_it_on_the_item(tmp_path: Path) -> None:
    suite = """
    def test_fails():
        data = bytearray(3 << 20)
        assert 0
    def test_passes(): pass  # pytest lets go of sys.last_value before it
    """
    (tmp_path / "conftest.py").write_text(
        dedent(
            """
            import pytest
            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_makereport(item, call):
                if call.excinfo and not item.config.pluginmanager.has_plugin("rerunfailures"):
                    item.error = call.excinfo
                return (yield)
            """
        )
    )
    run_suite(tmp_path, ("rerunfailures",), suite, *PROVED)
    (by_plugin,) = large(tmp_path)
    run_suite(tmp_path, (), suite, *PROVED)
    (by_conftest,) = large(tmp_path)

    assert by_plugin.name == "Function._rerun_condition_excinfos"
    assert by_plugin.rule == "rerun-errors"
    assert (by_conftest.name, by_conftest.rule) == ("Function.error", "")
    for holder in (by_plugin, by_conftest):
        assert (holder.root, holder.kind) == ("pytest Session.items", "exception")
        assert holder.path[-1] == "data in test_fails()"
        assert holder.fix
        assert holder.proved_bytes


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_pytest_timeout(tmp_path: Path, method: str) -> None:
    """The last look, which a hook of the user's makes a long one, is on nobody's time."""
    suite = """
    import pytest, time, reftrack.looking
    CACHE = []
    record = reftrack.looking.record
    def slowly(*given, **more):
        time.sleep(1.5)
        return record(*given, **more)
    reftrack.looking.record = slowly

    @pytest.fixture(scope="module")
    def of_module():
        yield
        time.sleep(SLEEP)
    def test_leak(): CACHE.append(bytearray(3 << 20))
    def test_last(of_module): pass
    """
    options = ("--timeout", "1", "--timeout-method", method, *OWN)
    fine = suite.replace("SLEEP", "0.1")
    run = run_suite(tmp_path, ("timeout",), fine, *options, "--durations=1", "-vv")
    late = run_suite(tmp_path, ("timeout",), suite.replace("SLEEP", "30"), *options)

    assert outcomes(run) == {"test_leak": "PASSED", "test_last": "PASSED"}, run.stdout
    assert run.returncode == 0
    (slowest,) = re.findall(r"([\d.]+)s teardown +suite.py::test_last", run.stdout)
    assert 0.1 <= float(slowest) < 0.5
    assert holders(tmp_path) == {"suite.CACHE"}
    assert "Timeout" in late.stdout + late.stderr
    assert late.returncode != 0


def test_pytest_randomly(tmp_path: Path) -> None:
    suite = """
    import pytest, random
    CACHE = []
    @pytest.mark.parametrize("n", range(8))
    def test_clean(n): print(n, random.random())
    def test_leak(): CACHE.append(bytearray(3 << 20))
    """
    expected = run_suite(tmp_path, ("randomly",), suite, "-s", "--randomly-seed=7")
    gated = run_suite(tmp_path, ("randomly",), suite, "-s", "--randomly-seed=7", *GATE)

    order = re.compile(r"^\.?(\d) (0\.\d+)", re.M)
    assert order.findall(gated.stdout) == order.findall(expected.stdout)
    assert failed(gated) == {"test_leak"}
    assert holders(tmp_path) == {"suite.CACHE"}


def test_pytest_django(tmp_path: Path) -> None:
    (tmp_path / "site_settings.py").write_text(
        "SECRET_KEY = 'x'\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n"
        "INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth']\n"
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = site_settings\n")
    suite = """
    import pytest
    from django.contrib.auth.models import User
    from django.test import TestCase
    CACHE = []

    def big(user):
        user.notes = bytearray(3 << 20)
        return user

    class UserTest(TestCase):
        @classmethod
        def setUpTestData(cls): cls.shared = User.objects.create(username="a")
        def test_leak(self): CACHE.append(big(User.objects.get(pk=self.shared.pk)))
        def test_clean(self): self.user = big(User.objects.get(pk=self.shared.pk))

    @pytest.mark.django_db
    def test_leak_of_function(): CACHE.append(big(User.objects.create(username="b")))
    @pytest.mark.django_db(transaction=True)
    def test_clean_function(client): assert big(User.objects.create(username="c")).pk
    """
    expected = run_suite(tmp_path, ("django",), suite)
    gated = run_suite(tmp_path, ("django",), suite, *GATE)

    assert set(outcomes(expected).values()) == {"PASSED"}, expected.stdout
    assert failed(gated) == {t for t in outcomes(gated) if "leak" in t}, gated.stdout
    assert len(outcomes(gated)) == 4
    assert holders(tmp_path) == {"suite.CACHE"}


def test_pytest_cov(tmp_path: Path) -> None:
    suite = """
    CACHE = []
    def branch(n):
        if n: return 1
        return 2
    def test_leak(): CACHE.append(bytearray((3 << 20) * branch(1)))
    def test_clean(): assert branch(1)
    """
    cov = ("--cov=suite", "--cov-branch", "--cov-report=json:")
    expected = run_suite(tmp_path, ("pytest_cov",), suite, cov[0], cov[1], cov[2] + "plain.json")
    gated = run_suite(tmp_path, ("pytest_cov",), suite, cov[0], cov[1], cov[2] + "own.json", *GATE)

    figures = [
        {name: file["summary"] for name, file in json.loads(path.read_text())["files"].items()}
        for path in (tmp_path / "plain.json", tmp_path / "own.json")
    ]
    assert figures[0] == figures[1]
    assert figures[0]["suite.py"]["num_branches"] > 0
    assert outcomes(expected) == {"test_leak": "PASSED", "test_clean": "PASSED"}
    assert outcomes(gated) == {"test_leak": "FAILED", "test_clean": "PASSED"}, gated.stdout
    assert holders(tmp_path) == {"suite.CACHE"}


def test_all_of_them_at_once(tmp_path: Path) -> None:
    suite = """
    import pytest
    CACHE = []
    def test_leak(): CACHE.append(bytearray(3 << 20))
    @pytest.mark.asyncio
    async def test_clean(): pass
    """
    plugins = tuple(name for name in PLUGINS if name != "django")

    gated = run_suite(tmp_path, plugins, suite, *GATE, "--reruns=1", "--cov=suite")

    assert failed(gated) == {"test_leak"}
    assert "1 failed, 1 passed, 1 rerun in" in gated.stdout
    assert holders(tmp_path) == {"suite.CACHE"}
