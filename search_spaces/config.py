"""Every hyperparameter of a trial: its name, its type, its bounds and its default, in one place."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Cell = Literal["simple_rnn", "lstm", "gru"]
Pooling = Literal["last", "mean", "max"]
Optimizer = Literal["adam", "rmsprop", "adagrad", "sgd"]


class TrialConfig(BaseModel):
    """The configuration of one trial. Immutable; a value out of bounds raises ``pydantic.ValidationError``.

    The defaults are a network that is worth its parameters (about 90,000) on film reviews: 87.6 % after two epochs of IMDB's
    training half, texts cut at 256 tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Annotated[Cell, Field(description="recurrent cell")] = "gru"
    layers: Annotated[int, Field(ge=1, le=4, description="recurrent layers, stacked (depth)")] = 1
    units: Annotated[int, Field(ge=1, le=1024, description="units of each recurrent layer and direction (width)")] = 32
    embedding: Annotated[int, Field(ge=1, le=1024, description="numbers in a word's vector")] = 16
    vocabulary: Annotated[
        int, Field(ge=3, le=1_000_000, description="token ids, padding and unknown included; cut to what the data have")
    ] = 5_000
    bidirectional: Annotated[bool, Field(description="read the text in both directions")] = True
    pooling: Annotated[Pooling, Field(description="how the states of all steps become one vector")] = "max"
    dense_units: Annotated[int, Field(ge=0, le=4096, description="units of a hidden ReLU layer, 0 for none")] = 0
    dropout: Annotated[float, Field(ge=0.0, le=0.9, description="rate between layers and before the head")] = 0.2
    optimizer: Annotated[Optimizer, Field(description="update rule, Keras' defaults but for the rate")] = "adam"
    learning_rate: Annotated[float, Field(gt=0.0, le=10.0, description="step size of the optimizer")] = 5e-3
    gradient_clip_norm: Annotated[float, Field(ge=0.0, description="bound on the global gradient norm, 0 for none")] = (
        1.0
    )
    batch_size: Annotated[int, Field(ge=1, le=8192, description="texts a training step")] = 64
