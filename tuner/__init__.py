"""Searches for recurrent text classifiers that are worth their parameters. Importing this package imports nothing heavy."""

__version__ = "0.1.0"
