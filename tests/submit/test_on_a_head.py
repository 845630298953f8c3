"""Against a real head with a dashboard and a token, in namespaces of its own."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.isolated_head import isolated_head
from support.searches import SMALL, write_reviews

pytestmark = pytest.mark.lab

TUNER = (sys.executable, "-m", "tuner")
URL = "http://127.0.0.1:8265"
WITHOUT_TOKEN = {"RAY_AUTH_MODE": "disabled"}


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    with isolated_head(tmp_path_factory.mktemp("home")) as head:
        yield head


@pytest.fixture
def project(tmp_path):
    """A working tree of its own: the package is installed on the head."""
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


CONNECT = "import ray; ray.init(address='127.0.0.1:6379', log_to_driver=False); print('connected', len(ray.nodes()))"
CLIENT = "import ray.util; print('connected', ray.util.connect('127.0.0.1:10001', connection_retries=1))"
SUBMIT = (
    "from ray.job_submission import JobSubmissionClient as Client; "
    f"print('connected', Client('{URL}').submit_job(entrypoint='true'))"
)
ASK = f"""
import json, os, time, urllib.error, urllib.request
deadline = time.monotonic() + 90
def status(path):
    token = open(os.path.expanduser("~/.ray/auth_token")).read() if os.environ["RAY_AUTH_MODE"] == "token" else ""
    request = urllib.request.Request("{URL}" + path, headers={{"Authorization": "Bearer " + token}} if token else {{}})
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:  # a dashboard that has just started listens before it answers
        if time.monotonic() > deadline:
            raise
        time.sleep(0.5)
        return status(path)
