"""What a network is made of: the part of a configuration that decides its variables' shapes."""

from dataclasses import dataclass

from search_spaces.config import Activation, Cell, Pooling, TrialConfig, Vectors
from tuner.errors import InputError
from tuner.models.cells import CELLS


@dataclass(frozen=True)
class Network:
    """The architecture of one model, with the data's part in it (classes, words at hand).

    Two trials with equal networks share their compiled programs: nothing else changes a program's shapes. `network_of`
    makes configurations that mean the same network equal.

    Attributes:
        layers: depth, 0 where the cell is "none".
        units: width of a layer and direction, 0 where the cell is "none".
        embedding: numbers in a word's vector, 0 where words are one-hot.
        vocabulary: rows of the embedding table, padding (id 0) and unknown (id 1) included.
        bidirectional: never where there is no recurrence.
        dense_units: units of a hidden ReLU layer before the output, 0 for none.
        classes: labels in the data, at least 2.
        activation: of elman; "tanh" otherwise.
        residual: elman: a layer's inputs are added to its outputs, half of them to each direction where there are two.
        projection: elman: a linear layer of as many units over every state of each direction.
        one_hot: the first layer reads one-hot words of width ``vocabulary``.
        vectors: whether the embedding table begins as pretrained vectors, and whether it is trained on.
        dense_layers: hidden layers of ``dense_units``; no matter where there are no such units.
        batch_norm: what enters each dense layer of the head is normalised.
    """

    cell: Cell
    layers: int
    units: int
    embedding: int
    vocabulary: int
    bidirectional: bool
    pooling: Pooling
    dense_units: int
    classes: int
    activation: Activation = "tanh"
    residual: bool = False
    projection: bool = False
    one_hot: bool = False
    vectors: Vectors = "none"
    dense_layers: int = 1
    batch_norm: bool = False

    @property
    def directions(self) -> int:
        """1, or 2 where the text is read both ways."""
        return 2 if self.bidirectional else 1

    @property
    def recurrent(self) -> bool:
        """Whether a layer's state goes from word to word."""
        return self.cell in CELLS

    @property
    def loops(self) -> int:
        """Loops over time: one a layer and direction."""
        return self.layers * self.directions if self.recurrent else 0

    @property
    def width(self) -> int:
        """Numbers of the pooled text, and of every layer's outputs at a word."""
        return self.directions * self.units if self.layers else self.embedding

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers between pooling and output."""
        return (self.dense_units,) * self.dense_layers if self.dense_units else ()

    @property
    def outputs(self) -> int:
        """Logits: one for two classes (a sigmoid tells them apart), else one a class."""
        return 1 if self.classes == 2 else self.classes


def network_of(config: TrialConfig, *, vocabulary_size: int, classes: int, vectors_width: int | None = None) -> Network:
    """The network that a configuration means on data with that many known token ids and classes.

    A vocabulary larger than what the data have is cut to it: rows that no token can reach are no parameters.

    Args:
        vocabulary_size: token ids that the data know.
        classes: labels in the data.
        vectors_width: numbers in a pretrained word vector, None where there are none.

    Raises:
        InputError: where the pretrained vectors are missing or of another width than the configuration says.
    """
    no_cell = config.cell == "none"
    has_stack = config.dense_units > 0 and config.dense_layers > 0
    network = Network(
        cell=config.cell,
        layers=0 if no_cell else config.layers,
        units=0 if no_cell else config.units,
        embedding=_embedding(config, vectors_width),
        vocabulary=min(config.vocabulary, vocabulary_size),
        bidirectional=config.bidirectional and config.cell in CELLS,
        pooling=config.pooling,
        dense_units=config.dense_units if has_stack else 0,
        classes=classes,
        activation=config.activation,
        residual=config.residual,
        projection=config.projection,
        one_hot=config.input == "one_hot",
        vectors=config.vectors,
        dense_layers=config.dense_layers if has_stack else 1,
        batch_norm=config.batch_norm,
    )
    if network.residual and network.embedding != network.width:
        raise InputError(
            f"residual=true: adds word vectors of {network.embedding} numbers to {network.width}; "
            f"set units={network.embedding // network.directions} or residual=false"
        )
    return network


def _embedding(config: TrialConfig, vectors_width: int | None) -> int:
    if config.input == "one_hot":
        return 0
    if config.vectors == "none":
        return config.embedding
    if vectors_width is None:
        raise InputError(
            f"vectors={config.vectors}: needs a file of word vectors; give one with `vectors='FILE'` or set vectors=none"
        )
    if config.embedding not in (TrialConfig.model_fields["embedding"].default, vectors_width):
        raise InputError(
            f"embedding={config.embedding}: the word vectors have {vectors_width} numbers; set embedding={vectors_width}"
        )
    return vectors_width


AVERAGED_EMBEDDINGS = "averaged-embeddings"
"""The baseline's name where a trial has its id."""

AVERAGING_CONFIG = TrialConfig(
    cell="none",
    pooling="mean",
    bidirectional=False,
    vocabulary=20_000,
    embedding=16,
    dropout=0.0,
    optimizer="adam",
    learning_rate=5e-3,
    batch_size=64,
)
"""Its fixed settings. They were not searched for, the networks' were."""
