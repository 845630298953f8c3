"""The tables of the five reports as data, with their source."""

from analysis.published.tables import PublishedTable, published_table, published_tables, tables_for

__all__ = ["PublishedTable", "published_table", "published_tables", "tables_for"]
