"""What a trial can be: its configuration, the values that each hyperparameter takes, and the combinations that mean nothing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from search_spaces.domains import Value
from search_spaces.expressions import Formula, value_text


def impossible_combination(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str | None:
    """Why these hyperparameters mean nothing together, in one line, or None where they do.

    Args:
        values: a value for every hyperparameter.
        defaults: the value that each one keeps where it does not apply.
    """
    applies = (
        (("activation", "residual", "projection"), values["cell"] == "elman", "cell=elman"),
        (("layers", "units", "input"), values["cell"] != "none", "a cell"),
        (("embedding", "vectors", "embedding_dropout"), values["input"] == "embedding", "input=embedding"),
        (("momentum",), values["optimizer"] == "sgd", "optimizer=sgd"),
        (("weight_decay",), values["optimizer"] == "adamw", "optimizer=adamw"),
        (("batch_size",), values["batch_tokens"] == 0, "batch_tokens=0"),
    )
    for names, does, needs in applies:
        for name in names:
            if not does and values[name] != defaults[name]:
                return f"{name}={value_text(values[name])}: needs {needs}; leave {name} at {value_text(defaults[name])}"
    return _stack_without_units(values) or _residual_of_another_width(values) or _no_words_to_drop(values)


def _stack_without_units(values: Mapping[str, Any]) -> str | None:
    if values["dense_layers"] > 1 and not values["dense_units"]:
        return f"dense_layers={values['dense_layers']}: needs the width of a layer; set dense_units=32 for instance"
    return None


def _no_words_to_drop(values: Mapping[str, Any]) -> str | None:
    """Of three ids one is a word's: where that is dropped, nothing is left of a text."""
    if values["word_dropout"] and values["vocabulary"] <= 3:
        return (
            f"word_dropout={value_text(values['word_dropout'])}: vocabulary={values['vocabulary']} has one word; set "
            "word_dropout=0 or vocabulary=100 for instance"
        )
    return None


def _residual_of_another_width(values: Mapping[str, Any]) -> str | None:
    """A sum of inputs and outputs needs both of one width; that of pretrained vectors is known with their file."""
    width = values["units"] * (2 if values["bidirectional"] else 1)
    if not values["residual"]:
        return None
    if values["input"] == "one_hot":
        return "residual=true: needs input=embedding, one-hot words are as wide as the vocabulary; set residual=false"
    if values["vectors"] == "none" and values["embedding"] != width:
        directions = " in each of two directions" if values["bidirectional"] else ""
        return (
            f"residual=true: adds word vectors of embedding={values['embedding']} to states of units={values['units']}"
            f"{directions}; set embedding={width} or residual=false"
        )
    return None


Cell = Literal["simple_rnn", "lstm", "gru", "elman", "mlp", "none"]
Activation = Literal["tanh", "sigmoid"]
Input = Literal["embedding", "one_hot"]
Vectors = Literal["none", "frozen", "trained"]
Pooling = Literal["last", "mean", "max", "attention"]
ClassWeights = Literal["none", "balanced", "effective"]
VocabularyOrder = Literal["frequency", "informative"]
RateSchedule = Literal["constant", "linear", "cosine"]
Optimizer = Literal["adam", "adamw", "rmsprop", "adagrad", "adadelta", "sgd"]


class CombinationError(Exception):
    """Hyperparameters that are legal one by one and mean nothing together. One line: which, and what to do.

    No ``ValueError``: pydantic would wrap one into several lines that name no hyperparameter.
    """


