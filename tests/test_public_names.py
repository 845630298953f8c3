"""What the packages offer, name by name: a change here is a change for users, and belongs into the changelog."""

import importlib
import inspect

import pytest

import tuner
from tuner.cli.main import cli

NAMES = {
    "tuner": """
        InputError Model SearchRun Space choice confirm export grid integer log_grid log_uniform resume scale
        search uniform
    """,
    "search_spaces": """
        Choice CombinationError Condition Domain Formula Grid Integer LogGrid LogInteger LogUniform Space
        SpaceError TrialConfig Uniform named_space named_spaces parse_domain read_space
    """,
    "analysis": """
        REFERENCE CompoundScaling Confirmation Ensemble ImportedResults Recommendation Reference Run ScalingFit WallTime
        accuracy_costs by_configuration calibration_bins calibration_error compare confirmation confusion effects ensemble
        forecast frontier hypervolume importance interactions knee knee_heights learning_curves load load_keras_tuner load_many
        load_ray_tune load_results overconfidence overfitting_epochs pareto_ranks predictions rank recalls
        recommend references scale scaling_fit time_spent trials_of wall_time
    """,
    "analysis.charts": """
        calibration compare_frontiers confirmation confusion effect frontier importance interaction
        learning_curves save scaling time_spent trial_curve
    """,
    "analysis.importers": """
        ImportedResults load_keras_tuner load_ray_tune
    """,
    "analysis.published": """
        PublishedTable Verdict beside published_table published_tables tables_for verdicts
    """,
    "analysis.report": """
        render write_report
    """,
}

MEMBERS = {
    "SearchRun": """
        best charts conduct ensemble epochs explain forecast frontier is_running knee loaded rank report scale
        stop trials wait words
    """,
    "Model": """
        explain predict
    """,
}


@pytest.mark.parametrize("package", NAMES)
def test_public_names_are_pinned_and_documented(package):
    module = importlib.import_module(package)
    assert module.__all__ == NAMES[package].split()
    undocumented = [
        name for name in module.__all__ if callable(getattr(module, name)) and not getattr(module, name).__doc__
    ]
    assert not undocumented


@pytest.mark.parametrize("name", MEMBERS)
def test_members_are_pinned_and_documented(name):
    offered = {member: value for member, value in vars(getattr(tuner, name)).items() if not member.startswith("_")}
    assert sorted(offered) == MEMBERS[name].split()
    assert all(value.__doc__ for value in offered.values())


@pytest.mark.parametrize(("member", "name"), [("explain", "trial"), ("words", "trial"), ("words", "sample")])
def test_explanations_have_the_defaults_of_the_command(member, name):
    options = {option.name: option.default for option in cli.commands["explain"].params}
    assert inspect.signature(getattr(tuner.SearchRun, member)).parameters[name].default == options[name]
