"""What every test runs in, how tests are spread over processes, and which of them are fast."""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

from support.chart_checks import check_finished_charts_once
from support.covering import examples
from support.small_cluster import cluster_of_all, room_for_a_cluster
from tuner.collector import collect_rarely, leave_alone_what_is_there

# How fast examples are made and tried says how busy the machine is.
settings.register_profile(
    "tests", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")
collect_rarely()

SHARED = pytest.StashKey[Path]()
"""A folder that all processes of a test run have in common."""

SLOW_MARKERS = ("lab", "ray", "tensorflow", "slow")
"""From the slowest on, which is the order in which files are begun: the short ones fill the gaps at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Gives all processes of a test run one cache of their own, what one has compiled the others read, and room for one Ray."""
    if "PYTEST_XDIST_WORKER" not in os.environ:  # these have the environment of the process that starts them
        whole_run = ExitStack()
        cache = whole_run.enter_context(tempfile.TemporaryDirectory(prefix="frontier-tuner-tests-"))
        # Ray puts its workers behind all that runs beside them, and the tests wait for them. Whether it asks for this user's
        # token, which a search has made, it decides once, when a module of tests imports it.
        settings_of_ray = {"RAY_worker_niceness": "0", "RAY_AUTH_MODE": "disabled"}
        whole_run.enter_context(mock.patch.dict(os.environ, settings_of_ray, XDG_CACHE_HOME=cache))
        whole_run.enter_context(room_for_a_cluster(Path(cache)))
        config.add_cleanup(whole_run.close)
    config.stash[SHARED] = Path(os.environ["XDG_CACHE_HOME"])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Processes for the tests: as many as processors, and one more for tests with Ray, which wait for what they start.

    None where single tests are named, which then start at once and can be debugged.
    """
    if any("::" in argument for argument in config.args):
        return 0
    waiting = 0 if config.getoption("markexpr") == "fast" else 1
    return min((os.cpu_count() or 1) + waiting, 8)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names bytes by their number: some hold the moment of their compression, and every process must find the same tests."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what is fast, puts the slow files first, and leaves the laboratory to those who ask for it."""
    named = {Path(argument.partition("::")[0]).resolve() for argument in config.args}
    asked_for_lab = "lab" in config.getoption("markexpr")
    weight: dict[Path, int] = {}
    for item in items:
        slow = [len(SLOW_MARKERS) - place for place, name in enumerate(SLOW_MARKERS) if item.get_closest_marker(name)]
        weight[item.path] = max([weight.get(item.path, 0), *slow])
        if not slow:
            item.add_marker("fast")
        if item.get_closest_marker("lab") and not asked_for_lab and item.path not in named:
            item.add_marker(
                pytest.mark.skip(reason="clusters in namespaces, which needs root: python -m pytest -m lab")
            )
    items.sort(key=lambda item: -weight[item.path])


def pytest_collection_finish() -> None:
    """Prepares what the imports of all the tests have made: charts are checked once, and the collector leaves alone what stays.

    TensorFlow must not be among it: where the collection imports it, no test finds it prepared, and each process waits for it.
    """
    if "tensorflow" in sys.modules:
        raise pytest.UsageError("a module of tests imports TensorFlow; import it in the tests, or by support.lazy")
    if "altair" in sys.modules:
        check_finished_charts_once()
    leave_alone_what_is_there()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Lets a test find TensorFlow as a worker does, with one thread: before any fixture, of whatever scope, imports it."""
    if item.get_closest_marker("tensorflow") and "tensorflow" not in sys.modules:
        from tuner.models.device import quiet_tensorflow

        quiet_tensorflow(1)
        leave_alone_what_is_there()


@pytest.fixture(autouse=True)
def _tensorflow():
    """A test that imports TensorFlow says so, or ``-m fast`` would not be."""
    before = "tensorflow" in sys.modules
    yield
    assert before or "tensorflow" not in sys.modules, "mark it with pytest.mark.tensorflow"


@pytest.fixture(scope="session")
def shared_ray(pytestconfig: pytest.Config) -> dict[str, Any]:
    """A small Ray for the searches of all processes, each of which would take four seconds to start its own."""
    return cluster_of_all(pytestconfig.stash[SHARED], head_cpus=6)


@pytest.fixture(scope="module")
def on_shared_ray(shared_ray: dict[str, Any]):
    """Lets the searches of a module run on it, those in this process (``run_here``) as one of its drivers."""
    with mock.patch.dict(os.environ, RAY_ADDRESS=shared_ray["address"]):
        yield shared_ray
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()


@pytest.fixture(scope="session")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of seven different networks, with their weights."""
    from support.exported_run import write_exported_run

    return write_exported_run(tmp_path_factory.mktemp("export"))


@pytest.fixture
def opened(run_path: Path):
    from tuner.export.trained import open_run

    return open_run(str(run_path), run_path.parent)
