"""The three formats, each used the way that its card says, against the recurrence that trained the weights."""

import json
import os
import re
import subprocess
import sys
from shutil import copytree

import numpy as np
import pytest

from support.encoding import encode_one_by_one
from support.fake_models import texts
from support.vocabularies import ids_of
from tuner.cli.main import run

pytestmark = pytest.mark.tensorflow

# In a locale in which ICU turns I into a dotless i, and a working folder without our packages.
ELSEWHERE = """
import json, sys
import numpy as np
import tensorflow as tf
texts = json.load(open("texts.json"))
for trial in sys.argv[1:]:
    model = tf.saved_model.load(f"moved/{trial}")
    by_text, by_ids = (model.signatures[name] for name in ("serving_default", "token_ids"))
    out = {}
    for size in (1, 7, 64):
        parts = [by_text(text=tf.constant(texts[i:i + size])) for i in range(0, len(texts), size)]
        for name in ("label", "label_id", "probabilities"):
            kind = "S" if name == "label" else None
            out[f"{name}{size}"] = np.concatenate([part[name].numpy().astype(kind) for part in parts])
    out["nothing"] = by_text(text=tf.constant([], tf.string))["probabilities"].numpy()
    out["ids"] = by_ids(tokens=tf.constant([[2, 3, 0], [0, 0, 0], [9999, -4, 5]]))["probabilities"].numpy()
    out["no_ids"] = by_ids(tokens=tf.zeros([2, 0], tf.int32))["probabilities"].numpy()
    np.savez(f"{trial}.npz", **out)
assert not [name for name in sys.modules if name.split(".")[0] in ("tuner", "search_spaces", "analysis", "regex")]
"""
TRIALS = ("00000", "00003", "00006")
RAW = [*texts(130, 5), "", "IT IS FILM İ ΟΔΟΣ", "<br />&eacute;t&eacute;"]


def probabilities(model, ids):
    """Of rows of ids, by the recurrence that trains."""
    import tensorflow as tf

    from tuner.models.forward import logits

    lengths = np.array([len(row) for row in ids], np.int32)
    tokens = np.zeros((len(ids), lengths.max()), np.int32)
    for row, one in enumerate(ids):
        tokens[row, : len(one)] = one
    return tf.nn.softmax(logits(model.weights, tokens, lengths, model.network)).numpy()


@pytest.fixture(scope="module")
def elsewhere(run_path, tmp_path_factory):
    """What three models, exported and moved, answer in a process that has TensorFlow and nothing of ours."""
    from tuner.export.export import export_run

    folder = tmp_path_factory.mktemp("elsewhere")
    for trial in TRIALS:
        export_run(
            str(run_path), run_path.parent, trial=trial, out=folder / "made" / trial, kind="saved_model", force=False
        )
    (folder / "made").rename(folder / "moved")
    (folder / "texts.json").write_text(json.dumps(RAW))
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "PYTHON"))}
    environment = {**plain, "LC_ALL": "tr_TR.UTF-8"}
    subprocess.run([sys.executable, "-c", ELSEWHERE, *TRIALS], check=True, cwd=folder, env=environment)
    return {trial: dict(np.load(folder / f"{trial}.npz")) for trial in TRIALS}


@pytest.mark.parametrize("trial", TRIALS)
def test_a_saved_model_alone_gives_the_trials_numbers(opened, elsewhere, trial):
    from tuner.export.trained import read_model

    model, out = read_model(*opened, trial), elsewhere[trial]
    encoder = model.encoder
    encoded = encode_one_by_one(RAW, encoder.tokenizer, encoder.vocabulary, encoder.max_length)
    rows = [encoded.tokens[start:end] for start, end in zip(encoded.offsets, encoded.offsets[1:], strict=False)]
    expected = probabilities(model, rows)
    for size in (1, 7, 64):
        np.testing.assert_allclose(out[f"probabilities{size}"], expected, atol=1e-5)
        np.testing.assert_array_equal(out[f"label_id{size}"], expected.argmax(1))
        assert [encoder.labels.index(name.decode()) for name in out[f"label{size}"]] == expected.argmax(1).tolist()
    assert out["nothing"].shape == (0, 3)
    np.testing.assert_allclose(out["ids"], probabilities(model, [[2, 3], [1], [1, 1, 5]]), atol=1e-5)
    np.testing.assert_allclose(out["no_ids"], probabilities(model, [[1], [1]]), atol=1e-5)


