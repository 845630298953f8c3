"""What the packages offer, name by name: a change here is a change for users, and belongs into the changelog."""

import importlib

import pytest

NAMES = {
    "tuner": """
        InputError Model SearchRun Space choice confirm export grid integer log_grid log_uniform resume search
        uniform
    """,
    "search_spaces": """
        Choice CombinationError Condition Domain Formula Grid Integer LogGrid LogInteger LogUniform Space
        SpaceError TrialConfig Uniform named_space named_spaces parse_domain read_space
    """,
    "analysis": """
        REFERENCE CompoundScaling Confirmation Ensemble ImportedResults Recommendation Reference Run ScalingFit accuracy_costs
        by_configuration calibration_bins calibration_error compare confirmation confusion effects ensemble forecast
        frontier hypervolume importance interactions knee knee_heights learning_curves load load_keras_tuner load_many
        load_ray_tune load_results overconfidence overfitting_epochs pareto_ranks predictions rank recalls
        recommend references scale scaling_fit time_spent trials_of
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


@pytest.mark.parametrize("package", NAMES)
def test_public_names_are_pinned_and_documented(package):
    module = importlib.import_module(package)
    assert module.__all__ == NAMES[package].split()
    undocumented = [
        name for name in module.__all__ if callable(getattr(module, name)) and not getattr(module, name).__doc__
    ]
    assert not undocumented
