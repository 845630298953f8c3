"""Whatever bytes a file holds that users can touch: a result, or one line that says what is wrong.

FRONTIER_TUNER_EXAMPLES=600 is the whole of it, 600 files of each kind; the default is for every day.
"""

import contextlib
import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_spaces import named_space
from search_spaces.documents import space_document
from support.fakes import controller_of, drive, run_folder, run_settings
from tuner.cli.main import run
from tuner.runs.settings import write_settings
from tuner.runs.store import RunStore

EXAMPLES = int(os.environ.get("FRONTIER_TUNER_EXAMPLES", "10"))
SOME = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
GOOD = b"text,label\n" + b"".join(
    b"text number %d is %s,%d\n" % (i, (b"poor", b"fine")[i % 2], i % 2) for i in range(30)
)
# What stands in place of a piece of a good file.
SPLINTERS = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"true", b"9" * 30, b"\n", b"&a", b"*a", b"!!python/name:os",
         b"- ", b": ", b"\x00", b"\xff\xfe", b"0x1F", b"2026-01-01", b"~", b"choice", b"units", b"00003", b'"trial":"00099"']
    ),
)  # fmt: skip


@st.composite
def damaged(draw, good):
    """A good file with a few pieces replaced, or cut off, or anything at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    content = good
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        end = draw(st.one_of(st.integers(start, min(len(content), start + 20)), st.just(len(content))))
        content = content[:start] + draw(SPLINTERS) + content[end:]
    return content


def answer(*arguments):
    """What the command line does: the exit code and what it says."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(arguments))
    assert code in (0, 2), err.getvalue()
    if code == 2:
        assert err.getvalue().startswith("error: ")
        assert err.getvalue().count("\n") == 1
    return code


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray was started"))
    monkeypatch.setattr("tuner.operations.searches.resume_search", lambda *_: "finished")


@pytest.fixture(scope="module")
def good_run(tmp_path_factory):
    """A run that was interrupted, with a data file: its folder, and the bytes of its journal and settings."""
    root = tmp_path_factory.mktemp("runs")
    (root / "good.csv").write_bytes(GOOD)
    folder = run_folder(root / "mine")
    given_data = run_settings().data.model_copy(update={"source": str(root / "good.csv"), "data_dir": str(root)})
    write_settings(folder.settings, run_settings().model_copy(update={"data": given_data}))
    store = RunStore(folder)
    drive(controller_of(store), store, reports=20)
    store.close()
    return folder, folder.journal.read_bytes(), folder.settings.read_bytes()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@SOME
@given(data=st.data())
def test_a_data_file(tmp_path, ending, data):
    good = GOOD if ending == "csv" else b"".join(b'{"text":"t %d a b","label":"%d"}\n' % (i, i % 2) for i in range(30))
    (tmp_path / f"data.{ending}").write_bytes(data.draw(damaged(good)))
    answer("search", "--data", f"data.{ending}", "--trials", "1", "--dry-run")


@SOME
@given(data=st.data())
def test_a_space_file(tmp_path, data):
    import yaml

    (tmp_path / "good.csv").write_bytes(GOOD)
    good = yaml.safe_dump(space_document(named_space("frontier")), sort_keys=False).encode()
    (tmp_path / "space.yaml").write_bytes(data.draw(damaged(good)))
    answer("search", "--data", "good.csv", "--space", "space.yaml", "--trials", "1", "--dry-run")


@SOME
@given(data=st.data())
def test_a_config_file(tmp_path, data):
    (tmp_path / "good.csv").write_bytes(GOOD)
    good = b"trials: 3\nepochs: 2\nseed: 1\nset: {units: [8, 16]}\nscheduler: asha\ntime-budget: 30m\n"
    (tmp_path / "config.yaml").write_bytes(data.draw(damaged(good)))
    answer("search", "--data", "good.csv", "--config", "config.yaml", "--dry-run")


@pytest.mark.parametrize("command", ["rank", "resume"])
@SOME
@given(data=st.data())
def test_a_journal(good_run, command, data):
    folder, journal, good_settings = good_run
    folder.settings.write_bytes(good_settings)
    folder.journal.write_bytes(data.draw(damaged(journal)))
    answer(command, str(folder.path))


@pytest.mark.parametrize("command", ["rank", "resume"])
@SOME
@given(data=st.data())
def test_the_settings_of_a_run(good_run, command, data):
    folder, journal, good_settings = good_run
    folder.journal.write_bytes(journal)
    folder.settings.write_bytes(data.draw(damaged(good_settings)))
    answer(command, str(folder.path))


@settings(SOME, max_examples=EXAMPLES // 5)  # a report takes a second
@given(data=st.data())
def test_a_report(good_run, data):
    folder, journal, good_settings = good_run
    folder.journal.write_bytes(data.draw(damaged(journal)))
    folder.settings.write_bytes(data.draw(damaged(good_settings) | st.just(good_settings)))
    answer("report", str(folder.path))
