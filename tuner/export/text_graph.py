"""The training tokeniser as TensorFlow operations: raw strings to the ids that a network reads.

A graph's own notions are not those of the training tokeniser. TensorFlow's RE2 and ICU have the classes of older Unicode
versions (TensorFlow 2.21 misses 22,000 letters and lower-cases 40 characters less), and ``tf.strings.lower`` follows
the locale of the process: under ``LC_ALL=tr_TR.UTF-8`` it turns "I" into a dotless i. With classes spelt out and
lower case looked up, an exported model reads the same in every version and place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

import numpy as np
import regex
import tensorflow as tf
from numpy.typing import NDArray

from tuner.data.tokenizer import ENGLISH_STOP_WORDS, Rule, Tokenizer
from tuner.data.vocabulary import FIRST_WORD_ID, PADDING_ID, UNKNOWN_ID, Vocabulary

PAGE: Final = 256
_SIGMA: Final = "\u03a3"
_FINAL_SIGMA: Final = "\u03c2"
_BRACKET_OR_CLASS: Final = re.compile(r"\[[^\]]*\]|\\p\{\w+\}")
_CLASS: Final = re.compile(r"\\p\{\w+\}")


@dataclass(frozen=True)
class LowerCase:
    """``str.lower`` in parts.

    Attributes:
        rules: substitutions that come first: what depends on context or becomes several characters.
        page_of: int32 [4352], for every block of 256 code points its page.
        shifts: int32 [pages * 256], what is added to a code point.
    """

    rules: tuple[Rule, ...]
    page_of: NDArray[np.int32]
    shifts: NDArray[np.int32]


@cache
def lower_case() -> LowerCase:
    """The lower case of this Python."""
    lowered = {ord(char): char.lower() for char in _every_character() if char.lower() != char}
    longer = [Rule(chr(code), text) for code, text in lowered.items() if len(text) > 1]
    shifts = np.zeros(0x110000, np.int32)
    for code, text in lowered.items():
        if len(text) == 1:
            shifts[code] = ord(text) - code
    pages, page_of = np.unique(shifts.reshape(-1, PAGE), axis=0, return_inverse=True)
    return LowerCase((_final_sigma(), *longer), page_of.astype(np.int32), pages.ravel())


def explicit(rule: Rule) -> Rule:
    r"""The rule with every class such as ``\p{L}`` as the ranges of code points that training understands by it."""

    def spelt_out(match: re.Match[str]) -> str:
        inside = _CLASS.sub(lambda named: _ranges_of_class(named.group()), match.group())
        return inside if inside.startswith("[") else f"[{inside}]"

    return Rule(_BRACKET_OR_CLASS.sub(spelt_out, rule.pattern), rule.replacement)


def explicit_rules(tokenizer: Tokenizer) -> tuple[Rule, ...]:
    """The tokeniser's substitutions, in order, with nothing in them that depends on a Unicode version."""
    return tuple(explicit(rule) for rule in tokenizer.rules())


def _final_sigma() -> Rule:
    """Sigma at the end of a word, as ``str.lower`` finds it.

    After a cased character and not before one, where characters that case ignores (apostrophes, marks) are looked through.
    Python has no names for both kinds: it is asked by example.
    """
    before = [(char + _SIGMA).lower()[-1] == _FINAL_SIGMA for char in _every_character()]
    through = [("a" + char + _SIGMA).lower()[-1] == _FINAL_SIGMA for char in _every_character()]
    codes = [ord(char) for char in _every_character()]
    cased = _ranges([code for code, is_cased in zip(codes, before, strict=True) if is_cased])
    ignored = _ranges(
        [code for code, passes, is_cased in zip(codes, through, before, strict=True) if passes and not is_cased]
    )
    pattern = f"([{cased}][{ignored}]*){_SIGMA}([{ignored}]*(?:[^{cased}{ignored}]|$))"
    return Rule(pattern, rf"\1{_FINAL_SIGMA}\2")


@cache
def _every_character() -> str:
    """All code points but the halves of surrogate pairs, which no UTF-8 holds."""
    return "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))


@cache
def _ranges_of_class(name: str) -> str:
    return _ranges([ord(match.group()) for match in regex.finditer(name, _every_character())])


def _ranges(codes: list[int]) -> str:
    r"""Ascending code points as the inside of a character class, ``\x{61}-\x{7a}``."""
    runs = [[code for _, code in run] for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0])]
    return "".join(rf"\x{{{run[0]:x}}}-\x{{{run[-1]:x}}}" for run in runs)


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
        self._stop_words = tokenizer.stop_words
        self._first, self._last = tokenizer.kept(max_length)
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
        ids = self._cut(ids)
        found = tf.cast(ids.row_lengths(), tf.int32)
        width = tf.maximum(tf.reduce_max(found), 1)  # of no texts at all the maximum is the smallest integer
        padded = ids.to_tensor(PADDING_ID, shape=tf.stack([tf.shape(found)[0], width]))
        lengths = tf.maximum(found, 1)
        return tf.where(tf.sequence_mask(lengths - found, width), UNKNOWN_ID, padded), lengths

    def _cut(self, ids: Any) -> Any:
        """The ids that are kept of each text: what ``Tokenizer.cut`` does."""
        beginning, rest = ids[:, : self._first], ids[:, self._first :]
        if not self._last:
            return beginning
        end = rest[:, -self._last :]
        return tf.concat([beginning, end], 1) if self._first else end

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