paths = ["/api/version", "/api/jobs/", "/nodes?view=summary", "/api/cluster_status", "/api/v0/nodes", "/metrics"]
print(json.dumps({{path: status(path) for path in paths}}))
"""


def test_a_client_without_the_token_gets_nothing_and_with_it_everything(head, tmp_path):
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    hurry = {"RAY_NUM_REDIS_GET_RETRIES": "4"}  # else it takes Ray twenty seconds to give up
    without = [
        head.start(sys.executable, "-c", code, folder=stranger, HOME=str(stranger), **WITHOUT_TOKEN, **hurry)
        for code in (CONNECT, CLIENT, SUBMIT, ASK)
    ]
    connect, client, submit, ask = [(*process.communicate(timeout=150), process.returncode) for process in without]
    for out, err, code in (connect, client, submit):
        assert "connected" not in out
        assert code == 1
        assert "Error" in err
    assert "ConnectionError: Failed to connect to Ray cluster" in connect[1]
    assert "ConnectionError: ray client connection timeout" in client[1]
    assert "AuthenticationError: Authentication required" in submit[1]
    assert ask[2] == 0, ask[1]
    assert set(json.loads(ask[0]).values()) == {401}

    for code in (CONNECT, SUBMIT):
        assert "connected" in head.call(sys.executable, "-c", code, folder=stranger).stdout
    statuses = json.loads(head.call(sys.executable, "-c", ASK, folder=stranger).stdout)
    assert statuses.pop("/metrics") in (200, 404)  # 404: no metrics without prometheus
    assert set(statuses.values()) == {200}


def test_a_search_is_sent_followed_and_fetched(head, project):
    data = write_reviews(project.parent / "my reviews.csv", examples=600)
    command = [
        "search",
        "--data",
        data,
        "--name",
        "mine",
        "--trials",
        "2",
        "--epochs",
        "1",
        "--concurrency",
        "1",
        *SMALL,
    ]
    followed = head.call(*TUNER, "submit", URL, "--", *command, folder=project)
    assert followed.returncode == 0, followed.stderr
    assert followed.stderr == ""
    assert followed.stdout.count("trial 00001 completed after 1 epoch") == 1
    assert "Running entrypoint" not in followed.stdout

    fetched = head.call(*TUNER, "submit", URL, "--fetch", "mine", folder=project)
    assert fetched.returncode == 0, fetched.stderr
    assert f"resume mine --data '{data}'" in fetched.stdout
    ranked = head.call(*TUNER, "rank", "mine", "--json", folder=project)
    assert len(json.loads(ranked.stdout)["trials"]) == 2
    with (project / "runs/mine/journal.jsonl").open("a") as journal:
        journal.write("{}\n")
    again = head.call(*TUNER, "submit", URL, "--fetch", "mine", folder=project)
    assert again.returncode == 2
    assert "went on here since it was fetched" in again.stderr


def test_a_search_goes_on_without_us_and_stops_in_good_order(head, project):
    command = ["search", "--name", "long", "--trials", "2", "--epochs", "500", "--scheduler", "none", *SMALL]
    submitted = head.start(*TUNER, "submit", "auto", "--", *command, folder=project)
    lines = []
    while "starting Ray" not in "".join(lines):
        lines.append(submitted.stdout.readline())
        assert lines[-1], submitted.stderr.read()
    head.call("pkill", "-INT", "-f", "tuner submit auto", folder=project)  # in namespaces of its own: it sees no other
    out, err = submitted.communicate(timeout=30)
    assert "detached: the job goes on" in out, err
    assert "--stop long-" in out

    deadline = time.monotonic() + 90
    while not (head.home / "runs/long/journal.jsonl").exists():
        assert time.monotonic() < deadline, head.call(
            *TUNER, "submit", "auto", "--status", "long", folder=project
        ).stdout
        time.sleep(0.5)
    assert "running" in head.call(*TUNER, "submit", "auto", "--status", folder=project).stdout
    stopped = head.call(*TUNER, "submit", "auto", "--stop", "long", folder=project)
    assert "stopped; go on with" in stopped.stdout, stopped.stderr
    assert "-- resume long" in stopped.stdout
    journal = (head.home / "runs/long/journal.jsonl").read_text().splitlines()
    assert json.loads(journal[-1])["reason"] == "interrupted"


def test_a_command_that_fails_there_has_its_exit_code_here(head, project):
    failed = head.call(*TUNER, "submit", URL, "--", "search", "--trials", "0", folder=project)
    assert failed.returncode == 2
    assert "error: --trials 0: must be at least 1" in failed.stdout


def test_what_cannot_be_is_one_line(head, project):
    for arguments, line in (
        ((URL, "--status", "nothing"), f"error: {URL}: no job 'nothing'; there are: "),
        ((URL, "--fetch", "nothing"), "error: no run 'nothing'; there are: "),
        (("http://127.0.0.1:1", "--status"), "error: http://127.0.0.1:1: no job server answers"),
        (("nothing.yaml", "--status"), "error: nothing.yaml: there is no such file"),
        ((URL, "--status", "--detach", "--stop", "x"), "error: --status and --stop: give one of them at a time"),
    ):
        result = head.call(*TUNER, "submit", *arguments, folder=project)
        assert result.returncode == 2
        assert result.stderr.startswith(line), result.stderr
    refused = head.call(*TUNER, "submit", URL, "--status", folder=project, HOME=str(project), **WITHOUT_TOKEN)
    assert refused.stderr.startswith(f"error: {URL}: the head refuses the token (Authentication required")


def test_the_doctor_looks_from_the_head(head, project):
    result = head.call(*TUNER, "doctor", URL, "--json", folder=project)
    assert result.returncode in (0, 1), result.stderr
    found = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert found["cluster"]["text"].endswith("1 node")
    assert (found["token"]["status"], found["token"]["text"]) == ("ok", "asked for on every node")
    assert found["ports"]["status"] == "ok"  # the dashboard is on the loopback only
    assert "ray gcs 6379" in found["ports"]["text"]
    assert found["this machine"]["status"] == "ok"
    assert found["storage"]["text"].startswith(str(head.home / "runs"))
    assert found["object store"]["status"] == "warning"
    assert (result.returncode == 1) == any(check["status"] == "failed" for check in found.values())


CLUSTER = """
cluster_name: lab
provider: {type: local, head_ip: 10.9.8.7, worker_ips: []}
auth: {ssh_user: root, ssh_private_key: KEY}
min_workers: 0
max_workers: 0
"""
UP = {"10.9.8.7": {"tags": {"ray-node-type": "head", "ray-node-status": "up-to-date"}, "state": "running"}}


@pytest.fixture
def by_ssh(head, project):
    """A cluster file, and what `ray up` leaves behind: a head that is recorded as up, with an SSH daemon that knows our key."""
    daemon = shutil.which("sshd", path="/usr/sbin")
    if daemon is None or shutil.which("ssh") is None:
        pytest.skip("needs sshd and ssh (openssh-server, openssh-client)")
    for name in ("key", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", project.parent / name], check=True)
    options = ["ListenAddress=10.9.8.7", "PidFile=none", "UsePAM=no", "StrictModes=no", "PermitRootLogin=prohibit-password",
               f"AuthorizedKeysFile={project.parent / 'key.pub'}"]  # fmt: skip
    listening = [
        daemon,
        "-D",
        "-e",
        "-h",
        project.parent / "host",
        *(word for option in options for word in ("-o", option)),
    ]
    # The daemon wants a folder for itself; this one is seen in its namespace only.
    prepare = 'mount -t tmpfs run /run && mkdir /run/sshd && exec "$@"'
    process = head.start("unshare", "--mount", "bash", "-c", prepare, "sshd", *listening, folder=project)
    (project.parent / "lab.yaml").write_text(CLUSTER.replace("KEY", str(project.parent / "key")))
    (project.parent / "state.json").write_text(json.dumps(UP))
    assert "listening on 10.9.8.7" in process.stderr.readline().lower()
    assert head.call("cp", project.parent / "state.json", "/tmp/ray/cluster-lab.state", folder=project).returncode == 0
    yield project.parent / "lab.yaml"
    head.call("pkill", "-f", Path(daemon).name, folder=project)  # in namespaces of its own: it sees no other
    process.communicate()


def test_a_cluster_file_is_reached_through_ssh(head, project, by_ssh):
    asked = head.call(*TUNER, "submit", by_ssh, "--status", folder=project)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout
    by_ssh.write_text(by_ssh.read_text().replace("key}", "host}"))
    refused = head.call(*TUNER, "submit", by_ssh, "--status", folder=project)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: {by_ssh}: SSH does not reach the head (")
    assert "Permission denied" in refused.stderr
    by_ssh.write_text(by_ssh.read_text().replace("10.9.8.7", "10.9.8.6"))
    missing = head.call(*TUNER, "submit", by_ssh, "--status", folder=project)
    assert missing.returncode == 2
    assert f"error: {by_ssh}: its head cannot be found (" in missing.stderr
    assert f"start the cluster with `ray up {by_ssh}`" in missing.stderr


def test_a_file_that_is_no_cluster_is_one_line(head, project):
    for text, line in (
        ("a: [", "is no YAML"),
        ("- a", "is no cluster"),
        ("cluster_name: a\nprovider: {type: b}", "its head cannot"),
    ):
        (project / "c.yaml").write_text(text)
        result = head.call(*TUNER, "submit", "c.yaml", "--status", folder=project)
        assert result.returncode == 2
        assert result.stderr.startswith(f"error: c.yaml: {line}"), result.stderr
        assert len(result.stderr.splitlines()) == 1
