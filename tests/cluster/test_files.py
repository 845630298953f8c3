"""What Ray's own checks of a cluster file do not catch, of every file that `ray up` takes."""

import copy
import itertools
import subprocess
import tomllib

import pytest

from cluster.files import RAY_UP_FILES, ROOT, cluster_file, read_cluster

every_file = pytest.mark.parametrize("name", RAY_UP_FILES)


@every_file
def test_rays_schema_accepts_it(name):
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(copy.deepcopy(read_cluster(name))))


@every_file
def test_a_mistyped_key_is_seen(name):
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = read_cluster(name)
    config["idle_timeout_minute"] = 3
    with pytest.raises(Exception, match="idle_timeout_minute"):
        validate_config(prepare_config(config))


@every_file
def test_nothing_is_left_to_rays_defaults(name):
    from ray.autoscaler._private.providers import _get_default_config

    config = read_cluster(name)
    defaults = _get_default_config(config["provider"])
    if name == "onprem":
        assert {"min_workers", "max_workers"} <= config.keys()
    missing = defaults.keys() - config.keys()
    assert not missing
    inner = (("provider", "provider"), ("auth", "auth"))
    assert not [key for key, _ in inner if defaults.get(key, {}).keys() - config[key].keys()]
    types = config.get("available_node_types", {})
    assert all(kind.keys() >= {"resources", "min_workers", "max_workers", "node_config"} for kind in types.values())


@every_file
def test_what_it_sends_is_there_and_installs(name):
    mounts = read_cluster(name)["file_mounts"]
    assert mounts.pop("~/.ray/auth_token") == "~/.ray/auth_token"
    assert all(remote == f"~/frontier-tuner/{local}" for remote, local in mounts.items())
    assert all((ROOT / local).exists() for local in mounts.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {*packages, project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert needed | {"constraints.txt", "cluster"} == set(mounts.values())


@every_file
def test_the_extras_that_nodes_install_exist(name):
    config = read_cluster(name)
    commands = itertools.chain(*(config[f"{who}setup_commands"] for who in ("", "head_", "worker_")))
    asked = [command.split()[-1].split(",") for command in commands if "install.sh" in command]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert asked
    assert all(extra in extras for each in asked for extra in each)
    assert "gpu" in asked[-1]  # the last one is the workers'


@every_file
def test_nobody_starts_without_a_token_or_an_open_dashboard(name):
    config = read_cluster(name)
    for kind in ("head", "worker"):
        stop, start = config[f"{kind}_start_ray_commands"]
        assert stop == "ray stop"
        assert start.startswith("export RAY_AUTH_MODE=token")
    head = config["head_start_ray_commands"][1]
    assert "--dashboard-host=127.0.0.1" in head
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in head
    assert "RAY_health_check_failure_threshold=3" in head
    assert "RAY_health_check_period_ms=1000" in head
    assert "RAY_AUTH_MODE=token" in config["setup_commands"][1]
    assert "0.0.0.0" not in cluster_file(name).read_text(encoding="utf-8")


@every_file
def test_the_environment_of_a_node_is_what_a_shell_there_gets(name, tmp_path):
    """Runs what the file sets up, twice as Ray may, and asks a new shell for it."""
    first_three = read_cluster(name)["setup_commands"][:3]
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for command in [*first_three, *first_three]:
        subprocess.run(["bash", "-c", command], env=home, check=True)
    asked = '. ~/.bashrc; echo "$FRONTIER_TUNER_RUNS $RAY_AUTH_MODE ${PATH%%:*}"'
    told = subprocess.run(["bash", "-c", asked], env=home, check=True, capture_output=True, text=True).stdout
    bucket = "gs" if name == "gcp" else "s3"
    assert told.split() == [f"{bucket}://CHANGE-ME/runs", "token", f"{tmp_path}/venv/bin"]
    assert (tmp_path / ".bashrc").read_text().count("frontier-tuner.env") == 1


@every_file
def test_what_to_change_is_said_at_the_top(name):
    comment = cluster_file(name).read_text(encoding="utf-8").split("cluster_name:")[0]
    assert "CHANGE FIRST" in comment
    assert f"ray up cluster/{name}.yaml" in comment
