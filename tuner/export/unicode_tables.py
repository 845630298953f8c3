"""What Python knows of characters, as tables and patterns that a graph carries along.

A graph's own notions are not those of the training tokeniser. TensorFlow's RE2 and ICU have the classes of older Unicode
versions (TensorFlow 2.21 misses 22,000 letters and lower-cases 40 characters less), and ``tf.strings.lower`` follows
the locale of the process: under ``LC_ALL=tr_TR.UTF-8`` it turns "I" into a dotless i. With classes spelt out and
lower case looked up, an exported model reads the same in every version and place.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from tuner.data.tokenizer import Rule, Tokenizer

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
