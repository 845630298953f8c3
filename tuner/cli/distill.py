"""``tuner distill``: trains small configurations of a run once more on a teacher's probabilities."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from analysis.columns import plain, records
from analysis.loading import Run, load
from search_spaces.config import TrialConfig
from tuner.cli.progress import EndedLines
from tuner.cli.teachers import Teacher, named_teacher
from tuner.cli.terminal import Terminal, plain_table, print_command
from tuner.data.pipeline import PreparedData
from tuner.errors import EXIT_INTERRUPTED, InputError, SearchFailed
from tuner.formatting import counted
from tuner.metrics import Objective
from tuner.runs.events import StudentEnded
from tuner.runs.folder import RunFolder
from tuner.runs.journal import Journal, read_journal
from tuner.runs.search_state import SearchState
from tuner.search.distillation import Lesson, Student, open_students, student_of
from tuner.search.distillation_launch import distill, fingerprint_of
from tuner.search.interruption import Interruption
from tuner.search.prepare import prepare_again, with_data_at
from tuner.search.queue_launch import EndReason
from tuner.search.teaching_texts import NO_TEXTS, TeachingTexts, read_teacher, read_unlabelled


def student_line(end: StudentEnded, objective: Objective) -> str:
    """How a student ended."""
    if end.status != "completed":
        return f"{end.student} {end.status}" + (f": {end.error}" if end.error else "")
    value = end.val_metrics.get(objective.name)
    shown = "not defined" if value is None else f"{value:.4f}"
    return f"{end.student}: validation {objective.metric.title} {shown} at epoch {end.best_epoch} of {end.epochs}"


def distill_command(
    run: str,
    runs_dir: Path,
    *,
    teacher: str | None,
    teacher_file: str | None,
    unlabelled: str | None,
    students: int,
    hard_weight: float,
    epochs: int | None,
    data: str | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Trains the students that are still open, and prints them beside their trials."""
    console = Terminal(stderr=as_json)
    loaded = load(run, runs_dir=runs_dir)
    _check(loaded, teacher, teacher_file, unlabelled)
    Journal(loaded.folder.journal).close()  # refuses at once where the search still runs, not after Ray has started
    named = Teacher.of_file(teacher_file) if teacher_file is not None else named_teacher(loaded, teacher or "best")
    search_state = SearchState(read_journal(loaded.folder.journal))
    chosen = [
        student_of(trial, search_state, _config(loaded, search_state, trial), hard_weight=hard_weight)
        for trial in named.smaller(loaded)[:students]
    ]
    settings = with_data_at(loaded.settings, data)
    settings = settings.model_copy(update={"epochs": epochs or settings.epochs})
    prepared = prepare_again(settings, no_cache=no_cache)
    texts = _texts(loaded, prepared, teacher_file, unlabelled)
    lesson = Lesson(
        named.title if unlabelled is None else f"{named.title}, texts of {Path(unlabelled).name} too",
        fingerprint_of(named.models, texts, hard_weight=hard_weight, epochs=settings.epochs),
        hard_weight,
        settings.epochs,
        settings.patience,
    )
    todo = open_students(chosen, lesson, search_state)
    _print_plan(console, chosen, todo, lesson, texts, search_state)
    reason: EndReason = "finished"
    if todo:
        shown = EndedLines(console, partial(student_line, objective=loaded.objective))
        with Interruption() as interruption:
            reason = distill(
                loaded.folder, settings, prepared, chosen, lesson, models=named.models, texts=texts, on_step=shown.show,
                interruption=interruption,
            )  # fmt: skip
    return _finish(console, loaded.folder, chosen, reason, as_json=as_json)


def _check(run: Run, teacher: str | None, teacher_file: str | None, unlabelled: str | None) -> None:
    """Refuses what cannot be distilled.

    Raises:
        InputError: naming it.
    """
    if run.settings.hypermodel is not None:
        raise InputError(
            f"{run.name} is of the custom model {run.settings.hypermodel.name}, whose loss is its own; distill a run of the "
            "built-in networks"
        )
    if run.settings.folds is not None:
        raise InputError(
            f"{run.name} has {run.settings.folds.count} folds, each with other training texts; distill a run without folds"
        )
    if teacher is not None and teacher_file is not None:
        raise InputError(
            f"a teacher file is given, too ({teacher_file}); give one of both", option="teacher", value=teacher
        )
    if unlabelled is not None and teacher_file is not None:
        raise InputError(
            "a model of the run labels these, and the teacher is a file; put them into that file with their probabilities",
            option="unlabelled",
            value=unlabelled,
        )


