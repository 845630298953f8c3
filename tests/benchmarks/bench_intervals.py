"""How often the intervals of ``analysis.bootstrap`` hold the truth, and how often equal models are all called tied.

Answers are made up: a text has a difficulty that all models share, a training a shift of its own (its seed), and each answer a
chance of its own; it is right where their sum is positive.

    python tests/benchmarks/bench_intervals.py [--runs 400] [--texts 1000]
"""

import argparse
from statistics import NormalDist

import numpy as np

from analysis.bootstrap import differences, resampled_accuracies

_SKILL, _DIFFICULTY, _CHANCE, _MODELS = 1.5, 1.2, 1.0, 4


def measure(trainings: int, seed_shift: float, runs: int, texts: int) -> tuple[float, float]:
    """Shares of the runs in which the first model's interval holds its true accuracy, and in which all pairs are tied."""
    spread = float(np.sqrt(_DIFFICULTY**2 + _CHANCE**2 + seed_shift**2))
    truth = NormalDist().cdf(_SKILL / spread)
    held = tied = 0
    for number in range(runs):
        generator = np.random.default_rng(number)
        difficulty = generator.normal(0, _DIFFICULTY, texts)
        correct = {
            str(model): _SKILL
            + generator.normal(0, seed_shift, (trainings, 1))
            + difficulty
            + generator.normal(0, _CHANCE, (trainings, texts))
            > 0
            for model in range(_MODELS)
        }
        resampled = resampled_accuracies(correct, seed=number, samples=500)
        low, high = np.quantile(resampled["0"], [0.025, 0.975])
        held += low <= truth <= high
        tied += all(pair.tied for pair in differences(correct, resampled))
    return held / runs, tied / runs


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--texts", type=int, default=1000)
    options = parser.parse_args()
    print("trainings  seed shift  interval holds  equal models tied")
    for trainings in (2, 3, 5, 10):
        for seed_shift in (0.0, 0.05, 0.1):
            held, tied = measure(trainings, seed_shift, options.runs, options.texts)
            print(f"{trainings:9}  {seed_shift:10}  {held:14.3f}  {tied:17.3f}")


if __name__ == "__main__":
    main()
