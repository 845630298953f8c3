"""Confirmation: chosen trials trained again from other seeds, and judged on the test part."""
