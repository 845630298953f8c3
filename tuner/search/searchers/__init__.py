"""Searchers: plain classes that say which configuration trial i has; ``SPECS`` describe them."""
