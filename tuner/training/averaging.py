"""Trains the baseline of averaged word vectors by the same steps, batches and epochs as the recurrent networks."""

from typing import Any

import keras
import tensorflow as tf

from search_spaces.config import TrialConfig
from tuner.data.buckets import Buckets
from tuner.data.vocabulary import UNKNOWN_ID
from tuner.models.forward import look_up
from tuner.models.network_spec import Network, network_of
from tuner.training.program import Program, ProgramKey
from tuner.training.workbench import Workbench


class AveragingProgram(Program):
    """The steps of the baseline; of a key's network only vocabulary, embedding and classes count."""

    @staticmethod
    def _build(network: Network) -> Any:
        tokens = keras.Input((None,), dtype="int32")
        vectors = keras.layers.Embedding(network.vocabulary, network.embedding, mask_zero=True)(tokens)
        means = keras.layers.GlobalAveragePooling1D()(vectors)
        return keras.Model(tokens, keras.layers.Dense(network.outputs)(means))

    def _logits(self, tokens: Any, lengths: Any, *, dropout: Any, seed: Any, training: bool) -> Any:
        table, kernel, bias = (variable.value for variable in self._variables)
        known = tf.where(tokens < self.key.network.vocabulary, tokens, UNKNOWN_ID)
        inside = tf.sequence_mask(lengths, tf.shape(tokens)[1], tf.float32)
        means = tf.einsum("bte,bt->be", look_up(table, known), inside) / tf.cast(lengths, tf.float32)[:, None]
        return means @ kernel + bias


class AveragingWorkbench(Workbench):
    """A worker's place for repeats of the baseline."""

    def set_up(self, config: TrialConfig) -> tuple[Program, Buckets]:
        """The baseline's program with the embedding and vocabulary of ``config``, and its length buckets."""
        network = network_of(config, vocabulary_size=self.vocabulary_size, classes=self.classes)
        key = ProgramKey(network, config.optimizer, config.batch_size, compiled=False)
        return AveragingProgram(key), self.many_buckets
