import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.vocabularies import fitted, ids_of
from tuner.data.vocabulary import FIRST_WORD_ID, UNKNOWN_ID, Vocabulary
from tuner.errors import InputError

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefghij")))
ANY_WORDS = st.lists(st.lists(st.text(st.characters(codec=None))))


def test_ids_are_frequency_ranks_and_ties_are_alphabetical() -> None:
    vocabulary = fitted([["b", "b", "c", "a"], ["c", "a", "z", "b"]])
    assert vocabulary.words == ("b", "a", "c")
    assert vocabulary.counts == (3, 2, 2)
    assert vocabulary.size == 5
    assert ids_of(vocabulary, ["b", "a", "c", "z", "?"]) == [2, 3, 4, 1, 1]


def test_the_greatest_size_counts_padding_and_unknown() -> None:
    vocabulary = fitted([list("aaabbc")], min_freq=1, max_tokens=4)
    assert vocabulary.size == 4
    assert vocabulary.words == ("a", "b")


def test_coverage_is_the_share_of_running_tokens() -> None:
    vocabulary = fitted([list("aaabbcd")], min_freq=1)
    assert vocabulary.coverage(2) == 0
    assert vocabulary.coverage(3) == 3 / 7
    assert vocabulary.coverage(4) == 5 / 7
    assert vocabulary.coverage() == vocabulary.coverage(1_000) == 1
    assert fitted([list("aab")]).coverage() == 2 / 3
    assert fitted([]).coverage() == 0


@given(DOCUMENTS, st.integers(0, 15), st.integers(1, 3))
def test_in_a_smaller_vocabulary_the_ids_beyond_are_unknown(
    documents: list[list[str]], size: int, min_freq: int
) -> None:
    vocabulary = fitted(documents, min_freq=min_freq)
    smaller = vocabulary.cut(size)
    assert smaller.size == max(min(size, vocabulary.size), FIRST_WORD_ID)
    for document in documents:
        known = [number if number < size else UNKNOWN_ID for number in ids_of(vocabulary, document)]
        assert ids_of(smaller, document) == known


@given(DOCUMENTS, st.integers(3, 15))
def test_a_cut_is_what_fitting_at_that_size_gives(documents: list[list[str]], size: int) -> None:
    assert fitted(documents).cut(size) == fitted(documents, max_tokens=size)


@given(DOCUMENTS)
def test_the_order_of_documents_does_not_matter(documents: list[list[str]]) -> None:
    assert fitted(documents) == fitted(reversed([document[::-1] for document in documents]))


@given(documents=ANY_WORDS)
def test_words_of_any_characters_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.json"
    vocabulary = fitted(documents, min_freq=1)
    vocabulary.save(path)
    assert Vocabulary.load(path) == vocabulary
    assert [file.name for file in path.parent.iterdir()] == ["vocabulary.json"]


def test_the_file_has_a_word_a_line(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary.json"
    fitted([["été", "été", 'a"b', 'a"b']]).save(path)
    assert path.read_text(encoding="utf-8").splitlines() == [
        '{"total_tokens": 4, "words_and_counts": [',
        '["a\\"b", 2],',
        '["été", 2]',
        "]}",
    ]


@pytest.mark.parametrize(
    "content", ["", "[1, 2]", '{"total_tokens": 1}', '{"total_tokens": 1, "words_and_counts": [3]}', "\xff"]
)
def test_a_damaged_file_is_an_input_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"^.*is not a vocabulary \(.*\)\. Restore"):
        Vocabulary.load(path)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'none.json'}: is missing; restore it")):
        Vocabulary.load(tmp_path / "none.json")


def test_settings_out_of_range_are_input_errors() -> None:
    with pytest.raises(InputError, match=r"min_freq=0: must be at least 1"):
        fitted([["a"]], min_freq=0)
    with pytest.raises(InputError, match=r"max_tokens=2: must be at least 3"):
        fitted([["a"]], max_tokens=2)
