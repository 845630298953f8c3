"""Text to words, by rules that a TensorFlow graph can repeat on raw strings.

What a text goes through, in this order:

1. Unicode lower case (``str.lower``; in a graph ``tf.strings.lower(encoding="utf-8")``).
2. The substitutions of ``Tokenizer.rules()``, each on the whole text: HTML entities become characters, tags become
   blanks, typographic apostrophes and foreign question and exclamation marks become the plain ones, scripts that do
   not separate words are taken apart (only if ``characters``), what is neither word nor mark becomes a blank, marks
   stand alone, and apostrophes stay only inside words.
3. A split at blanks.
4. Stop words are dropped (only if ``stop_words``).

What is left are words (letters, combining marks and digits of any script, with inner apostrophes: ``don't``,
``l'été``) and the marks ``!`` and ``?`` and single symbols such as emoji. The rules are in RE2's syntax, without
look-around or back-references. ``tokenize`` takes a shorter way to the same tokens, and the tests hold the two
together.

Known limits: of the entities only those that are part of words are understood (accented Latin letters by name,
apostrophes, ``&amp;``, ``&lt;``, ``&gt;``), any other becomes a blank.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.entities import name2codepoint
from typing import Final, Literal, NamedTuple, TypeVar, get_args

import regex

_LINES: Final = """
a an the this that these those
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
i'm i've i'd i'll we're we've we'd we'll you're you've you'd you'll
he's he'd he'll she's she'd she'll it's it'd it'll they're they've they'd they'll that's there's who's what's let's
am is are was were be been being have has had having do does did doing
will would shall should can could may might must
and or if as than then so because while until since
of at by for with about between into through during before after above below to from up down in out on off over under
again further once here there when where why how who whom whose which what
both each some such other same own just also
"""
ENGLISH_STOP_WORDS: Final[frozenset[str]] = frozenset(_LINES.split())
"""Words that carry grammar rather than meaning: an option of the tokeniser, off by default.

