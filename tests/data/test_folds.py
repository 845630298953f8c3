import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from support.covering import examples
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.folds import draw_folds, folds_fingerprint
from tuner.data.splits import Splits, group_texts, split_rows
from tuner.data.text_dataset import TextDataset, make_dataset
from tuner.errors import InputError


def uneven(rows: int, every: int = 6) -> TextDataset:
    """Every fourth text occurs twice, once with blanks around it."""
    texts = [f"text {i}" if i % 4 else f" text {i + 1} " for i in range(rows)]
    return make_dataset("d", texts, ["rare" if i // 2 % every == 0 else "frequent" for i in range(rows)])


@settings(deadline=None, max_examples=examples(20))
@given(st.integers(150, 250), st.integers(2, 5), st.integers(0, 20))
def test_folds_are_those_of_scikit_learn(rows, count, seed):
    dataset = uneven(rows)
    splits = split_rows(dataset, seed=0)
    folds = draw_folds(dataset, splits, count, seed=seed)
    pool = np.concatenate([splits.train, splits.validation])
    groups, labels = group_texts(dataset.texts.take(pool)), dataset.labels[pool]
    dealer = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    for number, (train, validation) in enumerate(dealer.split(pool, labels, groups), start=1):
        np.testing.assert_array_equal(np.flatnonzero(folds == number), np.sort(validation))
        assert not set(groups[train]) & set(groups[validation])
        assert set(labels[validation]) == set(labels[train]) == {0, 1}
    assert set(folds) == set(range(1, count + 1))


def test_a_class_with_fewer_texts_than_folds_is_named_with_what_helps():
    dataset = make_dataset("d", [f"text {i}" for i in range(40)], ["a", "b"] * 18 + ["c", "c", "c", "a"])
    splits = split_rows(dataset, seed=0)
    with pytest.raises(InputError, match=r"class 'c' has [12] different texts? .* `min_class_count`"):
        draw_folds(dataset, splits, 3, seed=0)


def test_texts_to_test_on_are_in_no_fold_and_a_class_that_only_they_have_does_no_harm():
    dataset = make_dataset("d", [f"text {i}" for i in range(40)], ["a", "b"] * 18 + ["c", "a", "b", "a"])
    everything = np.arange(40)
    splits = Splits(everything[:30], everything[30:36], everything[36:], ())
    folds = draw_folds(dataset, splits, 3, seed=0)
    assert len(folds) == 36
    assert folds_fingerprint(folds) == folds_fingerprint(draw_folds(dataset, splits, 3, seed=0))
    assert folds_fingerprint(folds) != folds_fingerprint(draw_folds(dataset, splits, 3, seed=1))


def encoded(texts: int, first: int) -> EncodedDataset:
    lengths = np.arange(texts) % 5 + 1
    tokens = np.arange(lengths.sum(), dtype=np.int32) + first
    return EncodedDataset(tokens, np.concatenate([[0], np.cumsum(lengths)]), np.arange(texts, dtype=np.int32) % 2)


def texts_of(data: EncodedDataset) -> list[list[int]]:
    return [
        data.tokens[begin : begin + length].tolist()
        for begin, length in zip(data.offsets[: len(data)], data.lengths, strict=True)
    ]


def test_a_fold_is_seen_without_a_copy_of_its_tokens():
    whole = EncodedSplits(encoded(12, 0), encoded(5, 1000))
    folds = np.resize(np.array([1, 2, 3], np.int8), 17)
    folded = EncodedSplits.from_arrays(whole.with_folds(folds).as_arrays())
    everything = texts_of(whole.train) + texts_of(whole.validation)
    labels = np.concatenate([whole.train.labels, whole.validation.labels])
    for number in (1, 2, 3):
        seen = folded.of_fold(number)
        assert texts_of(seen.validation) == [
            text for text, fold in zip(everything, folds, strict=True) if fold == number
        ]
        assert texts_of(seen.train) == [text for text, fold in zip(everything, folds, strict=True) if fold != number]
        assert seen.validation.labels.tolist() == labels[folds == number].tolist()
        assert all(np.shares_memory(part.tokens, folded.train.tokens) for part in (seen.train, seen.validation))
