"""Options and arguments that several commands have. Light: ``--help`` imports this."""

import click

run_argument = click.argument("run")
moved_data_option = click.option(
    "--data", metavar="D", help="Where the data are now, if they were moved; they must be the same."
)
imported_metric_option = click.option(
    "--metric",
    metavar="M",
    help="What to rank a folder of Ray Tune or KerasTuner by, as it is called there.  [default: the validation accuracy, else "
    "KerasTuner's objective]",
)
imported_mode_option = click.option(
    "--metric-mode",
    type=click.Choice(["max", "min"]),
    help="Whether more or less of it is better.  [default: what the folder or the name says]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")
