import random
import unicodedata

import numpy as np
import pytest

from support.covering import FULL_CONTRACT
from support.encoding import encode_one_by_one
from support.vocabularies import fitted
from tuner.data.tokenizer import Tokenizer
from tuner.data.vocabulary import Vocabulary

pytestmark = pytest.mark.tensorflow

EVERY = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000))]
# Three in four are unassigned or private: nobody writes them, and one rule is for all of them.
WRITTEN = [char for char in EVERY if unicodedata.category(char) not in ("Cn", "Co")]
SEEN = EVERY if FULL_CONTRACT else [*WRITTEN, *EVERY[::101]]
# What meets in real texts, and what the context of a final sigma is made of.
PIECES = ("ΣΑςσ", "'", "’", "\u0301", "ʰ", "İ", "·", "\u00ad", "&eacute;", "&amp;#39;", "&zwj;", "&", ";", "<br />",
          "这部", "กำลัง", "ー", "😡❤️", "don't", "THE", "was", "GOOD", " ", "\n", "?!", "¿", "\0", "9", "ẞ", "<")  # fmt: skip
SETTINGS = [
    *(Tokenizer(stop_words=stop, characters=chars) for stop in (False, True) for chars in (False, True)),
    *(Tokenizer(stop_words=True, truncate=truncate) for truncate in ("tail", "both")),
]


def random_texts(count, seed):
    generator = random.Random(seed)
    return [
        "".join(
            generator.choice(PIECES if generator.random() < 0.7 else EVERY) for _ in range(generator.randint(0, 30))
        )
        for _ in range(count)
    ]


def graph(tokenizer, vocabulary, max_length=20):
    from tuner.models.device import quiet_tensorflow

    tf = quiet_tensorflow(1)
    from tuner.export.text_graph import TextGraph

    text_graph = TextGraph(tokenizer, vocabulary, max_length)
    spec = [tf.TensorSpec([None], tf.string)]
    ids = tf.function(text_graph.ids, input_signature=spec, autograph=False)
    normalise = tf.function(text_graph.normalise, input_signature=spec, autograph=False)
    return (
        lambda texts: [result.numpy() for result in ids(tf.constant(texts, tf.string))],
        lambda texts: normalise(tf.constant(texts, tf.string)).numpy(),
    )


@pytest.mark.parametrize("tokenizer", SETTINGS, ids=repr)
def test_2000_random_unicode_strings_get_the_same_ids(tokenizer):
    texts = random_texts(2000, seed=7)
    vocabulary = fitted([tokenizer.tokenize(text) for text in texts[::2]], min_freq=1)
    expected = encode_one_by_one(texts, tokenizer, vocabulary, 20)
    ids, lengths = graph(tokenizer, vocabulary)[0]([text.encode() for text in texts])
    np.testing.assert_array_equal(lengths, expected.lengths)
    np.testing.assert_array_equal(ids[ids > 0], expected.tokens)
    assert ((ids > 0) == (np.arange(ids.shape[1]) < lengths[:, None])).all()


def test_every_character_is_read_alike():
    tokenizer = Tokenizer(characters=True)
    normalised = graph(tokenizer, Vocabulary(("a",), (1,), 1))[1]([char.encode() for char in SEEN])
    assert [
        char for char, text in zip(SEEN, normalised, strict=True) if text.decode().split() != tokenizer.tokenize(char)
    ] == []


def test_bytes_that_are_no_utf8_are_read_as_replacement_characters():
    raw = [b"good \xff film", b"\xc3", b"\xed\xa0\x80bad", b"bad\xf0\x9f"]
    tokenizer = Tokenizer()
    vocabulary = Vocabulary(("good", "film", "bad"), (1, 1, 1), 3)
    expected = encode_one_by_one([text.decode(errors="replace") for text in raw], tokenizer, vocabulary, 20)
    ids, lengths = graph(tokenizer, vocabulary)[0](raw)
    np.testing.assert_array_equal(lengths, expected.lengths)
    np.testing.assert_array_equal(ids[ids > 0], expected.tokens)


@pytest.mark.parametrize("texts", [[], [""], ["", "..."]])
def test_texts_without_words_are_the_token_unknown_and_no_texts_are_none(texts):
    ids, lengths = graph(Tokenizer(), Vocabulary(("a",), (1,), 1))[0](texts)
    assert ids.tolist() == [[1]] * len(texts)
    assert lengths.tolist() == [1] * len(texts)


@pytest.mark.parametrize("truncate", ["head", "tail", "both"])
@pytest.mark.parametrize("max_length", [1, 3, 4, 9])
def test_the_same_tokens_are_kept_of_texts_of_every_length(truncate, max_length):
    tokenizer = Tokenizer(truncate=truncate)
    letters = "abcdefghijkl"
    texts = [" ".join(letters[:length]) for length in (0, 1, 2, 3, 4, 5, 9, 10, 12)]
    vocabulary = Vocabulary(tuple(letters), (1,) * 12, 12)
    expected = encode_one_by_one(texts, tokenizer, vocabulary, max_length)
    ids, lengths = graph(tokenizer, vocabulary, max_length)[0](texts)
    np.testing.assert_array_equal(lengths, expected.lengths)
    np.testing.assert_array_equal(ids[ids > 0], expected.tokens)
