"""Times one training step of our recurrence against plain Keras, on one thread of the CPU.

    python tests/benchmarks/bench_recurrence.py            # a subset, minutes
    python tests/benchmarks/bench_recurrence.py --full     # every cell, width, depth and length: an hour or more

The rivals run in turn within one process, and the table gives medians. Every row of a batch is full: all its tokens are
real. Floating-point operations of one step, a multiply-add being two:

    3 * 2 * batch * time * directions * sum over layers of gates * units * (inputs of the layer + units)

where 3 is one forward and two backward products, and gates is 1, 4 and 3 for SimpleRNN, LSTM and GRU. The peak is that
of a 1024 x 1024 float32 tf.matmul in the same process.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import product

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from tuner.models.forward import logits
from tuner.models.keras_model import build_model
from tuner.models.network_layers import draw_masks
from tuner.models.network_spec import Network

BATCH, VOCABULARY, RATE = 64, 10_000, 1e-3
GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}


def networks(*, full: bool) -> Iterator[tuple[Network, int]]:
    """The networks to time, with the number of steps of their batches."""
    shapes = product([256, 400], [32, 100, 300], [1, 2, 3]) if full else [(256, 32, 2), (256, 100, 1)]
    for (steps, units, layers), cell in product(list(shapes), GATES):
        yield (
            Network(
                cell=cell,
                layers=layers,
                units=units,
                embedding=units,
                vocabulary=VOCABULARY,
                bidirectional=False,
                pooling="max",
                dense_units=0,
                classes=2,
            ),
            steps,
        )


def operations(network: Network, steps: int) -> float:
    """Floating-point operations of the recurrent layers in one training step: the formula above."""
    inputs = [network.embedding] + [network.units * network.directions] * (network.layers - 1)
    one_token = sum(GATES[network.cell] * network.units * (width + network.units) for width in inputs)
    return 3 * 2 * BATCH * steps * network.directions * one_token


def keras_step(network: Network, tokens: np.ndarray, labels: np.ndarray, *, jit: bool) -> Callable[[], None]:
    """One `train_on_batch` of the Keras model."""
    model = build_model(network)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE, clipnorm=1.0), loss, jit_compile=jit)
    return lambda: model.train_on_batch(tokens, labels)


def our_step(network: Network, tokens: np.ndarray, labels: np.ndarray, *, jit: bool) -> Callable[[], None]:
    """The same step, of the same variables and optimizer, through `logits`."""
    model = build_model(network)
    optimizer = keras.optimizers.Adam(RATE, clipnorm=1.0)
    variables = model.trainable_variables
    optimizer.build(variables)
    lengths = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), 1)

    @tf.function(jit_compile=jit)
    def step(tokens, lengths, labels, rate, seed):
        values = [variable.value for variable in variables]
        with tf.GradientTape() as tape:
            outputs = logits(values, tokens, lengths, network, draw_masks(network, BATCH, seed, rate=rate))
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, outputs))
        optimizer.apply(tape.gradient(loss, values), variables)
        return loss

    arguments = [tf.constant(value) for value in (tokens, lengths, labels, 0.0, (1, 2))]
    return lambda: step(*arguments).numpy()


def seconds(call: Callable[[], None]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def matmul_peak() -> float:
    """Floating-point operations a second of one 1024 x 1024 product: the median of 15."""
    square = tf.random.normal([1024, 1024])
    multiply = tf.function(lambda: square @ square, jit_compile=True, autograph=False)
    multiply()
    return 2 * 1024**3 / statistics.median(seconds(multiply) for _ in range(15))


def time_network(network: Network, steps: int, *, rounds: int, keras_jit: bool) -> str:
    """One line of the table."""
    generator = np.random.default_rng(0)
    tokens = generator.integers(1, VOCABULARY, (BATCH, steps)).astype(np.int32)
    labels = generator.integers(0, 2, (BATCH, 1)).astype(np.float32)
    rivals = {
        "keras": keras_step(network, tokens, labels, jit=False),
        "keras_jit": keras_step(network, tokens, labels, jit=True),
        "ours": our_step(network, tokens, labels, jit=True),
        "ours_graph": our_step(network, tokens, labels, jit=False),
    }
    if not keras_jit:
        del rivals["keras_jit"]
    first = {name: seconds(call) for name, call in rivals.items()}
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, call in rivals.items():
            times[name].append(seconds(call))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ours = medians["ours"]
    cells = [f"{network.cell:10} {network.units:5d} {network.layers:6d} {steps:5d}"]
    for name in ("keras", "keras_jit", "ours", "ours_graph"):
        value = medians.get(name)
        cells.append(
            f"{'-':>8} {'-':>7}" if value is None else f"{value * 1e3:8.1f} {BATCH * steps / value / 1e3:6.0f}k"
        )
    cells.append(f"{medians['keras'] / ours:7.1f}x {operations(network, steps) / ours / matmul_peak():6.0%}")
    cells.append(f"{first['ours'] - ours:8.2f} {first['ours_graph'] - medians['ours_graph']:8.2f}")
    return " | ".join(cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Training steps a second: our recurrence against Keras.")
    parser.add_argument("--full", action="store_true", help="every combination instead of a subset")
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each rival")
    parser.add_argument("--no-keras-jit", action="store_true", help="leave out Keras with XLA, which compiles for long")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(f"batch {BATCH}, one thread, matmul peak {matmul_peak() / 1e9:.0f} GFLOP/s; ms a step and tokens a second")
    heads = [f"{name:>16}" for name in ("Keras", "Keras XLA", "ours XLA", "ours graph")]
    first = f"{'cell':10} units layers steps"
    print(" | ".join([first, *heads, "  ratio   peak", " compile    trace"]))
    for network, steps in networks(full=options.full):
        print(time_network(network, steps, rounds=options.rounds, keras_jit=not options.no_keras_jit), flush=True)
        keras.utils.clear_session()


if __name__ == "__main__":
    main()
