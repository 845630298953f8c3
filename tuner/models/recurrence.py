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

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tuner.models.cells import CELLS
from tuner.models.cells.cell import Cell


def recur(
    cell: str,
    inputs: Sequence[Any],
    weights: Sequence[Sequence[Any]],
    *,
    activation: str = "tanh",
    lengths: Any = None,
    steps: Any = None,
) -> list[Any]:
    """Run one layer, forwards or in both directions, and return its states after every step.

    Both directions run in one loop: half the kernels to compile and to call, and products of small networks are so short that
    they cost what a call costs.

    Rows may be padded on the right. Forwards needs no mask for that: a row's states after its end are finite numbers
    that nobody may read, and what is not read has no gradient. Backwards in time starts in the padding, where the state
    is held at zero, which is how the layer starts at a row's true end; states stay at the step they belong to, so both
    directions line up.

    Args:
        cell: of ``CELLS``.
        inputs: float32 ``[time, features, batch]``, one a direction, forwards first; finite in the padding too.
        weights: kernel, recurrent kernel and bias as the Keras layer stores them, for each direction. A kernel of None says
            that its inputs are its rows already: those that one-hot words pick.
        activation: of elman.
        lengths: int ``[batch]``, each at least 1: the rows' ends, which backwards starts from.
        steps: scalar int, how many steps of ``inputs`` to run: what lies beyond them is padding of every row. None for all.

    Returns:
        For each direction float32 ``[time, units, batch]``, zeros beyond ``steps``. First derivatives only.

    Raises:
        ValueError: if ``cell`` is not known.
    """
    if cell not in CELLS:
        raise ValueError(f"cell must be one of {', '.join(CELLS)}. Received: cell={cell!r}")
    count = length_of(inputs[0]) if steps is None else steps
    step = CELLS[cell].implementation().STEPS[activation]
    directions = len(inputs)
    present = _present(lengths) if directions == 2 else lambda _: 1.0
    no_kernel = (None,) if weights[0][0] is None else ()
    stacked = [_stacked(part) for part in zip(*weights, strict=True) if part[0] is not None]

    @tf.custom_gradient
    def layer(*arguments: Any) -> tuple[Any, Any]:
        inputs, bound = arguments[:directions], step(*no_kernel, *arguments[directions:])
        states, carries, saved = _run_forward(bound, inputs, present, count)

        def gradient(*upstream: Any) -> tuple[Any, ...]:
            return _run_backward(bound, upstream, inputs, carries, saved, present, count)

        return states, gradient

    return list(layer(*inputs, *stacked))


def _stacked(parts: Sequence[Any]) -> Any:
    """One a direction as one array: of a single direction as it is."""
    return tf.stack(parts) if len(parts) > 1 else tf.convert_to_tensor(parts[0])


def _step_of(sequences: Sequence[Any], steps: tuple[Any, Any]) -> Any:
    """The step of each direction's sequence."""
    return _stacked([sequence[step] for sequence, step in zip(sequences, steps, strict=False)])


def _present(lengths: Any) -> Callable[[Any], Any]:
    """What says ``[2, 1, batch]`` at a step of the backward direction: 0.0 there in a row's padding, else 1.0."""
    backwards = tf.constant([0, 1])[:, None, None]
    return lambda step: tf.cast(lengths > backwards * step, tf.float32)


def valid_steps(lengths: Any, steps: Any) -> Any:
    """Return ``[steps, 1, batch]``: 1.0 where a row still has tokens, 0.0 in its padding."""
    return tf.cast(tf.range(steps)[:, None] < lengths, tf.float32)[:, None]


def length_of(sequence: Any) -> Any:
    """Return the number of steps, as a Python number where the graph knows it."""
    return tf.shape(sequence)[0] if sequence.shape[0] is None else int(sequence.shape[0])


def _arrays(shapes: Sequence[list[Any]], steps: Any) -> list[Any]:
    return [tf.TensorArray(tf.float32, steps, element_shape=shape) for shape in shapes]


def _write(arrays: Any, step: Any, values: Sequence[Any]) -> list[Any]:
    return [array.write(step, value) for array, value in zip(arrays, values, strict=True)]


def _shape(directions: int, rows: int, batch: Any) -> list[Any]:
    """Of one step."""
    return [rows, batch] if directions == 1 else [directions, rows, batch]


