"""The model card: what a model is, how good it was found to be and on what, and how to use it, as Markdown."""

from collections.abc import Sequence
from typing import Any

from analysis.ensembles import FOLDS
from tuner.data.pipeline import BUILT_IN
from tuner.export.trained import TrainedCustomModel, TrainedModel, TrainedRival, TrainedTrial
from tuner.export.trained_ensemble import TrainedEnsemble
from tuner.formatting import counted, epochs_text, listed, shown
from tuner.measures import wilson_interval
from tuner.metrics import ACCURACY
from tuner.thresholds import Thresholds


def usage(model: TrainedModel, kind: str) -> str:
    """Markdown with a snippet for the format "saved_model", "keras", "tflite" or "onnx"."""
    if kind == "tflite" and isinstance(model, TrainedCustomModel):
        return _LITE.replace("logits", "probabilities").replace("LOGITS", _PROBABILITIES)
    snippet = {"saved_model": _SAVED_MODEL, "keras": _KERAS, "tflite": _LITE, "onnx": _ONNX}[kind]
    return snippet if isinstance(model, TrainedRival | TrainedEnsemble) else snippet.replace("LOGITS", model.outputs())


_PROBABILITIES = "the probability of each label, in the order of `labels.json`; the text is padded as in training"


_IDS = """Ids come from the words' places in `vocabulary.json`: the first word has id 2, 1 is any other word, 0 pads on the
right; a text without words is the single id 1, and `max_length` in `tokenizer.json` is how many words of a text are kept,
`truncate` which: the first ("head"), the last ("tail"), or a quarter of them first and the rest last ("both"). Words are made
as by `tuner.data.tokenizer.Tokenizer`, whose settings are in `tokenizer.json`. For raw strings, export with
`--format saved_model`: there all of this is in the graph."""

_SAVED_MODEL = """TensorFlow is all it needs. From this folder:

```python
import tensorflow as tf

model = tf.saved_model.load(".")
answers = model.signatures["serving_default"](text=tf.constant(["a text", "another one"]))
answers["label"], answers["label_id"], answers["probabilities"]
```

Or `python -m tuner predict . "a text"`. Strings are UTF-8 of any length; bytes that are not are read as U+FFFD. The
signature `token_ids` takes `tokens`, int32 `[batch, time]`, padded with 0 on the right.

TensorFlow Serving answers over HTTP, from this folder, too:

    docker run --rm -p 8501:8501 -v "$PWD:/models/classifier/1:ro" -e MODEL_NAME=classifier tensorflow/serving
    curl http://localhost:8501/v1/models/classifier:predict -d '{"inputs": {"text": ["a text", "another one"]}}'

Its answer is `{"outputs": {"label": [...], "label_id": [...], "probabilities": [[...], ...]}}`."""

_KERAS = f"""It needs Keras 3 on TensorFlow, and token ids as input. From this folder:

```python
import keras

model = keras.saving.load_model("model.keras")
logits = model(tokens)  # int32 [batch, time], padded with 0 on the right
```

It gives LOGITS.

{_IDS}"""

_LITE = f"""It needs a LiteRT (TensorFlow Lite) interpreter, and token ids as input. From this folder:

```python
from ai_edge_litert.interpreter import Interpreter  # or tf.lite.Interpreter

interpreter = Interpreter("model_int8.tflite")
classify = interpreter.get_signature_runner()
logits = classify(tokens=tokens)["logits"]  # int32 [1, time]: one text of any length, at least one token
```

It gives LOGITS.

{_IDS}"""

