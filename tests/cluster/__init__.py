"""Tests of the folder ``cluster``: its files, and whole clusters made of them on one machine."""
