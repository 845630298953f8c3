"""A Keras file of a trial: for those who go on training or take the network apart."""

from pathlib import Path
from typing import Any

from tuner.export.custom_network import built_with_weights
from tuner.export.folder import write_json
from tuner.export.trained import Encoder, TrainedCustomModel, TrainedModel
from tuner.models.keras_model import build_model

KERAS_FILE = "model.keras"


def keras_model(model: TrainedModel) -> Any:
    """The Keras model with the trial's weights: token ids to logits."""
    built = build_model(model.network)
    for variable, weight in zip(built.weights, model.weights, strict=True):
        variable.assign(weight)
    return built


def write_keras(model: TrainedModel | TrainedCustomModel, folder: Path) -> None:
    """Writes the model, and beside it what turns a text into ids."""
    built = built_with_weights(model).model if isinstance(model, TrainedCustomModel) else keras_model(model)
    built.save(folder / KERAS_FILE)
    write_encoder(model.encoder, folder)


def write_encoder(encoder: Encoder, folder: Path) -> None:
    """Vocabulary and tokeniser settings, for formats that hold neither."""
    encoder.vocabulary.save(folder / "vocabulary.json")
    settings = {
        "stop_words": encoder.tokenizer.stop_words,
        "characters": encoder.tokenizer.characters,
        "truncate": encoder.tokenizer.truncate,
        "max_length": encoder.max_length,
    }
    write_json(folder / "tokenizer.json", settings)
