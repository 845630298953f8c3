import os

import pytest

from tuner.doctor.examination import ray_folder_check
from tuner.errors import InputError
from tuner.search.ray_tune.cluster import _minimal_agents, connected, ray_folder


def dashboard_agents():
    """What Ray decides its agents by, when it starts."""
    from ray._private import utils

    return utils.get_dashboard_dependency_error()


@pytest.mark.ray
def test_a_local_ray_starts_no_dashboard_even_where_one_could_run():
    before = dashboard_agents()
    with _minimal_agents():
        assert isinstance(dashboard_agents(), ImportError)
    assert dashboard_agents() is before


LONGEST = 107 - len("/ray/session_2026-01-31_12-00-00_000000_/sockets/plasma_store") - len(str(os.getpid()))


@pytest.mark.parametrize(
    ("folder", "fault"),
    [
        ("/tmp/" + "x" * (LONGEST - 5), None),
        ("/tmp/" + "x" * (LONGEST - 4), f"is too long for Ray's sockets ({LONGEST + 1} bytes, at most {LONGEST})"),
        ("scratch", "is not absolute"),
        ("/etc/passwd", "cannot be written (Not a directory)"),
    ],
)
@pytest.mark.parametrize("variable", ["TMPDIR", "RAY_TMPDIR"])
def test_a_folder_in_which_ray_cannot_work_is_refused_before_it_starts(variable, folder, fault, monkeypatch):
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray was started"))
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv(variable, folder)
    assert (str(ray_folder()[0]), ray_folder()[1]) == (folder, fault)
    check = ray_folder_check()
    if fault is None:
        assert check.status == "ok"
        return
    assert (check.status, check.text) == ("failed", f"{folder}: {fault}")
    with (
        pytest.raises(InputError, match="set RAY_TMPDIR to a short absolute folder") as error,
        connected(None, local_cpus=1),
    ):
        pass
    assert str(error.value).startswith(f"{folder}: {fault}, ")
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")  # the remedy
    assert ray_folder()[1] is None
