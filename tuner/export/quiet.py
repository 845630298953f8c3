"""TensorFlow without the lines that it and its converters write to standard error, which no setting stops."""

from typing import Any

from tuner.quiet import quiet_stderr


def quiet_tensorflow(threads: int) -> Any:
    """TensorFlow with this process's settings (see ``prepare_tensorflow``), imported without a sound."""
    with quiet_stderr():
        from tuner.models.device import prepare_tensorflow

        return prepare_tensorflow(threads)
