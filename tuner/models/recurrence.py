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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tuner.models.cells import CELLS
from tuner.models.cells.cell import Cell, Steps


def recur(
    cell: str,
    inputs: Sequence[Any],
    weights: Sequence[Sequence[Any]],
    *,
    backwards: Sequence[bool] = (False,),
    activation: str = "tanh",
    lengths: Any = None,
    steps: Any = None,
) -> list[Any]:
    """Run one direction of a layer, or both in one loop, and return its states after every step.

    Under XLA one loop for both has half the kernels to compile and to call: products of small networks are so short that they
    cost what a call costs. TensorFlow's own product of stacked matrices is slower than that of single ones, by the half at 32
    units, so in a plain graph each direction is better off alone.

    Rows may be padded on the right. Forwards needs no mask for that: a row's states after its end are finite numbers
    that nobody may read, and what is not read has no gradient. Backwards in time starts in the padding, where the state
    is held at zero, which is how the layer starts at a row's true end; states stay at the step they belong to, so both
    directions line up.

    Args:
        cell: of ``CELLS``.
        inputs: float32 ``[time, features, batch]`` for each direction; finite in the padding too.
        weights: for each direction kernel, recurrent kernel and bias as the Keras layer stores them. A kernel of None says
            that its inputs are its rows already: those that one-hot words pick.
        backwards: for each direction whether it runs from every row's end to its start; both differ where there are two.
        activation: of elman.
        lengths: int ``[batch]``, each at least 1: the rows' ends, which only a direction backwards needs.
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
    order = _Order(tuple(backwards), lengths)
    no_kernel = (None,) if weights[0][0] is None else ()
    stacked = [_stacked(part) for part in zip(*weights, strict=True) if part[0] is not None]

    @tf.custom_gradient
    def layer(*arguments: Any) -> tuple[Any, Any]:
        inputs, bound = arguments[: len(backwards)], step(*no_kernel, *arguments[len(backwards) :])
        states, carries, saved = _run_forward(bound, inputs, order, count)

        def gradient(*upstream: Any) -> tuple[Any, ...]:
            return _run_backward(bound, upstream, inputs, carries, saved, order, count)

        return states, gradient

    return list(layer(*inputs, *stacked))


@dataclass(frozen=True)
class _Order:
    """Where each direction of a loop is.

    Attributes:
        backwards: as `recur` takes it.
        lengths: likewise.
    """

    backwards: tuple[bool, ...]
    lengths: Any

    def places(self, step: Any, opposite: Any) -> list[Any]:
        """The step of the text that each direction is at, ``opposite`` being as far from the end as ``step`` from the start."""
        return [opposite if backwards else step for backwards in self.backwards]

    def carries_at(self, step: Any, opposite: Any) -> tuple[Any, Any]:
        """Where the carries before and after a step lie: those of one direction where its text is, for they are its states."""
        return (opposite + 1, opposite) if self.backwards == (True,) else (step, step + 1)

    def masked(self, values: Steps, opposite: Any) -> Steps:
        """Numbers of a step, those of a direction backwards 0 in the padding of a row."""
        if not any(self.backwards):
            return values
        place = (
            opposite if len(self.backwards) == 1 else tf.constant(self.backwards, tf.int32)[:, None, None] * opposite
        )
        present = tf.cast(self.lengths > place, tf.float32)
        return tuple(value * present for value in values)

    def of_one(self, number: int, values: Any) -> Any:
        """The part of a step that belongs to one direction."""
        return values if len(self.backwards) == 1 else values[number]

    def shape(self, rows: int, batch: Any) -> list[Any]:
        """That of a step."""
        return [rows, batch] if len(self.backwards) == 1 else [len(self.backwards), rows, batch]


def _stacked(parts: Sequence[Any]) -> Any:
    """One a direction as one array: of a single direction as it is."""
    return tf.stack(parts) if len(parts) > 1 else tf.convert_to_tensor(parts[0])


def _read(sequences: Sequence[Any], places: Sequence[Any]) -> Any:
    """The step of each direction's sequence that it is at."""
    return _stacked([sequence[place] for sequence, place in zip(sequences, places, strict=True)])


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


