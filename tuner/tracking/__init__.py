"""Tells MLflow, TensorBoard and Optuna's storages what is in a run: while it goes on, and afterwards."""
