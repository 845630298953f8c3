"""The ensemble of a run, with all that its model is made of. Needs no TensorFlow."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analysis.ensembles import Ensemble
from tuner.data.encoder import Encoder
from tuner.data.vocabulary import PADDING_ID, UNKNOWN_ID
from tuner.runs.settings import SearchSettings
from tuner.thresholds import Thresholds

if TYPE_CHECKING:
    from tuner.export.trained import TrainedSingle


class EnsembleConfig(BaseModel):
    """What an ensemble is made of.

    Attributes:
        members: the weight of each model by its name; they sum to 1.
    """

    members: dict[str, float]


@dataclass(frozen=True, eq=False)
class TrainedEnsemble:
    """The ensemble of a run: models whose probabilities are averaged.

    Attributes:
        trial: what it is called where a trial is named.
        metrics: value, loss and parameters, by column of ``trials.parquet``; None where a number is missing.
        encoder: whose ids are those that ``ids_of`` translates.
        thresholds: as of a ``TrainedTrial``, chosen on the mean of what the members predicted.
        members: in the order of ``chosen.members``.
        chosen: how they were chosen, with their weights.
    """

    run: str
    settings: SearchSettings
    trial: str
    metrics: dict[str, Any]
    encoder: Encoder
    thresholds: Thresholds | None
    config: EnsembleConfig
    members: "tuple[TrainedSingle, ...]"
    chosen: Ensemble

    @property
    def fold(self) -> int:
        """As of every trial: members are exported by their first."""
        return 1

    @property
    def informative(self) -> bool:
        """Whether its ids are places in the informative order: where those of all members are."""
        return all(member.informative for member in self.members)

    @property
    def vocabulary_size(self) -> int:
        """Token ids that some member knows."""
        known = [np.flatnonzero(ids != UNKNOWN_ID)[-1] for ids in map(self.ids_of, self.members)]
        return int(max(known)) + 1

    def ids_of(self, member: "TrainedSingle") -> NDArray[np.int32]:
        """Each id of the ensemble as the member has it, 1 (unknown) for words that it does not know: int32 ``[ids]``.

        Members that order words otherwise have other ids for them, so that a text is made into ids once for all.
        """
        own = member.encoder.vocabulary.cut(member.vocabulary_size).ids
        words = self.encoder.vocabulary.words
        return np.array([PADDING_ID, UNKNOWN_ID, *(own.get(word, UNKNOWN_ID) for word in words)], np.int32)

    def inference_network(self) -> Any:
        """As of a ``TrainedNetwork``."""
        from tuner.export.ensemble_network import EnsembleNetwork

        return EnsembleNetwork(self)

    def summary(self) -> str:
        """What the model is, as Markdown."""
        parts = "\n".join(f"- {member.trial}: {member.summary()}" for member in self.members)
        return (
            f"The weighted mean of the probabilities of {len(self.members)} models, {self.metrics['parameters']:,} parameters "
            f"together:\n\n{parts}\n\n"
        )
