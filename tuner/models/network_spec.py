"""What a network is made of: the part of a configuration that decides its variables' shapes."""

from dataclasses import dataclass

from search_spaces.config import Cell, Pooling, TrialConfig


@dataclass(frozen=True)
class Network:
    """The architecture of one model, with the data's part in it (classes, words at hand).

    Two trials with equal networks share their compiled programs: nothing else changes a program's shapes.

    Attributes:
        vocabulary: rows of the embedding table, padding (id 0) and unknown (id 1) included.
        dense_units: units of a hidden ReLU layer before the output, 0 for none.
        classes: labels in the data, at least 2.
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

    @property
    def directions(self) -> int:
        """1, or 2 where the text is read both ways."""
        return 2 if self.bidirectional else 1

    @property
    def outputs(self) -> int:
        """Logits: one for two classes (a sigmoid tells them apart), else one a class."""
        return 1 if self.classes == 2 else self.classes


def network_of(config: TrialConfig, *, vocabulary_size: int, classes: int) -> Network:
    """The network that a configuration means on data with that many known token ids and classes.

    A vocabulary larger than what the data have is cut to it: rows that no token can reach are no parameters.
    """
    return Network(
        cell=config.cell,
        layers=config.layers,
        units=config.units,
        embedding=config.embedding,
        vocabulary=min(config.vocabulary, vocabulary_size),
        bidirectional=config.bidirectional,
        pooling=config.pooling,
        dense_units=config.dense_units,
        classes=classes,
    )
