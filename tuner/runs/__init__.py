"""The run folder: journal, tables, kept weights, settings."""