Negations (not, no, never, nor, don't, can't, without ...), contrasts (but, though, however) and words of degree (very, too,
more, only) are left in on purpose: they turn or scale what stands beside them, which is what a recurrent network reads.
"""


LAST_ENTITY_LETTER: Final = 0x17F  # the end of Latin Extended-A: the accented letters that have names in HTML 4
ENTITY_CHARACTERS: Final[dict[str, str]] = {
    **{
        name.lower(): chr(code)
        for name, code in name2codepoint.items()
        if code <= LAST_ENTITY_LETTER and chr(code).islower()
    },
    **dict.fromkeys(("apos", "lsquo", "rsquo", "#39", "#039", "#x27", "#8216", "#8217", "#x2018", "#x2019"), "'"),
    **{name: chr(code) for name, code in (("shy", 0xAD), ("zwnj", 0x200C), ("zwj", 0x200D))},
    "lt": "<",
    "gt": ">",
}
"""What stands between ``&`` and ``;``, in lower case, and the characters meant by it."""

AMPERSAND: Final = "&amp;"  # first and alone: texts that were escaped twice hold "&amp;#39;"
ENTITY: Final = "&#?[a-z0-9]+;"
TAG: Final = "</?[a-z!][^<>]*>"
APOSTROPHES: Final = "[\u2018\u2019\u02bc\uff07`\u00b4]"
EXCLAMATIONS: Final = "[\uff01\u00a1]"
QUESTIONS: Final = "[\uff1f\u00bf\u061f\u037e]"
# Soft hyphen, joiners and variation selectors are invisible inside a word or an emoji.
INVISIBLE: Final = "[\u00ad\u200c\u200d\u2060\ufe00-\ufe0f]"
UNSEPARATED: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}" + "\u30fc\uff70]"
SYMBOL: Final = r"[!?\p{So}]"
WORD_CHARACTER: Final = r"[\p{L}\p{M}\p{N}]"

SAMPLED_TEXTS: Final = 1_000
SAMPLED_CHARACTERS: Final = 1_000
LETTERS_PER_BLANK: Final = 8  # with more blanks than this, somebody has separated the words already


Truncation = Literal["head", "tail", "both"]
"""What is kept of a text that is too long: its beginning, its end, or a quarter of the room for the beginning and the rest
for the end."""
TRUNCATIONS: Final[tuple[Truncation, ...]] = get_args(Truncation)

Token = TypeVar("Token")


class Rule(NamedTuple):
    """A substitution: every match of ``pattern`` (RE2) by ``replacement``, in which ``\\0`` stands for the match."""

    pattern: str
    replacement: str


@dataclass(frozen=True)
class Tokenizer:
    """The settings that decide what a token is and which are kept; equal settings give equal tokens.

    Args:
        stop_words: Drop ``ENGLISH_STOP_WORDS``. Default False.
        characters: Make every letter of a script that does not separate words (Han, Hiragana, Katakana, Thai, Lao,
            Khmer, Myanmar) a token of its own, with the marks that belong to it. Default False. ``for_texts`` finds
            out whether it is needed.
        truncate: Which tokens of a text that is too long are kept. Default "head", the first ones.
    """

    stop_words: bool = False
    characters: bool = False
    truncate: Truncation = "head"

    @classmethod
    def for_texts(
        cls, texts: Sequence[str], *, stop_words: bool = False, truncate: Truncation = "head"
    ) -> tuple["Tokenizer", tuple[str, ...]]:
        """The tokeniser that suits these texts, and notes (a line each) on what was found out about them.

        Looks at up to 1,000 texts, evenly spaced, so that equal texts give equal settings.
        """
        step = -(-len(texts) // SAMPLED_TEXTS) or 1
        sample = [text[:SAMPLED_CHARACTERS] for text in texts[::step]]
        letters = "".join(_LETTERS.findall("".join(sample)))
        unseparated = len(_UNSEPARATED.findall(letters))
        blanks = sum(len(text.split()) - 1 for text in sample)
        if unseparated * 2 <= len(letters) or blanks * LETTERS_PER_BLANK > len(letters):
            return cls(stop_words=stop_words, truncate=truncate), ()
        share = f"{unseparated / len(letters):.0%} of the letters are of scripts that do not separate words"
        return cls(stop_words=stop_words, characters=True, truncate=truncate), (
            f"{share}: each such letter is a token.",
        )

    def tokenize(self, text: str) -> list[str]:
        """The tokens of one text: lower case, not empty, without blanks. A text without words gives an empty list."""
        text = text.lower()
        if "&" in text:
            text = _ENTITY.sub(_entity_character, text.replace(AMPERSAND, "&"))
        if "<" in text:
            text = _TAG.sub(" ", text)
        if text.isascii():
            tokens: list[str] = _ASCII_TOKEN.findall(text.replace("`", "'"))
        else:
            text = _INVISIBLE.sub("", text.translate(_PLAIN_MARKS))
            if self.characters:
                text = _UNSEPARATED.sub(r" \g<0> ", text)
            tokens = _TOKEN.findall(text)
        if self.stop_words:
            return [token for token in tokens if token not in ENGLISH_STOP_WORDS]
        return tokens

    def kept(self, max_length: int) -> tuple[int, int]:
        """How many tokens of a text longer than ``max_length`` are kept: of its beginning and of its end."""
        first = {"head": max_length, "tail": 0, "both": max_length // 4}[self.truncate]
        return first, max_length - first

    def cut(self, tokens: list[Token], max_length: int) -> list[Token]:
        """The tokens of a text, or their places, that a model reads: at most ``max_length``."""
        if len(tokens) <= max_length:
            return tokens
        first, last = self.kept(max_length)
        return tokens[:first] + tokens[len(tokens) - last :]

    def rules(self) -> tuple[Rule, ...]:
        """Substitutions for lower-cased text, in order, after which blanks separate the tokens."""
        entities = (Rule(f"&{name};", character) for name, character in ENTITY_CHARACTERS.items())
        characters = (Rule(_UNSEPARATED.pattern, r" \0 "),) if self.characters else ()
        return (
            Rule(AMPERSAND, "&"),
            *entities,
            Rule(ENTITY, " "),
            Rule(TAG, " "),
            Rule(APOSTROPHES, "'"),
            Rule(EXCLAMATIONS, "!"),
            Rule(QUESTIONS, "?"),
            Rule(INVISIBLE, ""),
            *characters,
            Rule(r"[^\p{L}\p{M}\p{N}\p{So}'!?]+", " "),
            Rule(SYMBOL, r" \0 "),
            Rule("''+", " "),
            Rule("(?:^| )'", " "),
            Rule("'(?: |$)", " "),
        )


_ENTITY = re.compile(ENTITY)
_TAG = re.compile(TAG)
_INVISIBLE = re.compile(INVISIBLE)
_UNSEPARATED = regex.compile(UNSEPARATED + r"\p{M}*")
_LETTERS = regex.compile(r"\p{L}+")
_TOKEN = regex.compile(rf"{WORD_CHARACTER}+(?:'{WORD_CHARACTER}+)*|{SYMBOL}")
_ASCII_TOKEN = re.compile("[a-z0-9]+(?:'[a-z0-9]+)*|[!?]")  # the same for ASCII, several times as fast
_PLAIN_MARKS = str.maketrans(
    {
        **dict.fromkeys(APOSTROPHES.strip("[]"), "'"),
        **dict.fromkeys(EXCLAMATIONS.strip("[]"), "!"),
        **dict.fromkeys(QUESTIONS.strip("[]"), "?"),
    }
)


def _entity_character(match: re.Match[str]) -> str:
    return ENTITY_CHARACTERS.get(match.group()[1:-1], " ")
