"""A Keras file of a trial: for those who go on training or take the network apart."""

from pathlib import Path

from tuner.export.folder import write_json
from tuner.export.trained import Encoder, TrainedModel

KERAS_FILE = "model.keras"


def write_keras(model: TrainedModel, folder: Path) -> None:
    """Writes the model, and beside it what turns a text into ids."""
    model.keras_model().save(folder / KERAS_FILE)
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
