"""What a worker keeps between trials: the data, their length buckets, and the programs of the shapes it has met."""

from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import TrialConfig
from tuner.data.batches import Buckets
from tuner.data.encoded import EncodedSplits
from tuner.data.soft_targets import SoftTargets, TaughtTexts
from tuner.models.custom.building import CustomModel
from tuner.models.custom.finding import ModelFacts
from tuner.models.custom.source import ModelSource
from tuner.models.device import on_gpu
from tuner.models.network_spec import network_of
from tuner.training.batching import LengthBuckets
from tuner.training.program import Program, ProgramCache
from tuner.training.program_key import ProgramKey


@dataclass
class WorkerContext:
    """A worker's place: many trials, one after the other.

    Attributes:
        data: encoded training and validation texts, or the folds of both, and pretrained word vectors where there are any.
        vocabulary_size: token ids that the data know, padding and unknown included.
        classes: labels in the data.
        epochs: most epochs of a trial.
        reports_per_epoch: parts of an epoch after each of which a trial reports.
        custom_source: the custom model, where trials are of that.
        max_length: most tokens of a text, which a custom model may ask for.
        buckets: lengths of batches.
        texts_of_class: int64 [classes], training texts of each class.
    """

    data: EncodedSplits
    vocabulary_size: int
    classes: int
    epochs: int
    custom_source: ModelSource | None = None
    max_length: int = 0
    reports_per_epoch: int = 1
    buckets: LengthBuckets = field(init=False)
    texts_of_class: NDArray[np.int64] = field(init=False)
    _programs: ProgramCache = field(init=False, default_factory=ProgramCache)

    def __post_init__(self) -> None:
        """Chooses the length buckets, once for all trials."""
        self.buckets = LengthBuckets.of(self.data)
        self.texts_of_class = np.bincount(self.data.train.labels, minlength=self.classes)

    def data_of(self, config: TrialConfig) -> EncodedSplits:
        """The data with the ids that a configuration gives to words."""
        return self._informative if config.vocabulary_order == "informative" else self.data

    @cached_property
    def _informative(self) -> EncodedSplits:
        return self.data.in_informative_order()

    def of_fold(self, fold: int) -> "WorkerContext":
        """The same place with the texts of a fold; length buckets and programs are shared by all folds."""
        if self.custom_source is not None:
            _ = self.custom_model  # imported once for all folds
        context = copy(self)
        context.data = self.data.of_fold(fold)
        context.texts_of_class = np.bincount(context.data.train.labels, minlength=self.classes)
        return context

    def of_teacher(self, targets: SoftTargets) -> "WorkerContext":
        """The same place where the training texts have a teacher, with its own buckets; programs are shared."""
        context = copy(self)
        context.__dict__.pop("_informative", None)  # of the texts without a teacher
        context.data = replace(self.data, train=targets.beside(self.data.train))
        context.epochs, context.reports_per_epoch = targets.epochs, 1
        context.buckets = LengthBuckets.of(context.data)
        return context

    def set_up(self, config: TrialConfig) -> tuple[Program, Buckets]:
        """The program of a configuration, built where no trial of its shape has been here before, and its buckets."""
        network = network_of(
            config,
            vocabulary_size=self.vocabulary_size,
            classes=self.classes,
            vectors_width=None if self.data.vectors is None else self.data.vectors.shape[1],
        )
        batching = self.buckets.batching(config, network, self.data.train.lengths, epochs=self.epochs, gpu=on_gpu())
        key = ProgramKey.of(
            config,
            network,
            compiled=batching.compiled,
            longest=batching.longest,
            distilled=isinstance(self.data.train, TaughtTexts),
        )
        return self._programs.get(key, self.data_of(config).vectors), batching.buckets

    @cached_property
    def custom_model(self) -> CustomModel:
        """The custom model, imported when the first trial needs it, so that an error in it is that trial's."""
        assert self.custom_source is not None
        return CustomModel(
            self.custom_source, ModelFacts(self.vocabulary_size, self.classes, self.max_length, self.data.vectors)
        )