_ONNX = f"""It needs an ONNX runtime, and token ids as input. From this folder:

```python
import json

import numpy as np
import onnxruntime

labels = json.load(open("labels.json", encoding="utf-8"))
session = onnxruntime.InferenceSession("model.onnx")
tokens = np.array([[2, 3, 1], [4, 0, 0]], np.int32)  # int32 [batch, time], padded with 0 on the right
label_id, probabilities = session.run(["label_id", "probabilities"], {{"tokens": tokens}})
[labels[number] for number in label_id]
```

`label_id` is int32 `[batch]`, `probabilities` float32 `[batch, classes]` in the order of `labels.json`. Or for raw texts, where
frontier-tuner and onnxruntime are installed, without TensorFlow: `python -m tuner predict . "a text"`.

{_IDS}"""


def model_card(
    model: TrainedModel,
    kind: str,
    *,
    versions: dict[str, str],
    lite: list[dict[str, Any]],
    onnx: dict[str, Any] | None = None,
    measured: Sequence[dict[str, Any]] = (),
) -> str:
    """The card of an exported model.

    Args:
        kind: the format: "saved_model", "keras", "tflite" or "onnx".
        versions: of the software that exported it.
        lite: what ``tuner.export.lite`` reports, empty for other formats.
        onnx: what ``tuner.export.onnx_file`` reports, None for other formats.
        measured: what ``tuner.export.measuring`` reports, empty where nothing was measured.
    """
    sections = [
        f"# Text classifier {model.run}/{model.trial}",
        _summary(model),
        f"## How to use it\n\n{usage(model, kind)}",
        *([f"## How it decides\n\n{_answers(model.thresholds, kind)}"] if model.thresholds is not None else []),
        f"## How good it is\n\n{_metrics(model)}",
        *([f"## What quantisation costs\n\n{_lite_table(lite)}"] if lite else []),
        *([f"## What it costs to run\n\n{_costs(measured)}"] if measured else []),
        *([f"## How it was checked\n\n{_checked(onnx)}"] if onnx is not None else []),
        f"## Data\n\n{_data(model)}",
        f"## Network and training\n\n{_configuration(model)}",
        f"## Versions\n\n{_versions(model, versions)}",
        f"## Licence and limits\n\n{_licence(model)}",
    ]
    return "\n\n".join(sections) + "\n"


def _summary(model: TrainedModel) -> str:
    labels = model.encoder.labels
    blank = "" if isinstance(model, TrainedEnsemble) else " "  # whose summary ends in a list
    return (
        f"{model.summary()}{blank}It tells {len(labels)} classes apart: {', '.join(shown(label) for label in labels)}."
    )


def _answers(found: Thresholds, kind: str) -> str:
    """How answers follow from probabilities, and why."""
    title = found.objective.metric.title
    gains = (
        f"chosen on the validation texts they give {title} {found.chosen:.4f} there, and {found.cross_fitted:.4f} on "
        f"texts that they are not chosen on (5 folds); the most probable class gives {found.argmax:.4f}"
    )
    if not found.are_used:
        return f"The prediction is the most probable class. Decision thresholds do not help: {gains}."
    rule = (
        f"The prediction is {found.rule} on"
        if len(found.labels) == 2
        else f"The prediction is the class with {found.rule}"
    )
    where = (
        "It is part of the model"
        if kind in ("saved_model", "onnx")
        else "It is not part of the model: apply it to its probabilities"
    )
    return f"{rule}. {where}. These are decision thresholds: {gains}."


