"""Where the words of a text stand in it, as the tokeniser makes them."""

from functools import cache
from typing import Any

import regex

from tuner.data.tokenizer import (
    APOSTROPHES,
    ENTITY_CHARACTERS,
    EXCLAMATIONS,
    INVISIBLE,
    QUESTIONS,
    SYMBOL,
    UNSEPARATED,
    WORD_CHARACTER,
    Tokenizer,
)

_LATIN = "A-Za-z\u212a"  # with the sign for kelvin, whose lower case is k


def word_spans(text: str, tokenizer: Tokenizer) -> list[tuple[int, int]]:
    """Begin and end of each word or symbol in the raw text, in order: those that ``Tokenizer.tokenize`` makes tokens of."""
    spans = [found.span() for found in _pattern(tokenizer.characters).finditer(text) if found["word"]]
    return [span for span in spans if tokenizer.tokenize(text[slice(*span)])] if tokenizer.stop_words else spans


@cache
def _pattern(characters: bool) -> Any:
    """Markup, words and entities of raw text: the tokeniser's rules in one, for its substitutions lose the places."""
    ampersand = f"&(?:{_any_case('amp;')})?"  # the tokeniser reads what was escaped twice, too
    letters, hidden, marks = (
        "|".join(_any_case(name) for name, character in ENTITY_CHARACTERS.items() if is_one(character))
        for is_one in (str.isalpha, "\u00ad\u200c\u200d".__contains__, "'".__eq__)
    )
    less, greater = (rf"(?:{sign}|{ampersand}{_any_case(name)};)" for sign, name in (("<", "lt"), (">", "gt")))
    markup = rf"{less}/?[{_LATIN}!](?:(?!{less}|{greater}).)*{greater}"
    entity = rf"{ampersand}#?[{_LATIN}0-9]+;"
    invisible = rf"(?:{INVISIBLE}|{ampersand}(?:{hidden});)"
    unseparated = rf"{UNSEPARATED}(?:{invisible}|\p{{M}})*" if characters else r"(?!)"
    begin = rf"(?:(?!{INVISIBLE}|{APOSTROPHES}|{unseparated}){WORD_CHARACTER}|{ampersand}(?:{letters});)"
    part = rf"{begin}(?:{begin}|{invisible})*"
    word = rf"{part}(?:(?:{APOSTROPHES}|'|{ampersand}(?:{marks});){invisible}*{part})*"
    symbol = rf"(?:{SYMBOL}|{EXCLAMATIONS}|{QUESTIONS}){invisible}*"
    return regex.compile(rf"{markup}|(?P<word>{unseparated}|{word}|{symbol})|{entity}", regex.DOTALL)


def _any_case(name: str) -> str:
    """A pattern of ASCII letters in either case; ``regex.IGNORECASE`` would take the dotted capital I for an i."""
    return "".join(f"[{sign}{sign.upper()}]" if sign.isalpha() else regex.escape(sign) for sign in name)