def _config(run: Run, search_state: SearchState, trial: str) -> TrialConfig:
    config = run.settings.family.config(search_state.trials[trial].config)
    assert isinstance(config, TrialConfig)
    return config


def _texts(run: Run, data: PreparedData, teacher_file: str | None, unlabelled: str | None) -> TeachingTexts:
    asked = run.settings.data
    columns, data_dir = asked.text_column, Path(asked.data_dir)
    if teacher_file is not None:
        return read_teacher(teacher_file, data, text_columns=columns, label_names=asked.label_names, data_dir=data_dir)
    if unlabelled is not None:
        return read_unlabelled(unlabelled, data, text_columns=columns, data_dir=data_dir)
    return NO_TEXTS


def _print_plan(
    console: Console,
    students: Sequence[Student],
    todo: Sequence[Student],
    lesson: Lesson,
    texts: TeachingTexts,
    search_state: SearchState,
) -> None:
    sizes = [f"{student.trial} ({student.parameters:,})" for student in students]
    lines = [
        ("teacher", lesson.teacher),
        ("students", f"{', '.join(sizes)}: configurations of the frontier with fresh weights"),
        ("loss", f"{lesson.hard_weight:g} of the label, {1 - lesson.hard_weight:g} of the teacher's probabilities"),
        *(("texts", note) for note in texts.notes),
    ]
    replaced = [
        f"{student.name} (teacher {before.teacher})"
        for student in todo
        if (before := search_state.students.get(student.name)) is not None and before.status == "completed"
    ]
    if replaced:
        lines.append(("note", f"replaces {', '.join(replaced)}, with weights and test figures"))
    count = f"{counted(len(todo), 'student')} of at most {counted(lesson.epochs, 'epoch')}"
    lines.append(("to do", count if todo else "nothing, all is there"))
    grid = Table.grid(padding=(0, 2))
    for line in lines:
        grid.add_row(*line)
    console.print(grid)
    console.print()


def _finish(
    console: Console, folder: RunFolder, students: Sequence[Student], reason: EndReason, *, as_json: bool
) -> int:
    run = load(folder.place)
    found = run.students[run.students["trial_id"].isin([student.name for student in students])]
    done = found[found["status"] == "completed"]
    if as_json:
        document = {"run": run.name, "folder": run.folder.place, "students": records(found)}
        click.echo(json.dumps(document, allow_nan=False))
    elif not done.empty:
        _print_students(console, run)
    if reason == "interrupted":
        console.print("\ninterrupted: what is done is kept, and the same command goes on", style="bold")
        return EXIT_INTERRUPTED
    if done.empty:
        errors = [error for error in found["error"].tolist() if error]
        raise SearchFailed(f"no student came to a result; {errors[-1] if errors else 'all of them diverged'}")
    print_command(console, f"\nnext: python -m tuner rank {folder.reference} --by frontier")
    print_command(console, f"      python -m tuner export {folder.reference} --trial {done['trial_id'].iloc[0]}")
    return 0


def _print_students(console: Console, run: Run) -> None:
    """Students beside the trials whose configuration they have."""
    objective, trials = run.objective, run.trials.set_index("trial_id")
    short = objective.metric.short
    table = plain_table(["student", f"val {short}", f"its trial's {short}", "parameters", "epoch"], left=("student",))
    for _, row in run.students.sort_values("parameters", kind="stable").iterrows():
        if row["status"] != "completed":
            continue
        before = plain(trials.loc[row["student_of"], objective.column])
        table.add_row(
            row["trial_id"],
            f"{row[objective.column]:.4f}",
            "" if before is None else f"{before:.4f}",
            f"{row['parameters']:,}",
            f"{row['best_epoch']:.0f}/{row['epochs']}",
        )
    console.print()
    console.print(table)
