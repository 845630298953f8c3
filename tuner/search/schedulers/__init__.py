"""Schedulers: plain classes that decide, report by report, whether a trial goes on; ``SPECS`` describe them."""
