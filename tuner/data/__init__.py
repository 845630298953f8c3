"""Labelled texts: from files to flat arrays of token ids and batches."""
