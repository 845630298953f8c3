"""The training tokeniser as TensorFlow operations: raw strings to the ids that a network reads."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tuner.data.stop_words import ENGLISH_STOP_WORDS
from tuner.data.tokenizer import Rule, Tokenizer
from tuner.data.vocabulary import FIRST_WORD_ID, PADDING_ID, UNKNOWN_ID, Vocabulary
from tuner.export.unicode_tables import PAGE, explicit_rules, lower_case

_STOP_WORD = -1


class TextGraph(tf.Module):
    """What ``tuner.data.encoded.encode`` does, for a batch of strings in a graph.

    Args:
        tokenizer: as in training.
        vocabulary: cut to the words that the network knows.
        max_length: tokens that are kept of a text.
    """

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, max_length: int) -> None:
        """Makes the table of words; stop words stand in it too, so that one look-up finds both."""
        super().__init__()
        self._max_length = max_length
        self._stop_words = tokenizer.stop_words
        rules = explicit_rules(tokenizer)
        self._entity_rules = [rule for rule in rules if rule.pattern.startswith("&")]
        self._rules = [rule for rule in rules if not rule.pattern.startswith("&")]
        ids = {word: number for number, word in enumerate(vocabulary.words, start=FIRST_WORD_ID)}
        if tokenizer.stop_words:
            ids |= dict.fromkeys(sorted(ENGLISH_STOP_WORDS), _STOP_WORD)
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                [word.encode() for word in ids], list(ids.values()), tf.string, tf.int32
            ),
            default_value=UNKNOWN_ID,
        )

    def ids(self, texts: Any) -> tuple[Any, Any]:
        """Tokenise and look up.

        Args:
            texts: string ``[batch]``, UTF-8; a byte that is none is read as U+FFFD.

        Returns:
            int32 ``[batch, time]`` padded with 0 on the right, and int32 ``[batch]``, the tokens of each text: at least 1,
            for a text without tokens is the single token unknown.
        """
        tokens = tf.strings.split(self.normalise(texts))
        ids = tokens.with_values(self._table.lookup(tokens.values))
        if self._stop_words:
            ids = tf.ragged.boolean_mask(ids, ids != _STOP_WORD)
        ids = ids[:, : self._max_length]
        found = tf.cast(ids.row_lengths(), tf.int32)
        width = tf.maximum(tf.reduce_max(found), 1)  # of no texts at all the maximum is the smallest integer
        padded = ids.to_tensor(PADDING_ID, shape=tf.stack([tf.shape(found)[0], width]))
        lengths = tf.maximum(found, 1)
        return tf.where(tf.sequence_mask(lengths - found, width), UNKNOWN_ID, padded), lengths

    def normalise(self, texts: Any) -> Any:
        """Lower case and substitutions: string ``[batch]`` in which blanks separate the tokens."""
        plain = tf.reduce_all(tf.strings.regex_full_match(texts, r"[\x00-\x7f]*"))
        # Without an encoding, lower case means the letters A to Z, whatever the locale.
        texts = tf.cond(plain, lambda: tf.strings.lower(texts), lambda: _lower(texts))
        # Some eighty substitutions, and few texts have an entity.
        entities = tf.reduce_any(tf.strings.regex_full_match(texts, "(?s).*&.*"))
        texts = tf.cond(entities, lambda: _substitute(texts, self._entity_rules), lambda: tf.identity(texts))
        return _substitute(texts, self._rules)


def _lower(texts: Any) -> Any:
    """``str.lower`` by tables, for ICU's lower case is of another Unicode version and depends on the locale."""
    tables = lower_case()
    texts = _substitute(tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace"), tables.rules)
    codes = tf.strings.unicode_decode(texts, "UTF-8")
    values = codes.values
    pages = tf.gather(tf.constant(tables.page_of), values // PAGE)
    shifts = tf.gather(tf.constant(tables.shifts), pages * PAGE + values % PAGE)
    return tf.strings.unicode_encode(codes.with_values(values + shifts), "UTF-8")


def _substitute(texts: Any, rules: list[Rule] | tuple[Rule, ...]) -> Any:
    for rule in rules:
        texts = tf.strings.regex_replace(texts, rule.pattern, rule.replacement)
    return texts
