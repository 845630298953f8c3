import pytest

from search_spaces import CombinationError, TrialConfig


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"activation": "sigmoid"}, "activation=sigmoid: needs cell=elman; leave activation at tanh"),
        ({"cell": "lstm", "residual": True}, "residual=true: needs cell=elman; leave residual at false"),
        ({"cell": "none", "units": 8}, "units=8: needs a cell; leave units at 32"),
        ({"cell": "none", "input": "one_hot"}, "input=one_hot: needs a cell; leave input at embedding"),
        ({"input": "one_hot", "embedding": 8}, "embedding=8: needs input=embedding; leave embedding at 16"),
        ({"input": "one_hot", "vectors": "frozen"}, "vectors=frozen: needs input=embedding; leave vectors at none"),
        ({"momentum": 0.9}, "momentum=0.9: needs optimizer=sgd; leave momentum at 0.0"),
        ({"weight_decay": 0.1}, "weight_decay=0.1: needs optimizer=adamw; leave weight_decay at 0.004"),
        ({"batch_tokens": 9, "batch_size": 8}, "batch_size=8: needs batch_tokens=0; leave batch_size at 64"),
        ({"dense_layers": 2}, "dense_layers=2: needs the width of a layer; set dense_units=32 for instance"),
        (
            {"cell": "elman", "residual": True},
            "residual=true: adds word vectors of embedding=16 to states of units=32 in each of two directions; "
            "set embedding=64 or residual=false",
        ),
        (
            {"cell": "elman", "residual": True, "input": "one_hot"},
            "residual=true: needs input=embedding, one-hot words are as wide as the vocabulary; set residual=false",
        ),
    ],
)
def test_what_means_nothing_together_is_refused_in_one_line(values, message):
    with pytest.raises(CombinationError) as refused:
        TrialConfig(**values)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "values",
    [
        {"cell": "none"},
        {"cell": "mlp", "layers": 2, "bidirectional": False},
        {"cell": "elman", "activation": "sigmoid", "projection": True},
        {"cell": "elman", "residual": True, "embedding": 32, "bidirectional": False},
        {"cell": "elman", "residual": True, "vectors": "trained"},
        {"input": "one_hot"},
        {"dense_units": 8, "dense_layers": 4},
        {"dense_units": 8, "dense_layers": 0},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "adamw", "weight_decay": 0.0},
        {"batch_tokens": 4_000},
    ],
)
def test_what_does_not_apply_may_stay_at_its_default(values):
    assert TrialConfig(**values).model_dump().items() >= values.items()
