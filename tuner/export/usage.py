"""The part of a model card that says how to use the model, for each format."""

from tuner.export.trained import TrainedModel, TrainedOwnModel


def usage(model: TrainedModel | TrainedOwnModel, kind: str) -> str:
    """Markdown with a snippet for the format "saved_model", "keras" or "tflite"."""
    return {"saved_model": _SAVED_MODEL, "keras": _KERAS, "tflite": _LITE}[kind].replace("LOGITS", _logits(model))


def _logits(model: TrainedModel | TrainedOwnModel) -> str:
    if isinstance(model, TrainedOwnModel):
        return "what your own model gives; layers of your own have to be importable, or registered with Keras"
    if model.network.outputs == 1:
        return "one logit a text: its sigmoid is the probability of the second label in `labels.json`"
    return "one logit a label, in the order of `labels.json`: their softmax are the probabilities"


_IDS = """Ids come from the words' places in `vocabulary.json`: the first word has id 2, 1 is any other word, 0 pads on the
right; a text without words is the single id 1, and `max_length` in `tokenizer.json` is where a text is cut. Words are made
as by `tuner.data.tokenizer.Tokenizer`, whose settings are in `tokenizer.json`. For raw strings, export with
`--format saved_model`: there all of this is in the graph."""

_SAVED_MODEL = """TensorFlow is all it needs:

```python
import tensorflow as tf

model = tf.saved_model.load("THIS_FOLDER")
answers = model.signatures["serving_default"](text=tf.constant(["a text", "another one"]))
answers["label"], answers["label_id"], answers["probabilities"]
```

Or `python -m tuner predict THIS_FOLDER "a text"`. Strings are UTF-8 of any length; bytes that are not are read as U+FFFD. The
signature `token_ids` takes `tokens`, int32 `[batch, time]`, padded with 0 on the right."""

_KERAS = f"""It needs Keras 3 on TensorFlow, and token ids as input:

```python
import keras

model = keras.saving.load_model("THIS_FOLDER/model.keras")
logits = model(tokens)  # int32 [batch, time], padded with 0 on the right
```

It gives LOGITS.

{_IDS}"""

_LITE = f"""It needs a LiteRT (TensorFlow Lite) interpreter, and token ids as input:

```python
from ai_edge_litert.interpreter import Interpreter  # or tf.lite.Interpreter

interpreter = Interpreter("THIS_FOLDER/model_int8.tflite")
classify = interpreter.get_signature_runner()
logits = classify(tokens=tokens)["logits"]  # int32 [1, time]: one text of any length, at least one token
```

It gives LOGITS.

{_IDS}"""
