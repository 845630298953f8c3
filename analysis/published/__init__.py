"""The tables and conclusions of the five reports as data, with their source, and a run set beside them.

What was printed are accuracies: all here is of accuracy, whatever metric the run pursued.
"""

from analysis.published.conclusions import Verdict, verdicts
from analysis.published.tables import PublishedTable, beside, published_table, published_tables, tables_for

__all__ = ["PublishedTable", "Verdict", "beside", "published_table", "published_tables", "tables_for", "verdicts"]