def _run_forward(
    cell: Cell, inputs: Sequence[Any], order: _Order, count: Any
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the states of each direction, all carries, one more than steps, and what was saved, in the order of the loop."""
    steps, batch = length_of(inputs[0]), inputs[0].shape[2]

    def body(step: Any, opposite: Any, carry: Any, carries: Any, saved: Any, turned: Any) -> tuple[Any, ...]:
        carry, to_save = cell.forward(_read(inputs, order.places(step, opposite)), carry)
        carry = order.masked(carry, opposite)
        turned = [array.write(opposite, carry[0][1]) for array in turned]
        _, after = order.carries_at(step, opposite)
        carries, saved = _write(carries, after, carry), _write(saved, step, to_save)
        return step + 1, opposite - 1, carry, carries, saved, turned

    zero = tuple(tf.zeros(order.shape(rows, tf.shape(inputs[0])[2])) for rows in cell.carry_rows)
    first, _ = order.carries_at(0, count - 1)
    carries = _write(_arrays([order.shape(rows, batch) for rows in cell.carry_rows], steps + 1), first, zero)
    saved = _arrays([order.shape(rows, batch) for rows in cell.saved_rows], steps)
    # The loop's order is that of the text in the first of two directions alone.
    turned = _arrays([[cell.carry_rows[0], batch]] * (len(inputs) - 1), steps)
    _, _, _, *arrays = tf.while_loop(lambda step, *_: step < count, body, (0, count - 1, zero, carries, saved, turned))
    carries, saved, turned = ([array.stack() for array in kind] for kind in arrays)
    states = carries[0][:-1] if order.backwards == (True,) else carries[0][1:]
    return [states if len(inputs) == 1 else states[:, 0], *turned], carries, saved


def _run_backward(
    cell: Cell,
    upstream: Sequence[Any],
    inputs: Sequence[Any],
    carries: list[Any],
    saved: list[Any],
    order: _Order,
    count: Any,
) -> tuple[Any, ...]:
    """Return the gradients of the inputs and of the weights, going against `_run_forward`."""
    steps, batch = length_of(inputs[0]), inputs[0].shape[2]

    def body(step: Any, opposite: Any, gradient: Any, d_inputs: Any, blocks: Any, sums: Any) -> tuple[Any, ...]:
        places = order.places(step, opposite)
        gradient = order.masked((gradient[0] + _read(upstream, places), *gradient[1:]), opposite)
        carry_before, carry_after = (
            tuple(array[place] for array in carries) for place in order.carries_at(step, opposite)
        )
        step_blocks, through = cell.deltas(gradient, carry_after, carry_before, tuple(array[step] for array in saved))
        # Written block by block into an array that is there already: XLA would compute a concatenation with a branch
        # for every element, and once more for every product that it enters.
        for index, block in enumerate(step_blocks):
            blocks = blocks.write(index, block)
        deltas = blocks.stack()
        if len(places) > 1:
            deltas = tf.transpose(deltas, [1, 0, 2, 3])
        deltas = tf.reshape(deltas, order.shape(cell.delta_rows, -1))
        d_input, d_hidden = cell.below(deltas)
        gradient = (d_hidden + through[0], *through[1:])
        products = cell.products(deltas, _read(inputs, places), carry_before[0])
        sums = tuple(a + b for a, b in zip(sums, products, strict=True))
        d_inputs = [
            array.write(place, order.of_one(number, d_input))
            for number, (array, place) in enumerate(zip(d_inputs, places, strict=True))
        ]
        return step - 1, opposite + 1, gradient, d_inputs, blocks, sums

    rows_now = tf.shape(inputs[0])[2]
    zero = tuple(tf.zeros(order.shape(rows, rows_now)) for rows in cell.carry_rows)
    sums = (*(tf.zeros(shape) for shape in cell.sum_shapes), tf.zeros(order.shape(cell.delta_rows, rows_now)))
    d_inputs = _arrays([[sequence.shape[1], batch] for sequence in inputs], steps)
    (blocks,) = _arrays([order.shape(cell.carry_rows[0], batch)], cell.delta_rows // cell.carry_rows[0])
    _, _, _, d_inputs, _, sums = tf.while_loop(
        lambda step, *_: step >= 0, body, (count - 1, 0, zero, d_inputs, blocks, sums)
    )
    return *(array.stack() for array in d_inputs), *cell.weight_gradients(*sums)
