import pytest

from tuner.search.ray_tune.cluster import _minimal_agents

pytestmark = pytest.mark.ray


def dashboard_agents():
    """What Ray decides its agents by, when it starts."""
    from ray._private import utils

    return utils.get_dashboard_dependency_error()


def test_a_local_ray_starts_no_dashboard_even_where_one_could_run():
    before = dashboard_agents()
    with _minimal_agents():
        assert isinstance(dashboard_agents(), ImportError)
    assert dashboard_agents() is before
