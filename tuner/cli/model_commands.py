"""Commands that write and use models, and their options. Light: what a command runs is imported when it runs."""

from pathlib import Path
from typing import Any

import click

from tuner.cli.parsing import PATH, runs_dir_option
from tuner.cli.shared_options import json_option, run_argument

_texts_file_option = click.option(
    "--file", type=PATH, metavar="F", help="A table, as search reads them, or a UTF-8 file with a text a line."
)
_text_column_option = click.option(
    "--text-column",
    multiple=True,
    metavar="C",
    help="Column of the texts in a table; several are joined.  [default: those of the training texts]",
)


def _check_texts(texts: tuple[str, ...], file: Path | None, text_column: tuple[str, ...]) -> None:
    """Refuses two sources of texts, and a column without a table."""
    if texts and file:
        raise click.UsageError("give texts or --file, not both", click.get_current_context())
    if text_column and not file:
        raise click.UsageError("--text-column is for the table of --file; give one", click.get_current_context())


@click.command(short_help="Write a trial of a run as a model that takes raw strings.")
@run_argument
@click.option(
    "--trial",
    default="best",
    show_default=True,
    metavar="best|knee|frontier|ensemble|ID|RIVAL",
    help="Which trial: the most accurate, the one at the frontier's knee, all of the frontier, the ensemble that `rank` shows, "
    "an id; or a rival's name.",
)
@click.option("--out", type=PATH, metavar="DIR", help="Folder to write.  [default: exports/RUN-TRIAL]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["saved_model", "keras", "tflite", "onnx"]),
    default="saved_model",
    show_default=True,
    help="A SavedModel for raw strings, a Keras file for token ids, quantised LiteRT files (float16 and int8), or an ONNX file "
    "for token ids.",
)
@click.option("--force", is_flag=True, help="Replace the folder if it holds an exported model.")
@click.option(
    "--measure",
    is_flag=True,
    help="Measure bytes, milliseconds for one text and texts a second, in fresh processes of one thread (20 seconds a file).",
)
@runs_dir_option
def export(**options: Any) -> int:
    """Write a trial of RUN (a name or a folder) as a model that needs nothing of this program, with a model card beside it."""
    from tuner.cli.export import export_command

    return export_command(**options)


@click.command(short_help="Classify texts with an exported model.")
@click.argument("model_dir", type=PATH)
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@_texts_file_option
@_text_column_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV alone on stdout.")
def predict(
    model_dir: Path,
    texts: tuple[str, ...],
    file: Path | None,
    text_column: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
) -> int:
    """Classify texts with the model in MODEL_DIR: the given ones, those of a file, or the lines of standard input.

    Every row of a table and every line is a text, an empty one too: answers come in their order, as many as there are. Columns
    that tell the rows of a table apart stand beside the answers.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other; give one", click.get_current_context())
    _check_texts(texts, file, text_column)
    from tuner.cli.predict import predict_command

    return predict_command(
        model_dir, texts, file, text_column, style="json" if as_json else "csv" if as_csv else "table"
    )


@click.command(short_help="Show which words mattered: of a text, or for each class.")
@click.argument("model_dir", type=PATH, metavar="MODEL_DIR|RUN")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--class", "class_name", metavar="LABEL", help="The class to explain.  [default: the predicted one]")
@_texts_file_option
@_text_column_option
@click.option(
    "--gradients",
    is_flag=True,
    help="Integrated gradients instead of leaving words out, of a built-in network of RUN: weights that add up.",
)
@click.option("--words", is_flag=True, help="The words that decide for each class in the validation texts of RUN.")
@click.option(
    "--trial",
    default="knee",
    show_default=True,
    metavar="best|knee|ensemble|ID|RIVAL",
    help="Of RUN: which model, with --words or --gradients.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="Validation texts to look at with --words, evenly spaced.",
)
@click.option(
    "--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="Words of a class to show."
)
@runs_dir_option
@json_option
def explain(
    model_dir: Path,
    texts: tuple[str, ...],
    class_name: str | None,
    file: Path | None,
    text_column: tuple[str, ...],
    as_json: bool,
    *,
    gradients: bool,
    words: bool,
    trial: str,
    runs_dir: Path,
    **of_words: Any,
) -> int:
    """Show which words of a text mattered to the model in MODEL_DIR. Texts come as for `predict`.

    \b
        python -m tuner explain exports/first-00011 "the room was not clean at all"
        python -m tuner explain first "the room was not clean at all" --gradients
        python -m tuner explain first --words

    Each word is left out once; its weight is what the log-odds of the class lose by that. Above zero it speaks for the class
    (blue), below against it (orange).

    With --gradients, the weights add up to what the log-odds are more than without any word (Sundararajan et al. 2017).

    With --words, this is done for up to N validation texts of RUN (a name or a folder), and the words that decide most for each
    class are shown and kept in the run, so that the report has them.
    """
    if words:
        if texts or file or class_name is not None or gradients:
            raise click.UsageError(
                "--words takes the validation texts of a run; leave out texts, --file, --class and --gradients, or --words",
                click.get_current_context(),
            )
        from tuner.cli.explain import words_command

        return words_command(str(model_dir), trial=trial, runs_dir=runs_dir, as_json=as_json, **of_words)
    _check_texts(texts, file, text_column)
    from tuner.cli.explain import explain_command

    return explain_command(
        model_dir, texts, file, text_column, class_name=class_name, gradients=gradients, trial=trial, runs_dir=runs_dir,
        as_json=as_json,
    )  # fmt: skip
