from dataclasses import replace

import pytest

from tuner.export.card import model_card, wilson_interval
from tuner.export.trained import read_model


def test_the_card_says_what_the_model_is(opened):
    model = read_model(*opened, "00000")
    card = model_card(model, "saved_model", versions={"tensorflow": "9.9"}, lite=[])
    for part in ("mine/00000", "tf.saved_model.load", "0.9500", model.settings.data.fingerprint, "| units | 8 |", "| 9.9 |",
                 "'meh', 'no', 'yes'", "The test texts were not used", "licence"):  # fmt: skip
        assert part in card


def test_a_confirmed_trial_shows_its_test_accuracy_with_an_interval(opened):
    model = read_model(*opened, "00000")
    confirmed = replace(model, metrics={**model.metrics, "test_accuracy": 0.9})
    low, high = wilson_interval(0.9, model.settings.data.test)
    card = model_card(confirmed, "saved_model", versions={}, lite=[])
    assert f"interval {low:.4f} to {high:.4f}" in card
    assert "not used" not in card


@pytest.mark.parametrize(("share", "texts", "low", "high"), [(0.9, 100, 0.8256, 0.9448), (1.0, 50, 0.9287, 1.0)])
def test_the_interval_is_wilsons(share, texts, low, high):
    assert wilson_interval(share, texts) == pytest.approx((low, high), abs=1e-4)