def _run_forward(
    cell: Cell, inputs: Sequence[Any], present: Callable[[Any], Any], count: Any
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the states of each direction, all carries, one more than steps, and what was saved, in the order of the loop.

    The loop runs from the first step of the forward direction and the last one of the other.
    """
    steps, batch, directions = length_of(inputs[0]), inputs[0].shape[2], len(inputs)

    def body(step: Any, opposite: Any, carry: Any, carries: Any, saved: Any, turned: Any) -> tuple[Any, ...]:
        carry, to_save = cell.forward(_step_of(inputs, (step, opposite)), carry)
        carry = tuple(value * present(opposite) for value in carry)
        turned = [array.write(opposite, carry[0][1]) for array in turned]
        carries, saved = _write(carries, step + 1, carry), _write(saved, step, to_save)
        return step + 1, opposite - 1, carry, carries, saved, turned

    zero = tuple(tf.zeros(_shape(directions, rows, tf.shape(inputs[0])[2])) for rows in cell.carry_rows)
    shapes = [[_shape(directions, rows, batch) for rows in parts] for parts in (cell.carry_rows, cell.saved_rows)]
    carries, saved = _write(_arrays(shapes[0], steps + 1), 0, zero), _arrays(shapes[1], steps)
    # Only the states of the backward direction lie in another order than the loop's.
    turned = _arrays([[cell.carry_rows[0], batch]] * (directions - 1), steps)
    _, _, _, *arrays = tf.while_loop(lambda step, *_: step < count, body, (0, count - 1, zero, carries, saved, turned))
    carries, saved, turned = ([array.stack() for array in kind] for kind in arrays)
    states = carries[0][1:]
    return [states if directions == 1 else states[:, 0], *turned], carries, saved


def _run_backward(
    cell: Cell,
    upstream: Sequence[Any],
    inputs: Sequence[Any],
    carries: list[Any],
    saved: list[Any],
    present: Callable[[Any], Any],
    count: Any,
) -> tuple[Any, ...]:
    """Return the gradients of the inputs and of the weights, going against `_run_forward`."""
    steps, batch, directions = length_of(inputs[0]), inputs[0].shape[2], len(inputs)
    blocks_count = cell.delta_rows // cell.carry_rows[0]

    def body(step: Any, opposite: Any, gradient: Any, d_inputs: Any, blocks: Any, sums: Any) -> tuple[Any, ...]:
        gradient = (gradient[0] + _step_of(upstream, (step, opposite)), *gradient[1:])
        gradient = tuple(value * present(opposite) for value in gradient)
        carry_before, carry_after = (tuple(array[step + side] for array in carries) for side in (0, 1))
        step_blocks, through = cell.deltas(gradient, carry_after, carry_before, tuple(array[step] for array in saved))
        # Written block by block into an array that is there already: XLA would compute a concatenation with a branch
        # for every element, and once more for every product that it enters.
        for index, block in enumerate(step_blocks):
            blocks = blocks.write(index, block)
        deltas = blocks.stack()
        if directions == 2:
            deltas = tf.transpose(deltas, [1, 0, 2, 3])
        deltas = tf.reshape(deltas, _shape(directions, cell.delta_rows, -1))
        d_input, d_hidden = cell.below(deltas)
        gradient = (d_hidden + through[0], *through[1:])
        products = cell.products(deltas, _step_of(inputs, (step, opposite)), carry_before[0])
        sums = tuple(a + b for a, b in zip(sums, products, strict=True))
        of_directions = [d_input] if directions == 1 else tf.unstack(d_input)
        d_inputs = [
            array.write(place, value)
            for array, place, value in zip(d_inputs, (step, opposite), of_directions, strict=False)
        ]
        return step - 1, opposite + 1, gradient, d_inputs, blocks, sums

    batch_now = tf.shape(inputs[0])[2]
    zero = tuple(tf.zeros(_shape(directions, rows, batch_now)) for rows in cell.carry_rows)
    sums = (
        *(tf.zeros(shape) for shape in cell.sum_shapes),
        tf.zeros(_shape(directions, cell.delta_rows, batch_now)),
    )
    d_inputs = _arrays([[sequence.shape[1], batch] for sequence in inputs], steps)
    (blocks,) = _arrays([_shape(directions, cell.carry_rows[0], batch)], blocks_count)
    _, _, _, d_inputs, _, sums = tf.while_loop(
        lambda step, *_: step >= 0, body, (count - 1, 0, zero, d_inputs, blocks, sums)
    )
    return *(array.stack() for array in d_inputs), *cell.weight_gradients(*sums)
