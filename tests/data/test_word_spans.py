from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.data.tokenizer import Tokenizer
from tuner.data.word_spans import word_spans

# Pieces that meet in real texts and whose rules could disturb each other.
MARKUP = (
    "<br />",
    "</b>",
    "<",
    ">",
    "&lt;",
    "&amp;GT;",
    "&amp;",
    "&eacute;",
    "&amp;#39;",
    "&zwj;",
    "&shy;",
    "&a",
    "mp;",
)
MARKS = ("'", "''", "`", "ʼ", "!", "？", "_", "-", " ", "\n", "\u3000", "\u00ad", "\u200d", "\u0301", "\ufe0f")
WORDS = ("don't", "L’été", "😡❤️", "这部", "กำลัง", "ー", "İ", "K", "ΟΔΟΣ", "the", "x", "9")
TEXTS = st.text() | st.lists(st.sampled_from((*MARKUP, *MARKS, *WORDS))).map("".join)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's GOOD -- really?! 😡👍🏽 (9/10)", ["It's", "GOOD", "really", "?", "!", "😡", "👍", "9", "10"]),
        ("<p class='x'>L&rsquo;&eacute;t&eacute;</p> &lt;b&gt;R&amp;D &nbsp;", ["L&rsquo;&eacute;t&eacute;", "R", "D"]),
        ("''so'' rock 'n' roll", ["so", "rock", "n", "roll"]),
        ("co\u00adop\u200b love❤\ufe0fit", ["co\u00adop", "love", "❤\ufe0f", "it"]),
        ("这部film很好，ดีมาก", ["这部film很好", "ดีมาก"]),
        (" .\n", []),
    ],
)
def test_words_stand_where_they_are_read(text, words):
    assert [text[start:end] for start, end in word_spans(text, Tokenizer())] == words


def test_scripts_that_do_not_separate_words_stand_letter_by_letter():
    text = "这部film。กำลัง"
    spans = word_spans(text, Tokenizer(characters=True))
    assert [text[start:end] for start, end in spans] == ["这", "部", "film", "ก", "ำ", "ลั", "ง"]


@given(TEXTS, st.booleans(), st.booleans())
def test_they_are_the_tokens_of_the_tokeniser(text, characters, stop_words):
    tokenizer = Tokenizer(characters=characters, stop_words=stop_words)
    spans = word_spans(text, tokenizer)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    tokens = [tokenizer.tokenize(text[start:end]) for start, end in spans]
    assert all(len(one) == 1 for one in tokens)
    # Which of the two small sigmas it is depends on what stands around the word.
    assert [one[0].replace("ς", "σ") for one in tokens] == [one.replace("ς", "σ") for one in tokenizer.tokenize(text)]
