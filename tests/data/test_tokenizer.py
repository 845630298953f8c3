import re
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tuner.data.tokenizer import ENGLISH_STOP_WORDS, ENTITY_CHARACTERS, Tokenizer

IMDB = Path(__file__).parents[3] / "shared" / "data" / "imdb.parquet"
# Pieces that meet in real texts and whose rules could disturb each other.
MARKUP = ("<br />", "</b>", "<", "&amp;", "&eacute;", "&#39;", "&zwj;", "&a", "mp;", "&LT;")
MARKS = ("'", "''", "`", "!", "?", "？", "_", "-", " ", "\n", "\u3000", "\u00ad", "\u0301")
WORDS = ("don't", "L’été", "😡❤️", "这部", "กำลัง", "ー", "İ", "ΟΔΟΣ", "x", "9")
PIECES = st.sampled_from((*MARKUP, *MARKS, *WORDS))
TEXTS = st.text() | st.lists(PIECES).map("".join)
TOKENIZERS = st.builds(Tokenizer, stop_words=st.booleans(), characters=st.booleans())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A GOOD film.<br /><br>Really!?", ["a", "good", "film", "really", "!", "?"]),
        ("<p class='x'>Bread &amp; butter</p>", ["bread", "butter"]),
        ("don't, it&#39;s, it&rsquo;s, rock 'n' roll, ''so''", ["don't", "it's", "it's", "rock", "n", "roll", "so"]),
        ("L’ÉTÉ, d&eacute;j&agrave; vu", ["l'été", "déjà", "vu"]),
        ("cafe\u0301 Привет 3 < 4", ["cafe\u0301", "привет", "3", "4"]),
        ("&lt;br /&gt;&amp;#39;&nbsp;a", ["a"]),
        ("¡Hola! 真的？ love❤️it", ["!", "hola", "!", "真的", "?", "love", "❤", "it"]),
        ("<3 this and I <3 that", ["3", "this", "and", "i", "3", "that"]),
        (" \t\n", []),
    ],
)
def test_words(text: str, tokens: list[str]) -> None:
    assert Tokenizer().tokenize(text) == tokens


def test_scripts_that_do_not_separate_words_become_characters() -> None:
    tokens = Tokenizer(characters=True).tokenize("这部film很好2次！กำลัง")
    assert tokens == ["这", "部", "film", "很", "好", "2", "次", "!", "ก", "ำ", "ลั", "ง"]


def test_stop_words_leave_negations_in() -> None:
    tokens = Tokenizer(stop_words=True).tokenize("It was not the best, but I don't think it's never good")
    assert tokens == ["not", "best", "but", "don't", "think", "never", "good"]
    turning = "not no never nor don't can't cannot without hardly but however very too"
    assert " ".join(Tokenizer(stop_words=True).tokenize(turning)) == turning


def test_stop_words_are_tokens() -> None:
    assert all(Tokenizer().tokenize(word) == [word] for word in ENGLISH_STOP_WORDS)


@given(TOKENIZERS, TEXTS)
def test_tokens_of_any_text_are_lower_case_and_without_blanks(tokenizer: Tokenizer, text: str) -> None:
    for token in tokenizer.tokenize(text):
        assert token
        assert token == token.lower()
        assert not re.search(r"\s", token)


@given(TOKENIZERS, TEXTS)
def test_the_short_way_and_the_rules_give_the_same_tokens(tokenizer: Tokenizer, text: str) -> None:
    by_rules = text.lower()
    for rule in tokenizer.rules():
        by_rules = regex.sub(rule.pattern, rule.replacement.replace(r"\0", r"\g<0>"), by_rules)
    stopped = ENGLISH_STOP_WORDS if tokenizer.stop_words else frozenset()
    assert tokenizer.tokenize(text) == [token for token in by_rules.split() if token not in stopped]


def test_rules_keep_to_what_re2_knows() -> None:
    for rule in Tokenizer(characters=True).rules():
        assert not re.search(r"\(\?[=!<]|\\[1-9]|\\x\{?", rule.pattern)


def test_no_entity_can_build_another_one() -> None:
    assert not any(
        set(character) & set("&#;abcdefghijklmnopqrstuvwxyz0123456789") for character in ENTITY_CHARACTERS.values()
    )


@pytest.mark.parametrize(
    ("texts", "characters"),
    [
        (["一部好电影", "很好"], True),
        (["とても良い映画でした。ストーリーも最高"], True),
        (["ภาพยนตร์เรื่องนี้ดีมาก"], True),
        (["这 部 电影 很 好 看", "不 好"], False),
        (["정말 좋은 영화였어요"], False),
        (["A good film about 東京"], False),
        (["", "12 !"], False),
        ([], False),
    ],
)
def test_characters_are_used_where_blanks_do_not_separate_words(texts: list[str], characters: bool) -> None:
    tokenizer, notes = Tokenizer.for_texts(texts, stop_words=True)
    assert tokenizer == Tokenizer(stop_words=True, characters=characters)
    assert len(notes) == characters


@given(st.lists(TEXTS))
def test_any_texts_have_a_tokenizer(texts: list[str]) -> None:
    assert Tokenizer.for_texts(texts) == Tokenizer.for_texts(tuple(texts))


@pytest.mark.skipif(not IMDB.exists(), reason="needs ../shared/data/imdb.parquet")
def test_film_reviews_give_the_words_of_the_reference_pattern() -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    tokenizer = Tokenizer()
    for text in pq.read_table(IMDB, columns=["text"])["text"].slice(0, 500).to_pylist():
        if text.isascii() and "&" not in text and "`" not in text:
            reference = re.findall("[a-z0-9']+|[!?]", re.sub("</?[a-z!][^<>]*>", " ", text.lower()))
            inner = [part for token in reference for part in re.split("''+", token.strip("'")) if part]
            assert tokenizer.tokenize(text) == inner


@pytest.mark.parametrize(
    ("truncate", "max_length", "kept"),
    [
        *(("head", 4, "abcd"), ("tail", 4, "efgh"), ("both", 4, "afgh"), ("both", 3, "fgh"), ("both", 1, "h")),
        *((truncate, 8, "abcdefgh") for truncate in ("head", "tail", "both")),
    ],
)
def test_what_is_kept_of_a_text_that_is_too_long(truncate, max_length, kept):
    assert Tokenizer(truncate=truncate).cut(list("abcdefgh"), max_length) == list(kept)