def _metrics(model: TrainedModel) -> str:
    if isinstance(model, TrainedEnsemble):
        return _metrics_of_ensemble(model)
    metrics, data, objective = model.metrics, model.settings.data, model.settings.pursued
    title = objective.metric.title
    rows = [f"| part | texts | {title} | loss (nats) |", "| --- | ---: | ---: | ---: |"]
    folds = model.settings.folds
    trained, validated = (data.train, data.validation)
    if folds is not None and not isinstance(model, TrainedRival):
        validated = folds.texts[model.fold - 1]
        trained = sum(folds.texts) - validated
    parts = [("training, dropout on", "train", trained), ("validation", "val", validated)]
    for part, name, texts in parts[1:] if isinstance(model, TrainedRival) else parts:
        value, loss = metrics.get(f"{name}_{objective.key}"), metrics[f"{name}_loss"]
        rows.append(f"| {part} | {texts:,} | {_number(value)} | {_number(loss)} |")
    test = metrics[objective.test_column]
    if test is None:
        lucky = "high" if objective.mode == "max" else "low"
        chosen = "Regularization was" if isinstance(model, TrainedRival) else "Epoch and trial were"
        after = f"{chosen} chosen by the validation {title}, which is therefore a little {lucky}. The test texts were not used."
    elif objective != ACCURACY:
        rows.append(f"| test | {data.test:,} | {test:.4f} | |")
        after = "The figure of the test texts is the mean over trainings from other seeds."
    else:
        low, high = wilson_interval(test, data.test)
        rows.append(f"| test, 95 % interval {low:.4f} to {high:.4f} | {data.test:,} | {test:.4f} | |")
        after = "The interval (Wilson) is for the choice of test texts alone: of other seeds it says nothing."
    if isinstance(model, TrainedRival):
        return "\n".join(rows) + f"\n\n{after}"
    best_epoch = epochs_text(metrics["best_epoch"])
    best = f"Best of {counted(metrics['epochs'], 'epoch')}: {best_epoch} (status {metrics['status']})."
    return "\n".join(rows) + f"\n\n{best} {after}{_over_folds(model)}"


def _metrics_of_ensemble(model: TrainedEnsemble) -> str:
    """The members and their average on the validation texts."""
    chosen, title = model.chosen, model.settings.pursued.metric.title
    rows = [
        f"| model | weight | parameters | validation {title} |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {member.name} | {member.weight:.1%} | {member.parameters:,} | {_number(member.value)} |"
            for member in chosen.members
        ),
        f"| all together | | {chosen.parameters:,} | {_number(chosen.value)} |",
    ]
    return (
        "\n".join(rows)
        + f"\n\nThe members and their weights were chosen on these {len(chosen.found.labels):,} validation texts, "
        f"of {chosen.candidates} models, by greedy selection with replacement (Caruana et al. 2004), so that their value is "
        f"a little lucky: {title} is {_number(chosen.cross_fitted)} where the ensemble that answers a text is chosen on other "
        f"texts ({FOLDS} folds). The best alone, {chosen.best.name}, has {_number(chosen.best.value)}. Epochs and trials were "
        "chosen on these texts, too. The test texts were not used."
    )


def _over_folds(model: TrainedTrial) -> str:
    """What the figures are of, and what the weights, where the search had folds."""
    folds, spread = model.settings.folds, model.metrics.get("spread")
    if folds is None or "folds" not in model.metrics:
        return ""
    varies = "" if spread is None else f", whose standard deviation in validation is {spread:.4f}"
    return (
        f" Training and validation figures are means over {model.metrics['folds']} of {folds.count} folds{varies}. The weights "
        f"are of the trial on fold {model.fold}, which was trained on the texts of the other folds."
    )


def _lite_table(lite: list[dict[str, Any]]) -> str:
    rows = ["| weights | file | bytes | validation accuracy |", "| --- | --- | ---: | ---: |"]
    for entry in lite:
        size = f"{entry['bytes']:,}" if entry["bytes"] else ""
        rows.append(f"| {entry['kind']} | {entry['file'] or ''} | {size} | {_number(entry['val_accuracy'])} |")
    notes = dict.fromkeys(entry["note"] for entry in lite if entry["note"])
    small = "Weights of fewer than 1,024 numbers stay float32 under int8: that is the converter's rule."
    return "\n".join([*rows, *(f"\n{note}" for note in (*notes, small))])


