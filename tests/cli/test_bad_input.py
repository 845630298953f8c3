"""Every kind of bad input ends with exit code 2 and one line, before Ray is started and without a half-written run."""

import pytest

from support.made_up_runs import made_up_run
from tuner.cli.main import run

GOOD = "text,label\n" + "".join(f"text number {i} is {'fine' if i % 2 else 'poor'},{i % 2}\n" for i in range(40))


@pytest.fixture(autouse=True)
def no_ray(monkeypatch):
    """Starting Ray is a failure of these tests."""
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray was started"))


@pytest.fixture
def search(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(GOOD)

    def call(*arguments):
        code = run(["search", *arguments])
        return code, capsys.readouterr()

    return call


def write(name, content):
    def make(folder):
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


SPACE = "parameters:\n  "
FROZEN = ["--set", "vectors=frozen", "--set", "embedding=16"]

CASES = {
    "missing file": (["--data", "nowhere.csv"], "nowhere.csv"),
    "a name that is nearly right": (["--data", "good.cvs"], "no data under 'good.cvs'; did you mean 'good.csv'?"),
    "a data set that is nearly right": (["--data", "imbd"], "did you mean 'imdb'?"),
    "a file for the folder of data sets": (
        ["--data", "imdb", "--data-dir", write("file", "")],
        "is a file; give a folder",
    ),
    "an address without a port": (
        ["--data", "good.csv", "--address", "nowhere"],
        "--address nowhere: is no address; write HOST:PORT",
    ),
    "an address where nobody is": (
        ["--data", "good.csv", "--address", "127.0.0.1:1"],
        "--address 127.0.0.1:1: no Ray cluster answers",
    ),
    "a path that is too long": (["--runs-dir", "x" * 300], "cannot be used (File name too long)"),
    "one fold": (["--data", "good.csv", "--folds", "1"], "--folds 1: must be 2 to 100; leave it out"),
    "more folds than texts of a class": (
        ["--data", write("few.csv", GOOD + "a,rare\nb,rare\nc,rare\n"), "--folds", "3"],
        "--folds 3: class 'rare' has 2 different texts to train and validate on, and every fold needs one: give at most 2, ",
    ),
    "folds and seeds": (
        ["--data", "good.csv", "--folds", "3", "--seeds-per-config", "2"],
        "--folds 3: every fold is trained from another seed already; leave out --seeds-per-config 2",
    ),
    "folds of a population": (
        ["--data", "good.csv", "--folds", "3", "--scheduler", "pbt"],
        "--folds 3: trials of --scheduler pbt change their hyperparameters as they train",
    ),
    "no words at all": (["--data", "good.csv", "--max-tokens", "1"], "--max-tokens 1: must be at least 3"),
    "an empty space": (["--space", write("s.yaml", "")], "s.yaml: is empty, and needs the key parameters"),
    "config in UTF-16": (["--config", write("c.yaml", "trials: 3".encode("utf-16"))], "c.yaml is not UTF-8 text"),
    "config with a tab": (["--config", write("c.yaml", "trials: 3\n\tepochs: 2\n")], "c.yaml is not YAML at line 2"),
    "empty file": (["--data", write("empty.csv", "")], "empty"),
    "a picture": (["--data", write("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))], "picture.csv"),
    "no such text column": (["--data", "good.csv", "--text-column", "body"], "body"),
    "no such label column": (["--data", "good.csv", "--label-column", "mood"], "mood"),
    "one class": (["--data", write("one.csv", "text,label\na b,x\nc d,x\n")], "class"),
    "a class with one example": (["--data", write("rare.csv", GOOD + "lonely,9\n")], "9"),
    "unknown scheduler": (["--scheduler", "ahsa"], "ahsa"),
    "unknown option": (["--epoch", "3"], "--epoch"),
    "a word for a number": (["--trials", "many"], "many"),
    "no trials": (["--trials", "0"], "--trials 0"),
    "no epochs": (["--epochs", "0"], "--epochs 0"),
    "negative seed": (["--seed", "-1"], "--seed -1"),
    "no processors": (["--cpus-per-trial", "0"], "--cpus-per-trial 0"),
    "one GPU and a half": (["--gpus-per-trial", "1.5"], "--gpus-per-trial 1.5"),
    "more processors than there are": (["--cpus-per-trial", "4096"], "this machine has"),
    "a column without data": (["--text-column", "Text"], "--text-column Text: needs --data"),
    "more GPUs than there are": (["--gpus-per-trial", "64"], "this machine has"),
    "a duration without sense": (["--time-budget", "soon"], "soon"),
    "vectors without a file": (["--set", "vectors=frozen"], "give one with --vectors FILE"),
    "vectors for nobody": (["--vectors", write("v.txt", "text 1 2\n")], "add --set vectors=frozen,trained"),
    "vectors of mixed width": (
        [*FROZEN, "--vectors", write("v.txt", "text 1 2\nnumber 1 2 3\n")],
        "v.txt: line 2 has 3 numbers, those before it 2",
    ),
    "a truncated binary file of vectors": (
        [*FROZEN, "--vectors", write("v.bin", b"2 2\ntext " + bytes(8) + b"number " + bytes(3))],
        "v.bin: ends after 1 of 2 vectors",
    ),
    "vectors of another language": (
        [*FROZEN, "--data", "good.csv", "--vectors", write("v.txt", "Wort 1 2\n")],
        "v.txt: has none of the",
    ),
    "vectors of another width than the embedding": (
        [
            "--set",
            "vectors=frozen",
            "--set",
            "embedding=9",
            "--data",
            "good.csv",
            "--vectors",
            write("v.txt", "text 1 2\n"),
        ],
        "set embedding=2",
    ),
    "a hyperparameter that does not apply": (["--set", "cell=none", "--set", "units=8"], "needs a cell"),
    "unknown space": (["--space", "fronteir"], "did you mean frontier"),
    "space with an unknown name": (["--space", write("s.yaml", SPACE + "unit: 3\n")], "parameters.unit"),
    "space with an empty choice": (["--space", write("s.yaml", SPACE + "units: {choice: []}\n")], "choice is empty"),
    "space with low >= high": (["--space", write("s.yaml", SPACE + "units: {integer: [9, 3]}\n")], "low < high"),
    "space with a logarithm of 0": (
        ["--space", write("s.yaml", SPACE + "learning_rate: {log_uniform: [0, 1]}\n")],
        "low > 0",
    ),
    "set without a value": (["--set", "units"], "NAME=VALUE"),
    "set of an unknown name": (["--set", "unit=3"], "did you mean units"),
    "a grid over a range": (["--searcher", "grid"], "dropout, learning_rate"),
    "a budget nothing fits": (["--max-params", "100"], "--max-params"),
    "an impossible name": (["--name", "a/b"], "a/b"),
    "a folder that cannot be written": (["--runs-dir", write("file", "")], "cannot be written"),
    "storage of an unknown kind": (["--runs-dir", "ftp://host/runs"], "ftp is no storage that is known"),
    "config that is not there": (["--config", "nowhere.yaml"], "nowhere.yaml"),
    "config with an unknown key": (["--config", write("c.yaml", "trails: 3\n")], "trails"),
    "a space beside a model of one's own": (
        ["--space", "frontier", "--hypermodel", "models:build"],
        "--space frontier: --hypermodel models:build has a space of its own",
    ),
    "weights that pass between models of one's own": (
        ["--scheduler", "pbt", "--hypermodel", "models:build"],
        "copies weights between trials; not supported with --hypermodel models:build",
    ),
    "a budget for models of one's own": (
        ["--max-params", "100", "--hypermodel", "models:build"],
        "--max-params 100: the parameters of --hypermodel models:build are counted where it is built",
    ),
    "a model that is nowhere": (
        ["--hypermodel", "nowhere_at_all:build"],
        "--hypermodel nowhere_at_all:build: there is no module nowhere_at_all in",
    ),
    "config with a key without a value": (["--config", write("c.yaml", "seed:\n")], "c.yaml: seed: None is no value"),
    "config with a date for a number": (
        ["--config", write("c.yaml", "seed: 0001-01-01\n")],
        "'0001-01-01' is not a valid",
    ),
    "config with a date that is none": (["--config", write("c.yaml", "0000-00-00")], "c.yaml is not YAML"),
    "config with an endless number": (["--config", write("c.yaml", "trials: .inf\n")], "'inf' is not a valid integer"),
    "config with a list for a number": (
        ["--config", write("c.yaml", "trials: [1, 2]\n")],
        "trials: [1, 2] is no value",
    ),
    "config with a hole in a list": (["--config", write("c.yaml", "rungs: [1, ~]\n")], "rungs: None is no value"),
    "config that is a list": (["--config", write("c.yaml", "- 3\n")], "list"),
}


IN_A_PROCESS_OF_ITS_OWN = "a model that is nowhere"


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case == IN_A_PROCESS_OF_ITS_OWN)) for case in CASES]
)
def test_exit_code_2_and_one_line(case, search, tmp_path):
    arguments, message = CASES[case]
    arguments = [argument(tmp_path) if callable(argument) else argument for argument in arguments]
    before = set(tmp_path.rglob("*"))
    code, output = search(*arguments)
    assert code == 2, output
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    assert message in output.err
    assert set(tmp_path.rglob("*")) - before <= {tmp_path / "runs"}