def test_of_a_long_text_a_saved_model_reads_what_its_run_read(tmp_path):
    import tensorflow as tf

    from support.exported_run import write_exported_run
    from tuner.export.export import export_run
    from tuner.export.trained import open_run, read_model

    run_path = write_exported_run(tmp_path, truncate="both")
    long = [" ".join(texts(5, seed)) for seed in range(40)]
    for kind in ("saved_model", "keras"):
        export_run(str(run_path), tmp_path, trial="00000", out=tmp_path / kind, kind=kind, force=False)
    model = read_model(*open_run(str(run_path), tmp_path), "00000")
    encoder = model.encoder
    encoded = encode_one_by_one(long, encoder.tokenizer, encoder.vocabulary, 10)
    rows = [encoded.tokens[start:end] for start, end in zip(encoded.offsets, encoded.offsets[1:], strict=False)]
    tokens = encoder.tokenizer.tokenize(long[0])
    assert rows[0].tolist() == ids_of(encoder.vocabulary, tokens[:2] + tokens[-8:])
    answers = tf.saved_model.load(str(tmp_path / "saved_model")).signatures["serving_default"](text=tf.constant(long))
    np.testing.assert_allclose(answers["probabilities"], probabilities(model, rows), atol=1e-5)
    assert "Tokens read of a text: 10 (both)" in (tmp_path / "saved_model" / "README.md").read_text()
    assert json.loads((tmp_path / "keras" / "tokenizer.json").read_text())["truncate"] == "both"


def test_two_classes_have_two_probabilities():
    from support.fake_models import random_weights
    from tuner.export.saved_model import InferenceNetwork
    from tuner.models.network_spec import Network

    network = Network("gru", 1, 4, 3, 9, True, "max", 0, 2)
    inference = InferenceNetwork(network, random_weights(network))
    tokens, lengths = np.array([[3, 4], [5, 6]], np.int32), np.array([2, 2], np.int32)
    outputs = inference.logits(tokens, lengths).numpy()[:, 0]
    chosen, rows = inference.probabilities(tokens, lengths)
    np.testing.assert_allclose(rows, np.stack([1 / (1 + np.exp(outputs)), 1 / (1 + np.exp(-outputs))], 1), atol=1e-6)
    assert chosen.numpy().tolist() == (outputs > 0).astype(int).tolist()


@pytest.mark.parametrize("trial", ["00003", "00006"])
def test_a_keras_file(opened, run_path, tmp_path, trial):
    import keras

    from tuner.export.export import export_run
    from tuner.export.trained import read_model

    export_run(str(run_path), run_path.parent, trial=trial, out=tmp_path / "model", kind="keras", force=False)
    loaded = keras.saving.load_model(tmp_path / "model" / "model.keras")
    logits = loaded(np.array([[2, 3, 99, 0]], np.int32)).numpy()
    softmax = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(softmax, probabilities(read_model(*opened, trial), [[2, 3, 99]]), atol=1e-5)
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        "model.keras", "vocabulary.json", "tokenizer.json", "labels.json", "README.md", "export.json",
    }  # fmt: skip


@pytest.mark.parametrize("trial", ["00004", "00006"])
def test_quantised_files_are_smaller_and_as_good(opened, run_path, tmp_path, trial):
    from tuner.export.export import export_run
    from tuner.export.lite import interpreted, validation_texts
    from tuner.export.trained import read_model

    exported = export_run(
        str(run_path), run_path.parent, trial=trial, out=tmp_path / "model", kind="tflite", force=False
    )
    plain, half, small = exported.models[0]["quantised"]
    assert plain["file"] is None
    assert half["bytes"] < plain["bytes"]
    assert small["bytes"] < plain["bytes"]
    model = read_model(*opened, trial)
    validation = validation_texts(model.settings, model.fold)

    def own(tokens):
        return probabilities(model, tokens)

    assert plain["val_accuracy"] == validation.accuracy(own)
    run_small = interpreted((tmp_path / "model" / "model_int8.tflite").read_bytes())
    for ids in ([3, 4, 5], [2]):
        logits = run_small(np.array([ids], np.int32))
        np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), probabilities(model, [ids]), atol=0.02)
    assert "| int8 | model_int8.tflite |" in (tmp_path / "model" / "README.md").read_text()


def test_without_its_data_a_quantised_model_says_that_it_was_not_measured(opened):
    from tuner.export.lite import validation_texts

    settings = opened[0].settings
    moved = settings.model_copy(update={"data": settings.data.model_copy(update={"source": "/nowhere/data.csv"})})
    reason = validation_texts(moved, 1)
    assert isinstance(reason, str)
    assert reason.startswith("not measured: ")
    assert "/nowhere/data.csv" in reason