def _checked(onnx: dict[str, Any]) -> str:
    checked = (
        f"onnxruntime's probabilities of {onnx['texts']} made-up texts of every length differ from the SavedModel's by at most "
        f"{onnx['largest_difference']:.0e}."
    )
    if onnx["padded_lengths"] is None:
        return checked
    lengths = ", ".join(map(str, onnx["padded_lengths"]))
    return (
        f"{checked}\n\nThe model pads the texts of a batch to the first of these lengths that holds the longest: {lengths}. In "
        "training a text was padded to the first that holds it: put texts of one padded length into a batch."
    )


def _costs(measured: Sequence[dict[str, Any]]) -> str:
    rows = [
        "| model | takes | bytes | one text, median (ms) | slowest twentieth (ms) | texts a second, batches of 64 |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {one['model']} | {one['takes']} | {one['bytes']:,} | {one['p50_ms']:.2f} | {one['p95_ms']:.2f} | "
            f"{one['texts_per_second']:,.0f} |"
            for one in measured
        ),
    ]
    first, spread = measured[0], max(one["spread"] for one in measured)
    rows.append(
        f"\nOn one thread of {first['processor']}, {first['texts']} validation texts, after a warm-up; medians of five "
        f"processes that had the runtime alone, whose own medians differ by up to {spread:.0%}."
    )
    if any(one["model"].endswith(".tflite") for one in measured):
        rows.append("\nLiteRT takes the texts of a batch one after the other.")
    return "\n".join(rows)


def _data(model: TrainedModel) -> str:
    data, encoder = model.settings.data, model.encoder
    source = "the corpus that frontier-tuner generates" if data.source == BUILT_IN else f"`{data.source}`"
    known = min(model.vocabulary_size, encoder.vocabulary.size)
    kept = "that tell most of the label in" if model.informative else "most frequent of"
    return "\n".join(
        [
            f"- Source: {source}, columns {listed(data.text_column)} and {shown(data.label_column)}",
            f"- Fingerprint (SHA-256): `{data.fingerprint}`",
            f"- Split: {data.train:,} training, {data.validation:,} validation, {data.test:,} test, seed {data.split_seed}",
            f"- Words: the {known - 2:,} {kept} the training texts; {encoder.vocabulary.coverage(known):.1%} "
            "of their running words",
            f"- Tokens read of a text: {encoder.max_length} ({encoder.tokenizer.truncate}); "
            f"stop words left out: {_yes(data.stop_words)}; "
            f"characters of scripts without blanks taken apart: {_yes(data.characters)}",
        ]
    )


def _configuration(model: TrainedModel) -> str:
    values, columns = model.config.model_dump(), "hyperparameter | value"
    if isinstance(model, TrainedEnsemble):
        values, columns = {name: f"{weight:.4f}" for name, weight in model.config.members.items()}, "model | weight"
    rows = [f"| {name} | {value} |" for name, value in values.items()]
    what = {TrainedRival: "Model ", TrainedEnsemble: "The "}.get(type(model), "Trial ")
    head = f"{what}{model.trial} of the search {model.run} (seed {model.settings.seed}), {model.settings.created}."
    return "\n".join([head, "", f"| {columns} |", "| --- | --- |", *rows])


def _versions(model: TrainedModel, versions: dict[str, str]) -> str:
    names = sorted({*model.settings.versions, *versions})
    rows = [f"| {name} | {model.settings.versions.get(name, '')} | {versions.get(name, '')} |" for name in names]
    return "\n".join(["| | trained | exported |", "| --- | --- | --- |", *rows])


def _licence(model: TrainedModel) -> str:
    own = model.settings.data.source == BUILT_IN
    data = (
        "The training texts were generated by frontier-tuner (Apache-2.0) and carry no rights of others."
        if own
        else "The weights were learnt from the data above: whether they may be passed on depends on the licence of those data, "
        "which frontier-tuner does not know. Write it here before you publish the model."
    )
    return (
        f"{data} frontier-tuner itself is under Apache-2.0 and lays no claim to models.\n\n"
        "The classifier knows the language and the kind of text it was trained on; on others its probabilities mean little. "
        "They are not calibrated."
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