def test_a_name_that_is_taken(search, tmp_path):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    code, output = search("--name", "mine")
    assert code == 2
    assert "mine exists; choose another name" in output.err


def test_text_without_blanks_is_read_by_characters_and_that_is_said(search, tmp_path):
    rows = [f"这部电影第{i}次看{'非常好看' if i % 2 else '很难看'},{i % 2}" for i in range(60)]
    (tmp_path / "chinese.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code, output = search("--data", "chinese.csv", "--dry-run")
    assert code == 0, output.err
    assert "do not separate words: each such letter is a token" in " ".join(output.out.split())


def test_labels_that_look_like_markup_are_printed_as_they_are(search, tmp_path):
    rows = [f"it was {i},{'[/x] :smile:' if i % 2 else '[bold]'}" for i in range(60)]
    (tmp_path / "odd.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code, output = search("--data", "odd.csv", "--dry-run")
    assert code == 0, output.err
    assert "[/x] :smile:  30 (50%)" in output.out
    assert "[bold]        30 (50%)" in output.out


def test_rows_without_text_or_label_are_counted_aloud(search, tmp_path):
    (tmp_path / "gaps.csv").write_text(GOOD + ",1\nno label here,\n")
    code, output = search("--data", "gaps.csv", "--dry-run")
    assert code == 0
    assert "2" in output.out
    assert "dropped" in output.out or "left out" in output.out


def test_the_address_of_the_environment_is_named_as_such(search, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    code, output = search("--data", "good.csv")
    assert code == 2
    assert output.err.startswith("error: RAY_ADDRESS=127.0.0.1:1: no Ray cluster answers")
    assert output.err.endswith("or unset RAY_ADDRESS\n")


OTHER_COMMANDS = {
    "rank nothing": "no run 'nothing'; the newest in runs: failed",
    "resume nothing": "no run 'nothing'",
    "spaces nothing": "unknown space 'nothing'",
    "rank failed --runs-dir nowhere": "there are no runs in nowhere; give their folder with --runs-dir",
    "rank runs/failed/journal.jsonl": "runs/failed/journal.jsonl: is a file; give the folder of the run",
    "search --warm-start failed": "--warm-start failed: no trial of it has finished an epoch",
    "confirm failed": "or see with `python -m tuner report failed` why they failed",
    "reproduce imdb_optimizers --fraction 2": "2.0 is not in the range 0<x<=1",
    "doctor nothing.yaml": "nothing.yaml: there is no such file",
    "doctor nothing": "error: nothing: is no address; write HOST:PORT",
    "doctor 127.0.0.1:1": "error: 127.0.0.1:1: no Ray cluster answers",
    f"rank {'x' * 300}": "cannot be used (File name too long)",
}


@pytest.mark.parametrize("command", OTHER_COMMANDS)
def test_other_commands_answer_in_one_line_too(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    made_up_run(tmp_path / "runs" / "failed", trials=2, epochs=2, failing=2)
    assert run(command.split()) == 2
    error = capsys.readouterr().err
    assert OTHER_COMMANDS[command] in error
    assert error.count("\n") == 1


def test_a_run_without_a_result_names_the_report_to_go_on_with(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made_up_run(tmp_path / "runs" / "failed", trials=2, epochs=2, failing=2)
    assert run(["resume", "failed"]) == 0
    output = capsys.readouterr().out
    assert "python -m tuner report failed" in output
    assert "export" not in output
