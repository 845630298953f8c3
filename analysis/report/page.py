"""The report as one HTML file, with its script in it."""

import json
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from analysis.charts.theme import DARK, LIGHT, css_variables
from analysis.class_words import read_class_words
from analysis.costs import PARAMETERS
from analysis.curves import time_spent, wall_time
from analysis.ensembles import Ensemble, ensemble
from analysis.error_analysis import ErrorAnalysis
from analysis.loading import Results, Run
from analysis.recommendation import recommend
from analysis.references import references
from analysis.report import facts
from analysis.report.confirmed import confirmed
from analysis.report.costs import Costs, closed_form_table, measured_table
from analysis.report.errors import errors_section
from analysis.report.figures import figures
from analysis.report.tables import classes_table, ensemble_table, frontier_table, trials_table, words_tables
from analysis.scaling import scaling_fit
from tuner.errors import InputError
from tuner.runs.atomic import write_text_atomically

# What the libraries would link to or name; none of it is fetched, and without it the page has no address of anybody.
_ADDRESSES = re.compile(r"https://(?:vega\.github\.io|github\.com)/[\w./-]*")

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def vega_script() -> str:
    """The text of a classic script that sets ``window.vegaEmbed``. XML namespaces, which are names, stay in it."""
    import vl_convert

    script = _ADDRESSES.sub("", vl_convert.javascript_bundle(_SNIPPET))
    return script.replace("</script", "<\\/script")


def write_report(
    run: Results,
    path: Path,
    *,
    errors: ErrorAnalysis | str | None = None,
    with_texts: bool = True,
    costs: Costs | None = None,
) -> None:
    """Writes the report of a run, or of another tool's trials, as one HTML file, whole or not at all.

    Args:
        run: the trials.
        path: the file.
        errors: as ``render`` takes it.
        with_texts: as ``render`` takes it.
        costs: as ``render`` takes it.

    Raises:
        InputError: where it cannot be written there.
    """
    try:
        write_text_atomically(path, render(run, errors=errors, with_texts=with_texts, costs=costs))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another file with `out`") from None


def render(
    run: Results,
    *,
    errors: ErrorAnalysis | str | None = None,
    with_texts: bool = True,
    costs: Costs | None = None,
    version: str | None = None,
) -> str:
    """The report as the text of an HTML document that needs nothing else.

    Of another tool's trials it has what their folder says: no times of workers, no command to repeat them, and no frontier
    where their sizes are not known.

    Args:
        run: the trials.
        errors: what there is to say of a trial's errors, or in a sentence why that is not known; None to say nothing.
        with_texts: whether texts of the data may stand in it.
        costs: what the frontier is against, with columns that ``run`` has; None for parameters, and no section on costs.
        version: of a page that follows a search: it asks its server for another. None for a page that stands by itself.
    """
    objective = run.objective
    rivals = run.rivals if isinstance(run, Run) else None
    against_cost = (costs or Costs()).against
    recommendation = recommend(run.candidates, objective=objective, rivals=rivals, cost=against_cost.column)
    chosen = str(recommendation.chosen["trial_id"]) if recommendation else None
    fit = scaling_fit(run.candidates, objective=objective)
    time = time_spent(run) if isinstance(run, Run) else None
    taken = wall_time(run) if isinstance(run, Run) else None
    tested = confirmed(run, recommendation) if isinstance(run, Run) else None
    averaged = _ensemble_or_reason(run) if isinstance(run, Run) else None
    words = read_class_words(run) if isinstance(run, Run) else None
    drawable = averaged if isinstance(averaged, Ensemble) and not averaged.is_single else None
    against = references(run, averaged=drawable) if isinstance(run, Run) else None
    if against is not None and against_cost != PARAMETERS:
        against = against[against["parameters"] == 0]  # of the others no other cost is known
    drawn = figures(run, fit, time, tested, against, cost=against_cost.column)
    return _template().render(
        run=run,
        version=version,
        metric=objective.metric,
        meta=facts.meta_line(run),
        notes=() if isinstance(run, Run) else run.notes,
        recommendation=recommendation,
        key_facts=facts.key_facts(run, recommendation) if recommendation else [],
        against=None if against is None else facts.references_text(against, objective),
        cost=against_cost,
        costs=costs,
        closed_form=None if costs is None else closed_form_table(run, costs),
        measured=None if costs is None else measured_table(costs),
        reference=facts.reference_text(objective, against_cost),
        frontier=frontier_table(run, against_cost),
        averaged=averaged,
        members=None if drawable is None else ensemble_table(drawable),
        trials=trials_table(run, against_cost),
        errors=errors_section(errors, objective, with_texts=with_texts) if isinstance(errors, ErrorAnalysis) else None,
        words=words,
        words_of=[] if words is None or not with_texts else words_tables(words),
        with_texts=with_texts,
        no_errors=errors if isinstance(errors, str) else None,
        classes=classes_table(run, chosen) if isinstance(run, Run) and chosen else None,
        effects=[name for name in drawn if name.startswith("effect ")],
        interactions=[name for name in drawn if name.startswith("interaction ")],
        drawn=drawn,
        confirmed=tested,
        scaling=facts.scaling_text(fit),
        time=None if time is None or taken is None else facts.time_text(time, taken),
        statuses=facts.statuses(run.trials),
        failures=facts.failures(run.trials),
        repeat=facts.repetition(run) if isinstance(run, Run) else None,
        light=Markup(css_variables(LIGHT)),
        dark=Markup(css_variables(DARK)),
        vega=Markup(vega_script()),
        specifications=Markup(_json_for_html(drawn)),
    )


def _ensemble_or_reason(run: Run) -> Ensemble | str | None:
    """The ensemble of a run, or in a sentence why it is not known; None where there is none."""
    try:
        return ensemble(run)
    except InputError as error:
        return f"Not known: {error}."


def _with_code(text: str) -> Markup:
    """A message whose commands and parameters, which are between backticks, are set as code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def _json_for_html(value: object) -> str:
    """JSON that can stand within a script element: nothing in it can end the element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["with_code"] = _with_code
    return environment.get_template("page.html")
