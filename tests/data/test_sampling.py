from dataclasses import replace

import numpy as np
import pytest

from tuner.data.splits import draw_share
from tuner.data.text_dataset import Split, make_dataset
from tuner.errors import InputError


def dataset():
    labels = ["a"] * 80 + ["b"] * 20
    split = [Split.TRAIN, Split.TEST] * 50
    return make_dataset("d", [f"text {number}" for number in range(100)], labels, split=split)


def test_a_share_has_the_classes_and_parts_of_the_whole_in_its_order():
    whole = dataset()
    share = draw_share(whole, 0.25, seed=1)
    assert len(share) == 26  # 20 of the 80, and of the 20 five, rounded up in each part
    assert np.bincount(share.labels).tolist() == [20, 6]
    assert np.bincount(share.split).tolist() == [13, 0, 13]
    assert [whole.texts.index(text) for text in share.texts] == sorted(whole.texts.index(text) for text in share.texts)
    assert all(
        whole.labels[whole.texts.index(text)] == label for text, label in zip(share.texts, share.labels, strict=True)
    )
    assert share.fingerprint == whole.fingerprint
    assert "26 of 100 texts" in share.notes[-1]


def test_a_share_follows_from_its_seed_and_lies_within_a_larger_one():
    whole = dataset()
    small, again, other = (draw_share(whole, 0.2, seed=seed).texts for seed in (1, 1, 2))
    assert small == again != other
    assert set(small) < set(draw_share(whole, 0.5, seed=1).texts)


def test_no_class_is_lost_and_all_is_all():
    whole = dataset()
    assert np.bincount(draw_share(whole, 0.001, seed=0).labels).tolist() == [4, 4]
    assert draw_share(whole, 1.0, seed=0) is whole
    assert len(draw_share(replace(whole, split=None), 0.1, seed=0)) == 10


@pytest.mark.parametrize("fraction", [0.0, -1.0, 1.5, float("nan")])
def test_fractions_that_mean_nothing_are_refused(fraction):
    with pytest.raises(InputError, match="fraction must be above 0 and at most 1"):
        draw_share(dataset(), fraction, seed=0)
