from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.data.batches import Buckets, choose_buckets
from tuner.errors import InputError

LENGTHS = st.lists(st.integers(1, 70), min_size=1, max_size=60).map(np.array)


def positions(boundaries: tuple[int, ...], lengths: np.ndarray) -> int:
    kept = np.minimum(lengths, boundaries[-1])
    return sum(min(boundary for boundary in boundaries if boundary >= length) for length in kept)


@given(LENGTHS, st.integers(1, 80), st.integers(1, 4), st.integers(0, 300))
def test_no_other_choice_is_cheaper(lengths: np.ndarray, max_length: int, max_buckets: int, cost: int) -> None:
    buckets = choose_buckets(lengths, max_length=max_length, max_buckets=max_buckets, shape_cost_tokens=cost)
    last = min(-(-min(int(lengths.max()), max_length) // 8) * 8, max_length)
    assert buckets.boundaries[-1] == last
    chosen = positions(buckets.boundaries, lengths) + cost * len(buckets.boundaries)
    for count in range(min(max_buckets, 3)):
        for others in combinations(range(8, last, 8), count):
            assert chosen <= positions((*others, last), lengths) + cost * (count + 1)


@given(LENGTHS, st.integers(1, 80), st.integers(1, 5), st.integers(0, 300))
def test_every_text_has_the_shortest_bucket_that_holds_it(
    lengths: np.ndarray, max_length: int, max_buckets: int, cost: int
) -> None:
    buckets = choose_buckets(lengths, max_length=max_length, max_buckets=max_buckets, shape_cost_tokens=cost)
    boundaries = np.array(buckets.boundaries)
    assert 1 <= len(boundaries) <= max_buckets
    assert (np.diff(boundaries) > 0).all()
    kept = np.minimum(lengths, max_length)
    bucket = buckets.assign(lengths)
    assert (boundaries[bucket] >= kept).all()
    assert (np.append(0, boundaries)[bucket] < kept).all()
    assert buckets.padding_share == pytest.approx(1 - kept.sum() / positions(buckets.boundaries, lengths))


def test_small_data_get_one_shape_and_large_data_several() -> None:
    lengths = np.random.default_rng([1]).geometric(1 / 150, 1_000)
    assert len(choose_buckets(lengths[:100], max_length=400).boundaries) == 1
    assert len(choose_buckets(np.tile(lengths, 30), max_length=400).boundaries) == 4
    costs = [0, 10_000, 100_000, 10_000_000]
    counts = [len(choose_buckets(lengths, max_length=400, shape_cost_tokens=cost).boundaries) for cost in costs]
    assert counts == sorted(counts, reverse=True)


def test_longer_texts_than_the_last_boundary_are_cut() -> None:
    buckets = Buckets.for_lengths((8, 12), np.array([3, 12, 100]))
    assert buckets.assign(np.array([1, 8, 9, 500])).tolist() == [0, 0, 1, 1]
    assert buckets.padding_share == pytest.approx(1 - 27 / 32)


def test_bad_input_is_named() -> None:
    lengths = np.array([3])
    with pytest.raises(InputError, match="Received: 0 texts"):
        choose_buckets(lengths[:0], max_length=8)
    with pytest.raises(InputError, match=r"max_length must be at least 1 token\. Received: 0"):
        choose_buckets(lengths, max_length=0)
    with pytest.raises(InputError, match=r"max_buckets must be at least 1\. Received: 0"):
        choose_buckets(lengths, max_length=8, max_buckets=0)
    with pytest.raises(InputError, match=r"shape_cost_tokens must not be negative\. Received: -1"):
        choose_buckets(lengths, max_length=8, shape_cost_tokens=-1)
