"""ONNX files: every network and rival by onnxruntime alone, and predicting with them without TensorFlow."""

import itertools
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from support.fake_models import random_weights, texts
from tuner.models.cells import CELLS as RECURRENT
from tuner.models.network_spec import Network

IS_THERE = all(find_spec(name) for name in ("onnx", "onnxruntime", "tf2onnx"))
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not IS_THERE, reason="needs the extra onnx: pip install onnx onnxruntime tf2onnx"),
]

ROOT = Path(__file__).parents[2]
CELLS = (*RECURRENT, "mlp", "none")
POOLINGS = ("last", "mean", "max", "attention")


def networks():
    """Every cell with every pooling and direction; between them every part that a network can have."""
    for number, (cell, pooling, both) in enumerate(itertools.product(CELLS, POOLINGS, (False, True))):
        stacked = cell != "none"
        yield Network(
            cell, 2 * stacked, 4 * stacked, 0 if stacked and number % 3 == 0 else 8, 20, both and cell not in CELLS[4:],
            pooling,
            5 * (number % 2), 3 if number % 4 else 2, activation="sigmoid" if cell == "elman" else "tanh",
            one_hot=stacked and number % 3 == 0, projection=cell == "elman" and number % 3 != 1,
            residual=cell == "elman" and both and number % 3 != 0, batch_norm=number % 5 < 2, dense_layers=2,
        )  # fmt: skip


def answers(proto, tokens):
    import onnxruntime

    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["label_id", "probabilities"], {"tokens": tokens})


def batch(vocabulary):
    """Rows of 9, 4, 1 and no tokens, among them ids that the network does not know; and the same with the row filled."""
    tokens = np.random.default_rng(0).integers(1, vocabulary, (4, 9)).astype(np.int32)
    tokens[0, 2:4] = vocabulary + 3, -4
    for row, length in enumerate((9, 4, 1, 0)):
        tokens[row, length:] = 0
    filled = tokens.copy()
    filled[3, 0] = 1
    return tokens, filled, np.array([9, 4, 1, 1], np.int32)


def test_standard_operators_give_what_the_saved_models_network_gives():
    from tuner.export.onnx_graph import network_model
    from tuner.export.saved_model import InferenceNetwork

    seen = set()
    for number, network in enumerate(networks()):
        weights = tuple(2 * weight for weight in random_weights(network, number))
        proto = network_model(network, weights, None)
        tokens, filled, lengths = batch(network.vocabulary)
        chosen, expected = InferenceNetwork(network, weights).probabilities(filled, lengths)
        label_id, probabilities = answers(proto, tokens)
        np.testing.assert_allclose(probabilities, expected, atol=1e-6, err_msg=str(network))
        np.testing.assert_array_equal(label_id, chosen)
        assert np.ptp(probabilities, axis=0).max() > 1e-5, "texts that are answered alike would show nothing"
        operators = {node.op_type for node in proto.graph.node}
        assert "Loop" not in operators
        seen |= operators
    assert {"GRU", "LSTM", "RNN"} <= seen


@pytest.mark.parametrize(("classes", "scaled", "one_vs_rest"), [(2, True, False), (3, True, False), (3, False, True)])
def test_a_rival_counts_its_ngrams(classes, scaled, one_vs_rest):
    from tuner.data.encoded import EncodedDataset
    from tuner.export.ngram_network import NgramNetwork
    from tuner.export.onnx_graph import ngram_model
    from tuner.rivals.linear_model import NgramModel
    from tuner.rivals.ngrams import find_ngrams

    rng = np.random.default_rng(1)
    tokens, filled, lengths = batch(12)
    rows = [row[:length] for row, length in zip(filled, lengths, strict=True)]
    data = EncodedDataset(np.clip(np.concatenate(rows), 1, 11), np.cumsum([0, *lengths]), np.zeros(4, np.int32))
    keys, _ = find_ngrams(data, vocabulary_size=12, longest=2, min_texts=1)
    outputs = 1 if classes == 2 else classes
    weights, bias = rng.normal(size=(len(keys), outputs)), rng.normal(size=outputs)
    scales = rng.uniform(1, 2, len(keys)).astype(np.float32) if scaled else None
    model = NgramModel(keys, weights.astype(np.float32), bias.astype(np.float32), scales, 12, 2, one_vs_rest)
    chosen, expected = NgramNetwork(model).probabilities(tokens, lengths)
    label_id, probabilities = answers(ngram_model(model, None), tokens)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_array_equal(label_id, chosen)


def test_thresholds_are_part_of_the_file():
    from tuner.export.onnx_graph import network_model

    network = next(networks())
    tokens, *_ = batch(network.vocabulary)
    weights = random_weights(network)
    _, probabilities = answers(network_model(network, weights, None), tokens)
    label_id, same = answers(network_model(network, weights, [1.0, 1e6]), tokens)
    np.testing.assert_array_equal(same, probabilities)
    assert label_id.tolist() == [1, 1, 1, 1]


