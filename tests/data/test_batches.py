from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.data.batches import Batch, Buckets, count_real_tokens, evaluation_batches, exact_plan, training_batches
from tuner.data.encoded import EncodedDataset
from tuner.errors import InputError

BUCKETS = Buckets((4, 8, 12), 0.0)
BATCH_SIZE = st.integers(1, 9)


def dataset(lengths: list[int]) -> EncodedDataset:
    """Texts whose tokens are all different, so that every row can be told from its first token."""
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return EncodedDataset(
        tokens=np.arange(2, 2 + offsets[-1], dtype=np.int32),
        offsets=offsets.astype(np.int64),
        labels=(np.arange(len(lengths)) % 3).astype(np.int32),
    )


DATA = st.lists(st.integers(1, 15), max_size=60).map(dataset)


def contents(batches: list[Batch]) -> Counter[tuple[tuple[int, ...], int]]:
    """The texts (without padding) and labels of all rows that count."""
    return Counter(
        (tuple(batch.tokens[row, : batch.lengths[row]].tolist()), int(batch.labels[row]))
        for batch in batches
        for row in np.flatnonzero(batch.weights)
    )


def expected(data: EncodedDataset) -> Counter[tuple[tuple[int, ...], int]]:
    starts = zip(data.offsets[:-1], data.offsets[1:], data.labels, strict=True)
    return Counter((tuple(data.tokens[start:end][:12].tolist()), int(label)) for start, end, label in starts)


@given(DATA, BATCH_SIZE, st.integers(0, 5))
def test_an_epoch_holds_every_text_once(data: EncodedDataset, batch_size: int, epoch: int) -> None:
    batches = list(training_batches(data, BUCKETS, batch_size, seed_sequence=[7, epoch]))
    assert contents(batches) == expected(data)
    assert contents([batch for _, batch in evaluation_batches(data, BUCKETS, batch_size)]) == expected(data)
    assert len(batches) == -(-len(data) // batch_size)
    assert sum(map(count_real_tokens, batches)) == np.minimum(data.lengths, 12).sum()


@given(DATA, BATCH_SIZE)
def test_shapes_are_few_and_padding_is_on_the_right(data: EncodedDataset, batch_size: int) -> None:
    for batch in training_batches(data, BUCKETS, batch_size, seed_sequence=[1]):
        length = batch.tokens.shape[1]
        assert length in BUCKETS.boundaries
        assert batch.tokens.shape == (batch_size, length)
        assert batch.lengths.shape == batch.labels.shape == batch.weights.shape == (batch_size,)
        assert [array.dtype for array in batch[:4]] == [np.int32, np.int32, np.int32, np.float32]
        padding = np.arange(length) >= batch.lengths[:, None]
        assert (batch.tokens[padding] == 0).all()
        assert (batch.tokens[~padding] > 0).all()
        assert (batch.lengths >= 1).all()


@given(DATA, BATCH_SIZE)
def test_only_one_batch_is_filled_up_and_by_rows_without_weight(data: EncodedDataset, batch_size: int) -> None:
    short = [
        batch for batch in training_batches(data, BUCKETS, batch_size, seed_sequence=[1]) if (batch.weights == 0).any()
    ]
    assert len(short) == (len(data) % batch_size > 0)
    for batch in short:
        filler = batch.weights == 0
        assert batch.tokens.shape[1] == 12
        assert (batch.lengths[filler] == 1).all()
        assert (batch.tokens[filler, 0] == 1).all()
        assert not batch.tokens[filler, 1:].any()
        assert not batch.labels[filler].any()


@given(DATA, BATCH_SIZE)
def test_evaluation_tells_the_rows(data: EncodedDataset, batch_size: int) -> None:
    first_tokens = np.zeros(len(data), np.int32)
    for rows, batch in evaluation_batches(data, BUCKETS, batch_size):
        real = rows >= 0
        np.testing.assert_array_equal(real, batch.weights > 0)
        np.testing.assert_array_equal(batch.labels[real], data.labels[rows[real]])
        first_tokens[rows[real]] = batch.tokens[real, 0]
    np.testing.assert_array_equal(first_tokens, data.tokens[data.offsets[:-1]])


@given(DATA, BATCH_SIZE)
def test_an_exact_plan_pads_each_text_to_its_own_bucket(data: EncodedDataset, batch_size: int) -> None:
    plan = exact_plan(data.lengths, BUCKETS, batch_size)
    for boundary, rows in plan:
        assert 1 <= len(rows) <= batch_size
        assert {min(b for b in BUCKETS.boundaries if b >= min(length, 12)) for length in data.lengths[rows]} == {
            boundary
        }
    assert sorted(row for _, rows in plan for row in rows) == list(range(len(data)))


def test_leftovers_move_to_the_next_longer_bucket() -> None:
    data = dataset([1] * 5 + [6] * 3 + [12] * 2)
    batches = list(evaluation_batches(data, BUCKETS, 4))
    assert [batch.tokens.shape[1] for _, batch in batches] == [4, 8, 12]
    assert [rows.tolist() for rows, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, -1, -1]]


