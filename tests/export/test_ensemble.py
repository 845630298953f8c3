"""An ensemble as one SavedModel: raw strings to the mean of what its members were recorded to say."""

import json

import numpy as np
import pytest

from analysis import ensemble, load
from support.exported_run import keep_predictions, write_exported_run
from tuner.api.run import SearchRun
from tuner.cli.main import run as command_line
from tuner.metrics import Scorer
from tuner.runs.events import RivalEnded
from tuner.runs.store import RunStore

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    """A run with weights, predictions and a rival, and the folder of its exported ensemble."""
    from tuner.rivals.fitting import fit_rivals
    from tuner.runs.predictions import pack_validation
    from tuner.search.prepare import prepare_again

    path = write_exported_run(tmp_path_factory.mktemp("averaged"))
    keep_predictions(path)
    run = load(path)
    prepared = prepare_again(run.settings)
    scorer = Scorer(label_names=run.settings.data.label_names)
    fitted = next(
        iter(fit_rivals(prepared.encoded, scorer, vocabulary_size=prepared.vocabulary.size, characters=False))
    )
    store = RunStore(run.folder)
    store.save_rival("nb-svm", model=fitted.model.pack(), predictions=pack_validation(fitted.predictions))
    metrics = {"accuracy": scorer.measured(fitted.predictions)["accuracy"]}
    store.record(
        RivalEnded(
            time=9, rival="nb-svm", parameters=fitted.model.parameters, val_loss=1.0, val_metrics=metrics, texts=9,
            strength=1.0,
        )
    )  # fmt: skip
    store.close()
    out = path.parent / "model"
    assert command_line(["export", str(path), "--trial", "ensemble", "--out", str(out)]) == 0
    return load(path), out, prepared


def test_it_gives_the_weighted_mean_of_what_its_members_were_recorded_to_say(averaged):
    from tuner.export.predictor import Predictor
    from tuner.runs.predictions import read_validation

    run, folder, prepared = averaged
    chosen = ensemble(run)
    members = {member.name: member.weight for member in chosen.members}
    assert len(members) >= 2
    assert SearchRun(run.folder).ensemble().title == chosen.title
    recorded = [read_validation(run.folder.validation(name), run.settings.data.label_names) for name in members]
    expected = np.average([np.exp(one.log_probabilities) for one in recorded], axis=0, weights=list(members.values()))
    texts = [prepared.dataset.texts[int(row)] for row in prepared.splits.validation]
    found = list(Predictor(folder).predict(texts))
    np.testing.assert_allclose([one.probabilities for one in found], expected, atol=1e-3)  # they are kept as float16
    right = np.mean([one.label_id == label for one, label in zip(found, recorded[0].labels, strict=True)])
    assert right == pytest.approx(chosen.value)


@pytest.mark.parametrize("names", [("00000", "00003"), ("00003", "00005", "nb-svm"), ("00003",)])
def test_words_mean_the_same_to_members_that_order_them_otherwise(averaged, names, tmp_path):
    """00003 has the informative order and the others that of frequency; each text is tokenised once for all."""
    from dataclasses import replace

    import tensorflow as tf

    from tuner.export.saved_model import TextClassifier
    from tuner.export.trained import open_run, read_model
    from tuner.export.trained_ensemble import EnsembleConfig

    run, _, prepared = averaged
    opened, encoder = open_run(str(run.folder.path), run.folder.path.parent)
    members = tuple(read_model(opened, encoder, name) for name in names)
    model = replace(
        read_model(opened, encoder, "ensemble"),
        members=members,
        config=EnsembleConfig(members=dict.fromkeys(names, 1 / len(names))),
        encoder=members[0].encoder if names == ("00003",) else encoder,
    )
    texts = tf.constant([prepared.dataset.texts[int(row)] for row in prepared.splits.train[:40]] + ["", "unheard of"])
    alone = [TextClassifier(member)(texts)["probabilities"].numpy() for member in members]
    together = TextClassifier(model)(texts)
    np.testing.assert_allclose(together["probabilities"], np.mean(alone, axis=0), atol=1e-6)
    assert together["label_id"].numpy().tolist() == np.mean(alone, axis=0).argmax(1).tolist()


def test_its_card_says_what_it_is_made_of_and_what_it_is_worth(averaged, capsys):
    run, folder, _ = averaged
    chosen = ensemble(run)
    card = (folder / "README.md").read_text(encoding="utf-8")
    for member in chosen.members:
        assert f"| {member.name} | {member.weight:.1%} | {member.parameters:,} | {member.value:.4f} |" in card
    assert (
        f"accuracy is {chosen.cross_fitted:.4f} where the ensemble that answers a text is chosen on other texts" in card
    )
    description = json.loads((folder / "export.json").read_text())
    assert description["parameters"] == chosen.parameters
    assert description["ensemble"] == json.loads(json.dumps(chosen.document()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "keras"], "--format keras: is for one network, and an ensemble is several"),
        (["--format", "tflite"], "--format tflite: is for one network"),
    ],
)
def test_other_formats_are_refused(averaged, tmp_path, arguments, message, capsys):
    export = ["export", str(averaged[0].folder.path), "--trial", "ensemble", "--out", str(tmp_path / "x"), *arguments]
    assert command_line(export) == 2
    assert message in capsys.readouterr().err


def test_a_run_without_predictions_has_none_to_export(run_path, tmp_path, capsys):
    assert command_line(["export", str(run_path), "--trial", "ensemble", "--out", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert (
        "--trial ensemble: an ensemble needs two models whose predictions are kept, mine has none; give --trial best"
        in error
    )
    assert error.count("\n") == 1
