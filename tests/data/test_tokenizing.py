import os
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.data import tokenizing
from tuner.data.texts import Texts
from tuner.data.tokenizer import TRUNCATIONS, Tokenizer
from tuner.data.tokenizing import tokenize_all, tokenize_piece

TEXTS = st.lists(
    st.text("aB' `!?&;<>é\x00\n", max_size=12) | st.sampled_from(["it's the end", "a&amp;b", "x<br>y", "''a''"])
)
PARTS = st.lists(TEXTS, max_size=3)


TOKENIZER = Tokenizer()


def tokens_of(
    parts: list[list[str]], max_length: int, tokenizer: Tokenizer = TOKENIZER
) -> tuple[list[list[str]], list[list[int]]]:
    """The tokens of each part, and the number that each text has."""
    tokens: list[list[str]] = [[] for _ in parts]
    counts: list[list[int]] = [[] for _ in parts]
    for number, piece in tokenize_all([Texts.of(part) for part in parts], tokenizer, max_length):
        tokens[number] += [piece.words[int(place)].as_py() for place in piece.tokens]
        counts[number] += piece.counts.tolist()
    return tokens, counts


@settings(deadline=None)
@given(PARTS, st.integers(1, 5), st.integers(1, 30), st.booleans(), st.sampled_from(TRUNCATIONS))
def test_tokens_are_those_of_each_text_by_itself_whatever_the_pieces(
    parts, max_length, piece_bytes, stop_words, truncate
):
    tokenizer = Tokenizer(stop_words=stop_words, truncate=truncate)
    expected = [[tokenizer.tokenize(text) for text in part] for part in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizing, "PIECE_BYTES", piece_bytes)
        tokens, counts = tokens_of(parts, max_length, tokenizer)
    assert tokens == [[token for words in part for token in tokenizer.cut(words, max_length)] for part in expected]
    assert counts == [[len(words) for words in part] for part in expected]


def test_a_small_data_set_starts_no_process(monkeypatch):
    monkeypatch.setattr(tokenizing, "_in_processes", None)
    texts = Texts.of([f"{'word ' * 40}{number}" for number in range(50_000)])
    assert sum(len(piece.counts) for _, piece in tokenize_all([texts], TOKENIZER, 4)) == 50_000


PIECES = [[f"word{number % 7} " * (number % 5) for number in range(start, start + 50)] for start in (0, 30)]


@pytest.fixture
def _two_processes(monkeypatch):
    monkeypatch.setattr(tokenizing, "PIECE_BYTES", 100)
    monkeypatch.setattr(tokenizing, "_processes", lambda _: 2)


@pytest.mark.slow
@pytest.mark.usefixtures("_two_processes")
def test_several_processes_give_what_one_gives(monkeypatch):
    found = tokens_of(PIECES, 3)
    monkeypatch.setattr(tokenizing, "_processes", lambda _: 1)
    assert found == tokens_of(PIECES, 3)


def interrupted_there(texts, *given):
    os.kill(os.getpid(), signal.SIGINT)
    return tokenize_piece(texts, *given)


@pytest.mark.slow
@pytest.mark.usefixtures("_two_processes")
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no mask of signals")
def test_processes_leave_an_interruption_to_the_one_that_started_them(monkeypatch):
    expected, driver = tokens_of(PIECES, 3), os.getpid()
    monkeypatch.setattr(
        tokenizing,
        "tokenize_piece",
        lambda *given: interrupted_there(*given) if os.getpid() != driver else pytest.fail("a process has ended"),
    )
    assert tokens_of(PIECES, 3) == expected
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def killed_there(texts, *_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.usefixtures("_two_processes")
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_where_a_process_is_killed_the_rest_is_done_here(monkeypatch):
    expected, driver = tokens_of(PIECES, 3), os.getpid()
    monkeypatch.setattr(
        tokenizing,
        "tokenize_piece",
        lambda *given: tokenize_piece(*given) if os.getpid() == driver else killed_there(*given),
    )
    assert tokens_of(PIECES, 3) == expected
