"""Training: one trial, one report an epoch. Knows no Ray."""
