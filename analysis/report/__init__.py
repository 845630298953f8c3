"""The report of a run: one HTML file that opens anywhere, without a network."""

from analysis.report.page import render, write_report

__all__ = ["render", "write_report"]
