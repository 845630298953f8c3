import subprocess
import sys

import pytest
import yaml

from tuner.search.ray_tune.capacity import autoscaler_file, most_of, most_resources

CLUSTER = {
    "max_workers": 8,
    "head_node_type": "head",
    "available_node_types": {
        "head": {"resources": {"CPU": 4}, "max_workers": 0},
        "spot": {"resources": {"CPU": 4, "GPU": 1}, "max_workers": 6},
        "on_demand": {"resources": {"CPU": 8, "GPU": 1}},
        "plain": {"resources": {}, "min_workers": 0},
    },
}


def test_every_kind_is_counted_as_if_it_were_the_only_one():
    assert most_of(CLUSTER) == {"CPU": 64.0, "GPU": 8.0}
    assert most_of({**CLUSTER, "max_workers": 2}) == {"CPU": 16.0, "GPU": 2.0}


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (
            ["python", "/x/autoscaler/v2/monitor.py", "--gcs-address=10.0.0.1:6379", "--autoscaling-config=/a.yaml"],
            "/a.yaml",
        ),
        (
            ["python", "/x/autoscaler/_private/monitor.py", "--autoscaling-config=~/b", "--gcs-address=127.0.0.1:6379"],
            "~/b",
        ),
        (
            ["python", "/x/autoscaler/v2/monitor.py", "--gcs-address=10.0.0.1:6380", "--autoscaling-config=/a.yaml"],
            None,
        ),
        (["python", "/x/autoscaler/v2/monitor.py", "--gcs-address=10.0.0.1:6379"], None),
        (["grep", "--autoscaling-config=/a.yaml", "--gcs-address=10.0.0.1:6379"], None),
        ([], None),
    ],
)
def test_the_autoscaler_of_a_cluster_is_known_by_its_command(command, file):
    assert autoscaler_file(command, "10.0.0.1:6379") == file


def test_the_file_of_a_running_autoscaler_is_read(tmp_path):
    script = tmp_path / "autoscaler" / "v2" / "monitor.py"
    script.parent.mkdir(parents=True)
    script.write_text("print('up', flush=True); input()")
    (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(CLUSTER))
    words = ["--gcs-address=10.0.0.1:1", f"--autoscaling-config={tmp_path / 'cluster.yaml'}"]
    process = subprocess.Popen(
        [sys.executable, str(script), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "up\n"
    assert most_resources("127.0.0.1:1") == {"CPU": 64.0, "GPU": 8.0}
    process.communicate("\n")
    assert most_resources("127.0.0.1:1") == {}
