"""Evaluates the rivals of a search on the test set: as they are, since fitted again they would be the same."""

import time

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.errors import InputError
from tuner.metrics import Scorer
from tuner.rivals.linear_model import read_model
from tuner.runs.events import RepeatEnded
from tuner.runs.folder import RunFolder
from tuner.runs.predictions import write_predictions
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings
from tuner.runs.store import RunStore
from tuner.search.confirmation import HeldOut, is_done, result_fields
from tuner.training.test_result import evaluate


def open_rivals(search_state: SearchState, folder: RunFolder) -> list[str]:
    """The rivals that were fitted and not yet evaluated, or whose predictions are lost."""
    return [name for name in fitted_rivals(search_state) if not is_done(name, 1, search_state, folder)]


def fitted_rivals(search_state: SearchState) -> list[str]:
    """The rivals that can be evaluated."""
    return [name for name, rival in search_state.rivals.items() if rival.error is None]


def evaluate_rivals(
    store: RunStore, settings: SearchSettings, data: EncodedSplits, test: EncodedDataset, texts: HeldOut
) -> list[RepeatEnded]:
    """Evaluates the open rivals, each as one repeat that is recorded.

    Raises:
        InputError: where the model of one is gone or damaged.
    """
    scorer, ended = Scorer(settings.pursued, settings.data.label_names), []
    for name in open_rivals(store.search_state, store.folder):
        started, path = time.perf_counter(), store.folder.with_models().rival(name)
        try:
            model = read_model(path)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path}: cannot be read ({error}); restore the run folder") from None
        result = evaluate(model.logits, data.validation, test, scorer)
        write_predictions(
            store.folder.predictions(name, 1),
            {
                "validation": (texts.validation, result.validation.predictions),
                "test": (texts.test, result.test.predictions),
            },
        )
        end = RepeatEnded(
            time=time.time(),
            model=name,
            repeat=1,
            status="completed",
            parameters=model.parameters,
            epochs=0,
            seconds=time.perf_counter() - started,
            **result_fields(result),
        )
        store.record(end)
        ended.append(end)
    return ended
