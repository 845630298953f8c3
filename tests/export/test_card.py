from dataclasses import replace

import pytest

from tuner.export.card import model_card
from tuner.export.export import frontier_index
from tuner.export.trained import read_model
from tuner.measures import wilson_interval
from tuner.metrics import METRICS, Metric


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


def test_a_search_for_another_metric_has_its_figures_in_card_and_index(opened, monkeypatch):
    error = Metric(
        "error", "min", lambda found: float((found.predicted != found.labels).mean()),
        title="error rate", short="err", percent=True, worthless=1.0,
    )  # fmt: skip
    monkeypatch.setitem(METRICS, "error", error)
    model = read_model(*opened, "00000")
    settings = model.settings.model_copy(update={"metric": "error"})
    for test, sentence in (
        (None, "chosen by the validation error rate, which is therefore a little low"),
        (0.07, "| 0.0700 |"),
    ):
        metrics = {**model.metrics, "val_error": 0.05, "test_error": test}
        found = replace(model, settings=settings, metrics=metrics)
        card = model_card(found, "saved_model", versions={}, lite=[])
        assert "| part | texts | error rate | loss (nats) |" in card
        assert sentence in card
        assert "accura" not in card
        described = {"trial": "00000", "parameters": 9, "config": {"units": 3}, "val_error": 0.05, "test_error": test}
        assert "| 9 | 0.0500 |" in frontier_index("mine", [described], error.objective)
