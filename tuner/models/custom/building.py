"""Builds a custom model, checks that it can be trained on these data, and says what its outputs mean."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tuner.models.custom.finding import Build, HyperModelError, ModelFacts, find_build
from tuner.models.custom.loss import wants_one_hot
from tuner.models.custom.source import ModelSource

_SHORTEST = 8


def padded_lengths(longest: int) -> tuple[int, ...]:
    """8, 16, 24, 32, 48, 64, 96, 128 and so on, two a doubling, up to the longest text; each text to the first that holds it.

    They depend on nothing but ``max_length``: a model that does not mask padding answers a text always in the same way, in
    training, in evaluation and where it is served, whatever lies beside it in a batch.
    """
    lengths, length = [_SHORTEST], 2 * _SHORTEST
    while length < longest:
        lengths += [length, length * 3 // 2]
        length *= 2
    return (*(length for length in lengths if length < longest), longest)


_EXAMPLE_LENGTH = 16


@dataclass(frozen=True, eq=False)
class BuiltModel:
    """A model that was checked.

    Attributes:
        model: compiled, with weights.
        length: the tokens that every text must be padded to, None where any length goes.
        lengths: ascending; a text is padded to the first that holds it.
        outputs: that it gives for a text.
        one_hot: whether its loss and metrics take labels as float32 ``[batch, classes]``, instead of int32 ``[batch]``.
        parameters: all of them, trained or not.
        embedding_parameters: those in ``keras.layers.Embedding`` layers.
    """

    model: Any
    length: int | None
    lengths: tuple[int, ...]
    outputs: int
    one_hot: bool
    parameters: int
    embedding_parameters: int


def build_trial(build: Build, values: Mapping[str, Any], facts: ModelFacts) -> BuiltModel:
    """The model of a trial.

    Args:
        build: the user's.
        values: of the active hyperparameters.

    Raises:
        HyperModelError: where it is no model for these data, or asks for a hyperparameter that the space has not.
    """
    from keras_tuner import HyperParameters

    asked = HyperParameters()
    asked.values = dict(values)
    built = checked(build(asked), facts)
    unknown = [entry.name for entry in asked.space if entry.name not in values and asked.is_active(entry)]
    if unknown:
        raise HyperModelError(
            f"declares {unknown[0]} under these values, which was not seen when the space was discovered; put what another "
            "hyperparameter decides into hp.conditional_scope"
        )
    return built


def checked(model: Any, facts: ModelFacts) -> BuiltModel:
    """A model that was returned, once it is seen to be one for these data.

    Raises:
        HyperModelError: where it is none.
    """
    if model is None:
        raise HyperModelError("returned None; return the compiled model")
    if not isinstance(model, keras.Model):
        raise HyperModelError(f"returned a {type(model).__name__}; return a compiled keras.Model")
    if not model.compiled:
        raise HyperModelError("returned a model that is not compiled; call its compile(optimizer, loss) first")
    # Keras has no public way to all layers, those within layers included.
    layers = model._flatten_layers()
    _refuse_texts(layers)
    length = _length(model)
    if length is not None and length < facts.max_length:
        raise HyperModelError(
            f"takes texts of {length} tokens, those of the data have up to {facts.max_length}; use keras.Input((None,)), or "
            f"`max_length={length}`"
        )
    tokens = example_tokens(facts, length)
    embeddings = [layer for layer in layers if isinstance(layer, keras.layers.Embedding)]
    outputs = _answers(model, tokens, embeddings, facts)
    shape, wide = tuple(getattr(outputs, "shape", ())), facts.classes
    if shape not in ((len(tokens), wide), *(((len(tokens), 1),) if wide == 2 else ())):
        allowed = f"[batch, {wide}]" + (" or [batch, 1]" if wide == 2 else "")
        seen = f"[{', '.join(['batch', *map(str, shape[1:])])}]" if shape else f"a {type(outputs).__name__}"
        raise HyperModelError(
            f"gives {seen} for token ids [batch, time]; the data have {wide} classes, so it must be {allowed}"
        )
    lengths = padded_lengths(facts.max_length) if length is None else (length,)
    embeddings = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
    embedding_parameters = sum(layer.count_params() for layer in embeddings)
    one_hot = wants_one_hot(model, shape[1])
    if one_hot is None:
        one_hot = not _takes_indices(model, tokens)
    return BuiltModel(model, length, lengths, shape[1], one_hot, model.count_params(), embedding_parameters)


def _refuse_texts(layers: Iterable[Any]) -> None:
    """Raises for a model that reads strings.

    Raises:
        HyperModelError: naming the layer.
    """
    for layer in layers:
        if isinstance(layer, keras.layers.TextVectorization | keras.layers.StringLookup):
            raise HyperModelError(
                f"has a {type(layer).__name__} layer ({layer.name}), which takes strings; the search gives token ids: leave "
                'the layer out and begin with keras.Input((None,), dtype="int32"), exported models take raw texts all the same'
            )


def _answers(model: Any, tokens: NDArray[np.int32], embeddings: list[Any], facts: ModelFacts) -> Any:
    """The model's outputs, which also builds what is only built when it is called.

    Raises:
        HyperModelError: where an ``Embedding`` has fewer ids than the data.
        Exception: whatever else the model raises.
    """
    try:
        return model(tokens, training=False)
    except tf.errors.InvalidArgumentError:  # an id that a table has no row of, on a CPU
        small = [layer for layer in embeddings if layer.input_dim < facts.vocabulary_size]
        if not small:
            raise
        ids = small[0].input_dim
        raise HyperModelError(
            f"has an Embedding ({small[0].name}) of {ids} token ids, the data have {facts.vocabulary_size}; give build a "
            f"parameter vocabulary_size and the Embedding that many, or `max_tokens={ids}`"
        ) from None


def _takes_indices(model: Any, tokens: NDArray[np.int32]) -> bool:
    """Whether the user's own loss takes class indices; else it is given one-hot labels."""
    try:
        loss = model.compute_loss(x=tokens, y=np.arange(2, dtype=np.int32), y_pred=model(tokens, training=False))
    except Exception:  # noqa: BLE001  the user's code
        return False
    return bool(np.ndim(loss) == 0)


