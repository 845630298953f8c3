"""kuberay.yaml against the fields that KubeRay knows, and against the other cluster files."""

import re

import pytest

from cluster.files import ROOT, cluster_file, read_cluster
from cluster.kuberay_fields import unknown_fields


@pytest.fixture
def job():
    return read_cluster("kuberay")


def containers(job):
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [container for group in groups for container in group["template"]["spec"]["containers"]]


def test_kuberay_knows_every_field(job):
    assert unknown_fields(job) == []


def test_a_mistyped_field_or_choice_is_seen(job):
    cluster = job["spec"]["rayClusterSpec"]
    cluster["authOption"] = cluster.pop("authOptions")
    cluster["autoscalerOptions"]["version"] = "v3"
    cluster["workerGroupSpecs"][0]["minReplica"] = 1
    assert unknown_fields(job) == [
        ".spec.rayClusterSpec.authOption",
        ".spec.rayClusterSpec.autoscalerOptions.version=v3",
        ".spec.rayClusterSpec.workerGroupSpecs[0].minReplica",
    ]


def test_nobody_gets_in_without_a_token_or_from_outside(job):
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["serviceType"] == "ClusterIP"


def test_it_ends_with_the_search_and_scales_between_none_and_its_bound(job):
    assert job["spec"]["shutdownAfterJobFinishes"] is True
    (workers,) = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert (workers["minReplicas"], workers["maxReplicas"]) == (0, read_cluster("gpu")["max_workers"])
    assert job["spec"]["rayClusterSpec"]["enableInTreeAutoscaling"] is True


def test_a_worker_has_a_gpu_and_the_head_has_none_and_trains_nothing(job):
    head, worker = containers(job)
    assert worker["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert "nvidia.com/gpu" not in head["resources"]["limits"]
    assert job["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"] == {"num-cpus": "0"}
    assert all(each["resources"]["requests"] == each["resources"]["limits"] for each in (head, worker))


def test_runs_go_to_a_bucket_and_only_the_head_may_write_there(job):
    head, worker = containers(job)
    environment = {each["name"]: each["value"] for each in head["env"]}
    assert environment["FRONTIER_TUNER_RUNS"] == "s3://CHANGE-ME/runs"
    assert environment["RAY_health_check_failure_threshold"] == "3"
    assert head["envFrom"] == [{"secretRef": {"name": "frontier-tuner-storage"}}]
    assert "envFrom" not in worker


def test_its_ray_is_the_one_that_is_pinned(job):
    pinned = re.search(r"^ray==(.*)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == pinned


def test_its_image_has_what_the_other_clusters_send():
    dockerfile = (ROOT / "cluster" / "Dockerfile").read_text(encoding="utf-8")
    copied = {word for line in dockerfile.splitlines() if line.startswith("COPY") for word in line.split()[2:-1]}
    assert copied == {local for local in read_cluster("gpu")["file_mounts"].values() if "auth_token" not in local}
    assert "CHANGE FIRST" in cluster_file("kuberay").read_text(encoding="utf-8")