@pytest.fixture(scope="module")
def exported_with_thresholds(tmp_path_factory):
    """A trial of a run whose metric takes thresholds, exported; its thresholds make another class of nearly every answer."""
    from analysis.predictions import thresholds
    from support.exported_run import write_exported_run
    from tuner.export.export import export_run
    from tuner.export.trained import open_run
    from tuner.measures import Predictions
    from tuner.runs.predictions import pack_validation

    path = write_exported_run(tmp_path_factory.mktemp("rare"), metric="macro_f1")
    rng = np.random.default_rng(0)
    labels = np.array([1, 2, 0])[np.minimum(rng.geometric(0.8, 300) - 1, 2)]
    logits = (rng.normal(size=(300, 3)) * 0.3 + np.eye(3)[labels] + [0, 4, 0]).astype(np.float32)
    run, _ = open_run(str(path), path.parent)
    found = Predictions.of_logits(logits, labels, run.settings.data.label_names)
    run.folder.validation("00000").write_bytes(pack_validation(found))
    exported = path.parent / "model"
    export_run(str(path), path.parent, trial="0", out=exported, kind="saved_model", force=False)
    return run, exported, thresholds(run, "00000")


def test_the_words_of_a_trial_are_measured_without_an_export(run_path, tmp_path, capsys):
    folder = copytree(run_path, tmp_path / "mine")
    assert run(["explain", str(folder), "--words", "--trial", "00000", "--sample", "12", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["trial"], document["texts"]) == ("00000", 12)
    kept = json.loads((folder / "words.json").read_text())
    assert kept["words"] == document["words"]
    assert document["words"]
    for one in document["words"]:
        assert one["texts"] >= 3
        assert one["total"] == pytest.approx(one["weight"] * one["texts"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


def test_the_request_to_tensorflow_serving_fits_the_signature(exported_with_thresholds):
    import tensorflow as tf

    _, folder, _ = exported_with_thresholds
    card = (folder / "README.md").read_text()
    request = json.loads(re.search(r"classifier:predict -d '(.*)'", card)[1])
    model = tf.saved_model.load(str(folder))
    signature = model.signatures["serving_default"]
    expected = signature.structured_input_signature[1]
    assert set(request["inputs"]) == set(expected)
    answers = signature(**{name: tf.constant(request["inputs"][name], expected[name].dtype) for name in expected})
    assert list(answers["label_id"].shape) == [2]
    answer = re.search(r'Its answer is `{"outputs": {(.*)}}`', card)[1]
    assert set(re.findall(r'"(\w+)":', answer)) == set(answers)


def test_a_model_with_thresholds_answers_by_them_and_says_so(exported_with_thresholds, opened):
    from tuner.export.predictor import Predictor
    from tuner.export.trained import read_model

    _, folder, found = exported_with_thresholds
    assert found.are_used
    answers = list(Predictor(folder).predict(RAW))
    model = read_model(*opened, "00000")
    encoder = model.encoder
    encoded = encode_one_by_one(RAW, encoder.tokenizer, encoder.vocabulary, encoder.max_length)
    rows = [encoded.tokens[start:end] for start, end in zip(encoded.offsets, encoded.offsets[1:], strict=False)]
    plain = probabilities(model, rows)
    np.testing.assert_allclose([each.probabilities for each in answers], plain, atol=1e-5)  # they stay probabilities
    weighed = plain * np.array([*found.factors.values()])
    assert [each.label_id for each in answers] == weighed.argmax(axis=1).tolist() != plain.argmax(axis=1).tolist()
    assert [each.label for each in answers] == [encoder.labels[each.label_id] for each in answers]
    described = json.loads((folder / "export.json").read_text())["thresholds"]
    assert (described["used"], described["factors"]) == (True, found.factors)
    card = (folder / "README.md").read_text()
    assert f"The prediction is the class with {found.rule}. It is part of the model." in card


def test_the_card_of_ids_alone_says_that_thresholds_are_not_in_the_model(exported_with_thresholds):
    from dataclasses import replace

    from tuner.export.card import model_card
    from tuner.export.trained import open_run, read_model

    run, _, found = exported_with_thresholds
    model = read_model(*open_run(str(run.folder.path), run.folder.path.parent), "00000")
    card = model_card(model, "keras", versions={}, lite=[])
    assert f"with {found.rule}. It is not part of the model: apply it to its probabilities." in card
    useless = replace(model, thresholds=replace(found, cross_fitted=found.argmax))
    assert "Decision thresholds do not help: chosen on the validation texts" in model_card(
        useless, "keras", versions={}, lite=[]
    )
