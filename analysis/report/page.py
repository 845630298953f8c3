"""Fills the template of the report and writes the file."""

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from analysis.charts.theme import DARK, LIGHT, css_variables
from analysis.decision import decide
from analysis.loading import Run
from analysis.report import facts
from analysis.report.bundle import vega_script
from analysis.report.confirmed import confirmed
from analysis.report.figures import figures
from analysis.report.tables import frontier_table, trials_table
from analysis.scaling import scaling_fit
from analysis.time_spent import time_spent
from tuner.errors import InputError
from tuner.runs.atomic import write_text_atomically


def write_report(run: Run, path: Path) -> None:
    """Writes the report of a run as one HTML file, whole or not at all.

    Raises:
        InputError: where it cannot be written there.
    """
    try:
        write_text_atomically(path, render(run))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another file with --out") from None


def render(run: Run) -> str:
    """The report of a run as the text of an HTML document that needs nothing else."""
    decision, fit, time = decide(run.trials), scaling_fit(run.trials), time_spent(run)
    tested = confirmed(run, decision)
    drawn = figures(run, fit, time, tested)
    return _template().render(
        run=run,
        decision=decision,
        key_facts=facts.key_facts(run, decision) if decision else [],
        reference=facts.reference_text(),
        frontier=frontier_table(run.trials),
        trials=trials_table(run.trials),
        effects=[name for name in drawn if name.startswith("effect ")],
        interactions=[name for name in drawn if name.startswith("interaction ")],
        drawn=drawn,
        confirmed=tested,
        scaling=facts.scaling_text(fit),
        time=facts.time_text(time),
        statuses=facts.statuses(run.trials),
        failures=facts.failures(run.trials),
        command=facts.repeat_command(run),
        settings=facts.settings_rows(run),
        space=facts.space_yaml(run),
        light=Markup(css_variables(LIGHT)),
        dark=Markup(css_variables(DARK)),
        vega=Markup(vega_script()),
        specifications=Markup(_json_for_html(drawn)),
    )


def _json_for_html(value: object) -> str:
    """JSON that can stand within a script element: nothing in it can end the element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")
