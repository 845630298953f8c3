"""A recurrent layer as one pure function of its inputs and weights, with back-propagation through time by hand.

TensorFlow's own gradient of a loop over time pushes every intermediate onto stacks. Here the forward loop stores what
backwards needs, and nothing else; the backward loop adds the weights' gradients up as it goes. With 64 rows in a batch
a step's share of them is a quick product (140 of 180 GFLOP/s at 100 units) whose sum stays in the cache; to collect all
steps for one large product costs more in memory traffic than it gains.

Sequences are ``[time, features, batch]``: one step is contiguous, so a loop reads and writes it in place, and the order
within a step is the one `tuner.models.cells` works in.

XLA compiles for one length of the arrays, but takes the number of steps as a number at run time, so that one program serves
batches of every length. For that the step has to be a variable of the loop: XLA makes an index that is computed from the
number of steps a constant of the program, and compiles anew for each value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tuner.models.cells import CELLS
from tuner.models.cells.cell import Cell, Steps


def recur(
    cell: str, inputs: Any, weights: Any, *, activation: str = "tanh", reverse_lengths: Any = None, steps: Any = None
) -> Any:
    """Run one layer in one direction and return its state after every step.

    Rows may be padded on the right. Forwards needs no mask for that: a row's states after its end are finite numbers
    that nobody may read, and what is not read has no gradient. Backwards in time starts in the padding, where the state
    is held at zero, which is how the layer starts at a row's true end; states stay at the step they belong to, so both
    directions line up.

    Args:
        cell: of ``CELLS``.
        inputs: float32 ``[time, features, batch]``; finite in the padding too.
        weights: kernel, recurrent kernel and bias as the Keras layer stores them. A kernel of None says that ``inputs`` are
            its rows already: those that one-hot words pick.
        activation: of elman.
        reverse_lengths: int ``[batch]``, each at least 1, to run from every row's end to its start; None to run
            forwards.
        steps: scalar int, how many steps of ``inputs`` to run: what lies beyond them is padding of every row. None for all.

    Returns:
        float32 ``[time, units, batch]``, zeros beyond ``steps``. First derivatives only.

    Raises:
        ValueError: if ``cell`` is not known.
    """
    if cell not in CELLS:
        raise ValueError(f"cell must be one of {', '.join(CELLS)}. Received: cell={cell!r}")
    valid = None if reverse_lengths is None else valid_steps(reverse_lengths, length_of(inputs))
    count = length_of(inputs) if steps is None else steps
    step = CELLS[cell].implementation().STEPS[activation]
    no_kernel = (None,) if weights[0] is None else ()

    @tf.custom_gradient
    def layer(inputs: Any, *weights: Any) -> tuple[Any, Any]:
        bound: Cell = step(*no_kernel, *weights)
        carries, saved = _run_forward(bound, inputs, valid, count)

        def gradient(upstream: Any) -> tuple[Any, ...]:
            return _run_backward(bound, upstream, inputs, carries, saved, valid, count)

        return carries[0][1:] if valid is None else carries[0][:-1], gradient

    return layer(inputs, *(tf.convert_to_tensor(weight) for weight in weights if weight is not None))


def valid_steps(lengths: Any, steps: Any) -> Any:
    """Return ``[steps, 1, batch]``: 1.0 where a row still has tokens, 0.0 in its padding."""
    return tf.cast(tf.range(steps)[:, None] < lengths, tf.float32)[:, None]


def length_of(sequence: Any) -> Any:
    """Return the number of steps, as a Python number where the graph knows it."""
    return tf.shape(sequence)[0] if sequence.shape[0] is None else int(sequence.shape[0])


def _arrays(rows: tuple[int, ...], steps: Any, batch: int | None) -> list[Any]:
    return [tf.TensorArray(tf.float32, steps, element_shape=[count, batch]) for count in rows]


def _zero_step(rows: int, like: Any) -> Any:
    """Return zeros ``[rows, batch]`` for the batch of a sequence."""
    return tf.zeros([rows, tf.shape(like)[2]])


def _write(arrays: Any, step: Any, values: Steps) -> list[Any]:
    return [array.write(step, value) for array, value in zip(arrays, values, strict=True)]


def _over_steps(count: Any, *, downwards: bool) -> tuple[Any, Callable[..., Any], int]:
    """Return the first step of a loop over so many, the condition to go on, and the stride."""
    if downwards:
        return count - 1, lambda step, *_: step >= 0, -1
    return 0, lambda step, *_: step < count, 1


def _run_forward(cell: Cell, inputs: Any, valid: Any, count: Any) -> tuple[list[Any], list[Any]]:
    """Return all carries, ``[time + 1, rows, batch]``, and what was saved, ``[time, rows, batch]``.

    Forwards, the carry before step t is at t and the one after it at t + 1; with ``valid``, from the last step down, they are
    the other way round.
    """
    steps, batch = length_of(inputs), inputs.shape[2]
    first, more, stride = _over_steps(count, downwards=valid is not None)
    after = 1 if valid is None else 0

    def body(step: Any, carry: Any, carries: Any, saved: Any) -> tuple[Any, ...]:
        carry, to_save = cell.forward(inputs[step], carry)
        if valid is not None:
            carry = tuple(value * valid[step] for value in carry)
        return step + stride, carry, _write(carries, step + after, carry), _write(saved, step, to_save)

    zero = tuple(_zero_step(rows, inputs) for rows in cell.carry_rows)
    carries = _write(_arrays(cell.carry_rows, steps + 1, batch), 0 if valid is None else count, zero)
    _, _, carries, saved = tf.while_loop(more, body, (first, zero, carries, _arrays(cell.saved_rows, steps, batch)))
    return [array.stack() for array in carries], [array.stack() for array in saved]


def _run_backward(
    cell: Cell, upstream: Any, inputs: Any, carries: list[Any], saved: list[Any], valid: Any, count: Any
) -> tuple[Any, ...]:
    """Return the gradients of the inputs and of the weights, going against `_run_forward`."""
    steps, batch = length_of(inputs), inputs.shape[2]
    first, more, stride = _over_steps(count, downwards=valid is None)
    before, after = (0, 1) if valid is None else (1, 0)

    def body(step: Any, gradient: Any, d_inputs: Any, blocks: Any, sums: Any) -> tuple[Any, ...]:
        gradient = (gradient[0] + upstream[step], *gradient[1:])
        if valid is not None:
            gradient = tuple(value * valid[step] for value in gradient)
        carry_before, carry_after = (tuple(array[step + side] for array in carries) for side in (before, after))
        step_blocks, through = cell.deltas(gradient, carry_after, carry_before, tuple(array[step] for array in saved))
        # Written block by block into an array that is there already: XLA would compute a concatenation with a branch
        # for every element, and once more for every product that it enters.
        for index, block in enumerate(step_blocks):
            blocks = blocks.write(index, block)
        deltas = tf.reshape(blocks.stack(), [cell.delta_rows, -1])
        d_input, d_hidden = cell.below(deltas)
        gradient = (d_hidden + through[0], *through[1:])
        products = cell.products(deltas, inputs[step], carry_before[0])
        sums = tuple(a + b for a, b in zip(sums, products, strict=True))
        return step + stride, gradient, d_inputs.write(step, d_input), blocks, sums

    zero = tuple(_zero_step(rows, inputs) for rows in cell.carry_rows)
    sums = (*(tf.zeros(shape) for shape in cell.sum_shapes), _zero_step(cell.delta_rows, inputs))
    (d_inputs,) = _arrays((inputs.shape[1],), steps, batch)
    (blocks,) = _arrays(cell.carry_rows[:1], cell.delta_rows // cell.carry_rows[0], batch)
    _, _, d_inputs, _, sums = tf.while_loop(more, body, (first, zero, d_inputs, blocks, sums))
    return d_inputs.stack(), *cell.weight_gradients(*sums)