def test_the_order_follows_from_the_seeds() -> None:
    data = dataset([1 + number % 12 for number in range(300)])

    def order(*seeds: int) -> list[int]:
        batches = training_batches(data, BUCKETS, 8, seed_sequence=seeds)
        return [token for batch in batches for token in batch.tokens[:, 0].tolist()]

    assert order(1, 2, 3) == order(1, 2, 3)
    assert order(1, 2, 3) != order(1, 2, 4)
    lengths = [batch.tokens.shape[1] for batch in training_batches(data, BUCKETS, 8, seed_sequence=[1])]
    assert lengths != sorted(lengths)

    def company(seed: int) -> set[frozenset[int]]:
        batches = training_batches(data, BUCKETS, 8, seed_sequence=[seed])
        return {frozenset(batch.tokens[:, 0].tolist()) for batch in batches}

    assert not company(1) & company(2)


def test_the_arrays_may_be_read_only() -> None:
    data = dataset([3, 5, 9])
    for array in (data.tokens, data.offsets, data.labels):
        array.setflags(write=False)
    assert contents(list(training_batches(data, BUCKETS, 2, seed_sequence=[0]))) == expected(data)


def test_batch_size_zero_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"batch_size must be at least 1\. Received: 0"):
        list(training_batches(dataset([1]), BUCKETS, 0, seed_sequence=[0]))
    with pytest.raises(InputError, match=r"batch_size must be at least 1\. Received: 0"):
        list(evaluation_batches(dataset([1]), BUCKETS, 0))


@given(DATA, st.integers(1, 60))
def test_a_budget_of_tokens_fills_batches_of_short_texts_with_more_of_them(data: EncodedDataset, budget: int) -> None:
    batches = list(training_batches(data, BUCKETS, 64, seed_sequence=[3], batch_tokens=budget))
    assert contents(batches) == expected(data)
    for batch in batches:
        rows, length = batch.tokens.shape
        assert rows == max(1, budget // length)
    assert sum((batch.weights == 0).any() for batch in batches) <= 1


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_of_an_epoch_are_all_its_batches_in_their_order(count):
    data = dataset([3, 5, 8, 2, 30, 31, 9, 4, 12, 1, 17, 25, 2, 2])
    whole = training_batches(data, BUCKETS, 2, seed_sequence=[4])
    parts = [whole.part(number, count) for number in range(count)]
    assert contents([batch for part in parts for batch in part]) == contents(list(whole))
    assert sum(map(len, parts)) == len(whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    rows = [part.rows.tolist() for part in parts]
    assert [part.texts_before for part in parts] == [sum(map(len, rows[:number])) for number in range(count)]
    assert sorted(row for part in rows for row in part) == list(range(len(data)))


def test_an_epoch_has_no_more_parts_than_batches():
    with pytest.raises(
        InputError, match="an epoch has 2 batches, fewer than its 3 reports; use smaller batches or fewer"
    ):
        training_batches(dataset([3, 5, 8]), BUCKETS, 2, seed_sequence=[4]).part(0, 3)
