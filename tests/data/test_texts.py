import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.data import texts as module
from tuner.data.text_dataset import make_dataset
from tuner.data.texts import Texts

STRINGS = st.lists(st.text(st.characters(codec="utf-8"), max_size=5))


def agree(texts: Texts, strings: Sequence[str]) -> None:
    assert list(texts) == list(strings)
    assert texts == tuple(strings)
    assert len(texts) == len(strings)
    assert [texts[row] for row in range(len(texts))] == list(strings)
    assert texts.sizes().tolist() == [len(string.encode()) for string in strings]
    assert bytes(texts.content()) == "".join(strings).encode()


@given(STRINGS, st.lists(st.integers(0, 1_000)), st.integers(1, 3))
def test_texts_are_a_sequence_of_strings(strings, numbers, step):
    texts = Texts.of(strings)
    agree(texts, strings)
    agree(texts[::step], strings[::step])
    rows = np.array([number % len(strings) for number in numbers if strings], np.int64)
    agree(texts.take(rows), [strings[row] for row in rows])
    agree(texts.take(rows)[1:], [strings[row] for row in rows[1:]])
    agree(texts.take(rows).take(np.arange(len(rows))[::-1]), [strings[row] for row in rows[::-1]])


def test_long_sequences_are_read_in_pieces(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 3)
    strings = [f"é{number}" for number in range(10)]
    assert list(Texts.of(strings)) == strings
    assert list(Texts.of(strings).take(np.arange(9))) == strings[:9]


def test_other_texts_are_not_equal():
    texts = Texts.of(["a", "b"])
    assert texts != ["a"]
    assert texts != ["a", "c"]
    assert texts != "ab"


@pytest.mark.parametrize("strings", [[], [""], ["a", "", "ü\n"]])
def test_a_saved_file_has_the_same_texts(tmp_path: Path, strings):
    Texts.of(strings).save(tmp_path / "texts.arrow")
    agree(Texts.open(tmp_path / "texts.arrow"), strings)
    Texts.of(["x", *strings]).take(np.arange(1, len(strings) + 1)).save(tmp_path / "some.arrow")
    agree(Texts.open(tmp_path / "some.arrow"), strings)


def test_the_fingerprint_is_of_lengths_and_bytes():
    dataset = make_dataset("x", ["é", "b"], ["yes", "no"])
    expected = hashlib.sha256()
    for lengths, content in (((2, 2, 3), b"noyes"), ((2, 2, 1), "éb".encode())):
        expected.update(np.array(lengths, "<i8").tobytes() + content)
    expected.update(np.array([1, 0], "<i4").tobytes() + b"no split")
    assert dataset.fingerprint == expected.hexdigest()