@pytest.fixture(scope="module")
def exported(run_path, tmp_path_factory):
    from tuner.cli.main import run

    folder = tmp_path_factory.mktemp("onnx") / "model"
    assert run(["export", str(run_path), "--trial", "00003", "--format", "onnx", "--out", str(folder)]) == 0
    return folder


def test_an_export_is_checked_and_carries_its_encoder(exported, opened, capsys):
    import onnxruntime

    from tuner.export.trained import read_model
    from tuner.models.forward import logits

    description = json.loads((exported / "export.json").read_text())
    assert description["onnx"]["largest_difference"] < 1e-5
    assert description["onnx"]["texts"] == 48
    assert {path.name for path in exported.iterdir()} == {
        "model.onnx", "vocabulary.json", "tokenizer.json", "labels.json", "README.md", "export.json",
    }  # fmt: skip
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    (tokens,) = session.get_inputs()
    assert (tokens.name, tokens.type, tokens.shape) == ("tokens", "tensor(int32)", ["batch", "time"])
    assert json.loads(session.get_modelmeta().custom_metadata_map["labels"]) == ["meh", "no", "yes"]
    model = read_model(*opened, "00003")
    ids = np.array([[3, 5, 2, 0]], np.int32)
    own = np.exp(logits(model.weights, ids, np.array([3], np.int32), model.network).numpy())
    np.testing.assert_allclose(session.run(["probabilities"], {"tokens": ids})[0], own / own.sum(), atol=1e-6)


def test_predict_answers_raw_texts_as_the_saved_model_does_and_without_tensorflow(exported, run_path, tmp_path, capsys):
    from tuner.cli.main import run

    raw = [*texts(70, 3), "", "IT IS FILM İ ΟΔΟΣ"]
    (tmp_path / "texts.txt").write_text("\n".join(raw), encoding="utf-8")
    assert run(["export", str(run_path), "--trial", "00003", "--out", str(tmp_path / "saved")]) == 0
    capsys.readouterr()
    assert run(["predict", str(tmp_path / "saved"), "--file", str(tmp_path / "texts.txt"), "--json"]) == 0
    expected = json.loads(capsys.readouterr().out)["predictions"]
    code = (
        "import sys; from tuner.cli.main import run; code = run(sys.argv[1:]); "
        "assert not {'tensorflow', 'keras', 'ray'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "predict", str(exported), "--file", str(tmp_path / "texts.txt"), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = json.loads(result.stdout)["predictions"]
    assert [one["text"] for one in found] == raw
    np.testing.assert_allclose(
        [one["probabilities"] for one in found], [one["probabilities"] for one in expected], atol=1e-5
    )
    assert [one["label"] for one in found] == [one["label"] for one in expected]


def test_words_are_explained_by_the_file(exported):
    import tuner

    model, text = tuner.Model(exported), "not a good film"  # it reads no stop words
    explanation = model.explain(text, class_name="no")
    shares = model.predict([text, "a good film", "not a film", "not a good"])["probability_no"]
    odds = np.log(shares / (1 - shares))
    np.testing.assert_allclose(explanation.words["weight"], odds[0] - odds[1:], atol=1e-4)


def test_what_the_card_says_works_when_pasted(exported, monkeypatch):
    monkeypatch.chdir(exported)
    snippet = {}
    exec(re.search("```python\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.DOTALL)[1], snippet)
    assert snippet["probabilities"].shape == (2, 3)
    np.testing.assert_allclose(snippet["probabilities"].sum(1), 1, atol=1e-6)


def test_a_damaged_file_and_missing_packages_are_said_in_one_line(exported, run_path, tmp_path, capsys, monkeypatch):
    from tuner.cli.main import run

    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"nothing")
    assert run(["predict", str(tmp_path), "a text"]) == 2
    assert re.fullmatch(r"error: .*model.onnx: cannot be loaded \(.*\); export it again\n", capsys.readouterr().err)
    monkeypatch.setattr("tuner.export.onnx_runner.find_spec", lambda _: None)
    assert run(["predict", str(exported), "a text"]) == 2
    assert capsys.readouterr().err.endswith("onnxruntime runs ONNX files; install it: pip install onnxruntime\n")
    monkeypatch.setattr("tuner.export.export.find_spec", lambda _: None)
    assert run(["export", str(run_path), "--format", "onnx", "--out", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err == (
        "error: --format onnx: packages of the format write and check it; install: pip install onnx onnxruntime tf2onnx\n"
    )
    assert not (tmp_path / "new").exists()


def test_a_file_that_answers_otherwise_is_refused(run_path, tmp_path, capsys, monkeypatch):
    from tuner.cli.main import run

    monkeypatch.setattr("tuner.export.onnx_graph.NORM_EPSILON", 0.5)  # of trial 00006, which normalises
    assert run(["export", str(run_path), "--trial", "00006", "--format", "onnx", "--out", str(tmp_path / "new")]) == 2
    assert re.fullmatch(
        r"error: --format onnx: its probabilities differ from the SavedModel's by .*; export a saved_model\n",
        capsys.readouterr().err,
    )
    assert not (tmp_path / "new").exists()