class TrialConfig(BaseModel):
    """The configuration of one trial. Immutable.

    A value out of bounds raises ``pydantic.ValidationError``, an impossible combination `CombinationError`. A hyperparameter
    that does not apply (``units`` where the cell is "none") keeps its default; any other value of it is such a combination.

    The defaults are a network that is worth its parameters (about 90,000) on film reviews: 87.6 % after two epochs of IMDB's
    training half, texts cut at 256 tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Annotated[
        Cell, Field(description="recurrent cell; mlp: a ReLU layer a word instead; none: the word vectors are pooled")
    ] = "gru"
    activation: Annotated[Activation, Field(description="non-linearity of elman; other cells have their own")] = "tanh"
    residual: Annotated[bool, Field(description="elman: add a layer's inputs to its outputs")] = False
    projection: Annotated[bool, Field(description="elman: a linear layer over every state")] = False
    layers: Annotated[int, Field(ge=1, le=4, description="recurrent layers, stacked (depth)")] = 1
    units: Annotated[int, Field(ge=1, le=1024, description="units of each recurrent layer and direction (width)")] = 32
    input: Annotated[Input, Field(description="what the first layer reads of a word: its vector, or one-hot")] = (
        "embedding"
    )
    embedding: Annotated[int, Field(ge=1, le=1024, description="numbers in a word's vector")] = 16
    vectors: Annotated[Vectors, Field(description="word vectors of a file: none, frozen, or trained on")] = "none"
    vocabulary: Annotated[
        int, Field(ge=3, le=1_000_000, description="token ids, padding and unknown included; cut to what the data have")
    ] = 5_000
    vocabulary_order: Annotated[
        VocabularyOrder,
        Field(description="words that a vocabulary keeps: frequent ones, or those that tell classes apart"),
    ] = "frequency"
    bidirectional: Annotated[
        bool, Field(description="read the text in both directions; without a recurrence no matter")
    ] = True
    pooling: Annotated[Pooling, Field(description="how the states of all steps become one vector")] = "max"
    dense_units: Annotated[int, Field(ge=0, le=4096, description="units of a hidden ReLU layer, 0 for none")] = 0
    dense_layers: Annotated[int, Field(ge=0, le=4, description="hidden layers of dense_units before the output")] = 1
    batch_norm: Annotated[bool, Field(description="normalise what enters each dense layer of the head")] = False
    word_dropout: Annotated[float, Field(ge=0.0, le=0.9, description="rate at which a word counts as unknown")] = 0.0
    embedding_dropout: Annotated[float, Field(ge=0.0, le=0.9, description="rate on the word vectors")] = 0.0
    dropout: Annotated[float, Field(ge=0.0, le=0.9, description="rate between layers and before the head")] = 0.2
    l1: Annotated[float, Field(ge=0.0, le=1.0, description="penalty on the weights' absolute values")] = 0.0
    l2: Annotated[float, Field(ge=0.0, le=1.0, description="penalty on the weights' squares")] = 0.0
    class_weights: Annotated[
        ClassWeights,
        Field(
            description="weight of a text in the loss: alike, by its class's share, or by its effective number of texts"
        ),
    ] = "none"
    label_smoothing: Annotated[
        float, Field(ge=0.0, le=0.5, description="share of each label that all classes get alike")
    ] = 0.0
    focal_gamma: Annotated[
        float, Field(ge=0.0, le=5.0, description="focal loss: how far texts that are right already count less")
    ] = 0.0
    optimizer: Annotated[Optimizer, Field(description="update rule, Keras' defaults but for what is set here")] = "adam"
    momentum: Annotated[float, Field(ge=0.0, lt=1.0, description="sgd: share of the last step in the next")] = 0.0
    weight_decay: Annotated[float, Field(ge=0.0, le=1.0, description="adamw: decay a step, times the rate")] = 0.004
    learning_rate: Annotated[float, Field(gt=0.0, le=10.0, description="step size of the optimizer")] = 5e-3
    rate_schedule: Annotated[
        RateSchedule, Field(description="how the rate falls to 0 over the epochs that a trial may have")
    ] = "constant"
    warm_up: Annotated[
        float, Field(ge=0.0, le=0.5, description="share of these epochs over which the rate rises from 0")
    ] = 0.0
    weight_average: Annotated[
        float,
        Field(ge=0.0, le=0.9999, description="decay a step of the averaged weights that are evaluated, 0 for none"),
    ] = 0.0
    gradient_clip_norm: Annotated[float, Field(ge=0.0, description="bound on the global gradient norm, 0 for none")] = (
        1.0
    )
    batch_size: Annotated[int, Field(ge=1, le=8192, description="texts a training step")] = 64
    batch_tokens: Annotated[
        int, Field(ge=0, le=1_000_000, description="tokens a training step instead, padding included; 0: batch_size")
    ] = 0

    @model_validator(mode="after")
    def _combines(self) -> "TrialConfig":
        """Refuses what means nothing together."""
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        reason = impossible_combination(self.model_dump(), defaults)
        if reason is not None:
            raise CombinationError(reason)
        return self


@dataclass(frozen=True)
class CustomConfig:
    """The values of a model's active hyperparameters, by name in the order of its space. Immutable.

    One that is inactive, because it stands in a conditional scope of another choice, is not there.
    """

    values: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, values: Mapping[str, Value]) -> Self:
        """From the values by name."""
        return cls(tuple(values.items()))

    def model_dump(self) -> dict[str, Value]:
        """The values by name: what is recorded, as of a ``TrialConfig``."""
        return dict(self.values)


Config = TrialConfig | CustomConfig
"""What a trial can be of: one of the built-in networks, or a custom model."""


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(TrialConfig.model_fields[name].rebuild_annotation())


def checked(name: str, value: Any) -> Value:
    """One value of a hyperparameter, as its own type.

    Raises:
        ValueError: where the hyperparameter cannot have it.
    """
    try:
        found: Value = _adapter(name).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise ValueError(f"{reason[0].lower()}{reason[1:]}; received {value!r}") from None
    if isinstance(found, (int, float)) and not isinstance(found, bool) and isinstance(value, bool):
        raise ValueError(f"needs a number; received {value!r}")
    return found


def evaluate_formulas(values: Mapping[str, Value], formulas: Mapping[str, Formula]) -> dict[str, Value]:
    """The values and what the formulas make of them, by name.

    Args:
        values: by name.
        formulas: by name, each after those that it uses. What they give to a whole number is rounded half up.

    Raises:
        CombinationError: where a formula gives what its hyperparameter cannot have; one line that begins with its name.
    """
    known = dict(values)
    for name, formula in formulas.items():
        try:
            known[name] = _of_formula(name, formula.evaluate(known))
        except ValueError as error:
            raise CombinationError(f"{name}: {formula.text}: {error}") from None
    return known


def config_of(values: Mapping[str, Value]) -> TrialConfig:
    """The configuration of these values; variables, which are no hyperparameters, are left behind.

    Raises:
        CombinationError: where the values mean nothing together.
    """
    return TrialConfig.model_validate(
        {name: value for name, value in values.items() if name in TrialConfig.model_fields}
    )


def _of_formula(name: str, number: float) -> Value:
    if name not in TrialConfig.model_fields:
        return number
    whole = isinstance(TrialConfig.model_fields[name].default, int)
    return checked(name, math.floor(number + 0.5) if whole else number)
