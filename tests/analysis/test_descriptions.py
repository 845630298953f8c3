import pytest

from analysis.descriptions import network_text, training_text
from search_spaces import TrialConfig


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "bi-gru 1x32 max e16 v5000"),
        ({"dense_units": 8}, "bi-gru 1x32 max e16 v5000 dense 8"),
        ({"dense_units": 8, "dense_layers": 3, "batch_norm": True}, "bi-gru 1x32 max e16 v5000 dense 3x8 norm"),
        ({"cell": "none", "pooling": "mean"}, "words mean e16 v5000"),
        ({"cell": "mlp", "units": 300}, "mlp 1x300 max e16 v5000"),
        (
            {"cell": "elman", "activation": "sigmoid", "bidirectional": False, "residual": True, "embedding": 32},
            "elman-sigmoid+residual 1x32 max e32 v5000",
        ),
        ({"cell": "lstm", "input": "one_hot", "pooling": "attention"}, "bi-lstm 1x32 attention one-hot v5000"),
        ({"vectors": "frozen"}, "bi-gru 1x32 max frozen-vectors v5000"),
    ],
)
def test_a_network_in_a_few_words(changes, text):
    assert network_text(TrialConfig(**changes).model_dump()) == text


def test_a_configuration_of_an_older_version_is_read_as_it_was_meant():
    old = {"cell": "gru", "layers": 2, "units": 8, "embedding": 4, "vocabulary": 500, "bidirectional": False}
    old |= {"pooling": "mean", "dense_units": 0, "dropout": 0.5, "optimizer": "adam", "learning_rate": 0.01}
    assert network_text(old) == "gru 2x8 mean e4 v500"
    assert training_text(old) == "adam 0.01 dropout 0.5"


def test_how_it_was_trained_says_what_is_set():
    config = TrialConfig(optimizer="adamw", l2=1e-3, embedding_dropout=0.1).model_dump()
    assert training_text(config) == "adamw 0.005 dropout 0.2 decay 0.004 of words 0.1 l2 0.001"