def labels_for(built: BuiltModel, labels: NDArray[np.int32]) -> NDArray[np.int32] | NDArray[np.float32]:
    """Labels as a model's loss wants them: class indices ``[batch]``, or one-hot ``[batch, classes]``."""
    return np.eye(built.outputs, dtype=np.float32)[labels] if built.one_hot else labels


def example_tokens(facts: ModelFacts, length: int | None) -> NDArray[np.int32]:
    """Two made-up texts, int32 ``[2, time]``, which begin with the last id; the second of them is padded."""
    time = length or min(facts.max_length, _EXAMPLE_LENGTH)
    tokens = (np.arange(2 * time, dtype=np.int32) % (facts.vocabulary_size - 1) + 1).reshape(2, time)
    tokens[:, 0] = facts.vocabulary_size - 1
    tokens[1, (time + 1) // 2 :] = 0
    return tokens


def check_loss(built: BuiltModel, facts: ModelFacts) -> None:
    """Evaluates the model on two made-up texts.

    Raises:
        HyperModelError: where it has no loss.
        Exception: whatever its loss or its metrics raise.
    """
    labels = labels_for(built, np.arange(2, dtype=np.int32))
    logs = built.model.test_on_batch(example_tokens(facts, built.length), labels, return_dict=True)
    if "loss" not in logs:
        raise HyperModelError("returned a model that evaluates without a loss; give one to its compile")


def _length(model: Any) -> int | None:
    """The fixed number of tokens that a model takes, None where it takes any or does not say before it is called."""
    with contextlib.suppress(AttributeError, ValueError):  # Keras' ways of saying that a model was not called yet
        shape = model.input_shape
        if isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int):
            return shape[1]
    return None


class CustomModel:
    """What ``hypermodel`` names, ready to be built."""

    def __init__(self, source: ModelSource, facts: ModelFacts) -> None:
        """Imports the modules.

        Raises:
            HyperModelError: where they cannot be imported.
        """
        source.make_importable()
        self._facts = facts
        self._build = find_build(source.name, facts, root=source.root)

    def built(self, values: Mapping[str, Any], *, seed: int) -> BuiltModel:
        """The model of these hyperparameters; the seed, 32 bits, decides its weights and whatever else it draws.

        Raises:
            HyperModelError: where it is no model for these data.
            Exception: whatever the user's code raises.
        """
        keras.utils.clear_session()  # names and graphs of the models before, which Keras keeps
        keras.utils.set_random_seed(seed)
        return build_trial(self._build, values, self._facts)
