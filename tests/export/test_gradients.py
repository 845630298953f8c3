"""Integrated gradients of built-in networks: they add up, and are exact where the network is linear."""

import json

import numpy as np
import pytest

import tuner
from tuner.cli.main import run as command_line
from tuner.errors import InputError
from tuner.runs.folder import RunFolder

pytestmark = pytest.mark.tensorflow

TEXT = "this was not good, <b>bad</b> at all: a fine film"


def log_odds(probabilities, label_id):
    return np.log(probabilities[label_id]) - np.log(1 - probabilities[label_id])


@pytest.mark.parametrize("trial", ["00000", "00003", "00004", "00005", "00006"])
def test_weights_add_up_to_the_difference_of_the_log_odds(opened, trial):
    from dataclasses import replace

    import tensorflow as tf

    from tuner.data.encoded import encode_texts
    from tuner.export.gradients import explain_by_gradients
    from tuner.export.trained import read_model

    model = read_model(*opened, trial)
    encoder = model.encoder
    if model.network.one_hot:
        with pytest.raises(InputError, match=f"trial='{trial}': gradients explain built-in networks with word"):
            explain_by_gradients(model, TEXT)
        return
    encoded = encode_texts([TEXT], encoder.tokenizer, encoder.vocabulary, max_length=encoder.max_length)
    tokens, lengths = tf.constant(encoded.tokens[None]), tf.constant([len(encoded.tokens)])

    def probabilities(one):
        return one.inference_network().probabilities(tokens, lengths)[1].numpy()[0].astype(float)

    empty = replace(model, weights=(np.zeros_like(model.weights[0]), *model.weights[1:]))
    for label_id, label in enumerate(encoder.labels):
        found = explain_by_gradients(model, TEXT, label)
        whole, none = (log_odds(probabilities(one), label_id) for one in (model, empty))
        assert found.words["weight"].sum() == pytest.approx(whole - none, rel=0.01, abs=5e-4)
        assert found.probability == pytest.approx(probabilities(model)[label_id], abs=1e-5)
        assert found.predicted == encoder.labels[probabilities(model).argmax()]
        assert [TEXT[start:end] for start, end in found.words[["start", "end"]].to_numpy()] == found.words[
            "word"
        ].tolist()


def test_of_a_linear_network_they_are_exact():
    from support.fake_models import random_weights
    from tuner.data.encoder import Encoder
    from tuner.data.tokenizer import Tokenizer
    from tuner.data.vocabulary import Vocabulary
    from tuner.export.gradients import explain_by_gradients
    from tuner.export.trained import TrainedNetwork
    from tuner.models.network_spec import Network

    network = Network("none", 0, 0, 3, 6, False, "mean", 0, 2)
    weights = random_weights(network)
    words = ("good", "bad", "film", "not")
    encoder = Encoder(Tokenizer(), Vocabulary(words, (4, 3, 2, 1), 10), 9, ("a", "b"))
    model = TrainedNetwork("mine", None, "00000", {}, weights, encoder, None, None, network)
    found = explain_by_gradients(model, "bad film unheard good bad", "b").words
    assert found["word"].tolist() == ["bad", "film", "unheard", "good", "bad"]
    np.testing.assert_allclose(found["weight"], weights[0][[3, 4, 1, 2, 3]] @ weights[1][:, 0] / 5, atol=1e-5)
    turned = explain_by_gradients(model, "bad film unheard good bad", "a").words
    np.testing.assert_allclose(turned["weight"], -found["weight"], atol=1e-6)


def test_the_command_explains_a_trial_of_a_run(run_path, capsys):
    explain = ["explain", str(run_path), "not good", "--gradients"]
    assert command_line([*explain, "--trial", "00000", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"] == "mine/00000"
    words = document["explanations"][0]["words"]
    assert [word["word"] for word in words] == ["not", "good"]
    run = tuner.SearchRun(RunFolder(run_path))
    assert run.explain("not good", trial="0").words.to_dict("records") == words
    with pytest.raises(InputError, match="give a string"):
        run.explain(["not good"])
    with pytest.raises(InputError, match="sample=0: must be at least 1"):
        run.words(sample=0)
    assert command_line([*explain, "--trial", "00000"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "note: the weights add up to" in printed
    assert "by integrated gradients; for the class above zero" in printed
    assert command_line([*explain, "--trial", "frontier"]) == 2
    assert "--trial frontier: is several trials" in capsys.readouterr().err
    assert command_line(["explain", str(run_path), "<br>", "--gradients", "--trial", "00000"]) == 2
    assert "has no word that the model reads; give one with words" in capsys.readouterr().err
    assert command_line(["explain", str(run_path), "good", "--gradients", "--class", "great", "--trial", "00000"]) == 2
    assert "--class great: the model has no such class" in capsys.readouterr().err
