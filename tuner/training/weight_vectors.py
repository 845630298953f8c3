"""The trained weights of a network in a few long vectors: what is done to all weights is done to a few arrays.

A small network has some ten weights. To clip, update and average each is half a dozen kernels, which XLA compiles one by one
and a step calls one by one; a vector of all of them takes as many as one weight. Large weights stay vectors of their own: to
join them would move more memory than a kernel costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import tensorflow as tf

from tuner.models.weights import Weight

_ALONE = 2**15
"""A weight with so many numbers is a vector of its own."""


@dataclass(frozen=True)
class Layout:
    """Where each weight lies.

    Attributes:
        shapes: of the weights, in their order.
        members: the numbers of the weights in each vector, ascending.
    """

    shapes: tuple[tuple[int, ...], ...]
    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, weights: Sequence[Weight]) -> Self:
        """That of these weights: the small ones in one vector, every large one in its own."""
        shapes = tuple(weight.shape for weight in weights)
        small = tuple(number for number, shape in enumerate(shapes) if prod(shape) < _ALONE)
        large = ((number,) for number, shape in enumerate(shapes) if prod(shape) >= _ALONE)
        return cls(shapes, tuple(members for members in (small, *large) if members))

    def join(self, weights: Sequence[Any]) -> list[Any]:
        """The vectors, float32 ``[numbers]``, of weights in their shapes.

        Raises:
            ValueError: where one has another shape.
        """
        for number, (weight, shape) in enumerate(zip(weights, self.shapes, strict=True)):
            if not tf.TensorShape(weight.shape).is_compatible_with(shape):
                raise ValueError(f"weight {number} must have the shape {shape}. Received: {tuple(weight.shape)}")
        return [tf.concat([tf.reshape(weights[number], [-1]) for number in members], 0) for members in self.members]

    def split(self, vectors: Sequence[Any]) -> list[Any]:
        """The weights, in their order and shapes, of the vectors."""
        found: list[Any] = [None] * len(self.shapes)
        for vector, members in zip(vectors, self.members, strict=True):
            parts = tf.split(vector, [prod(self.shapes[number]) for number in members])
            for number, part in zip(members, parts, strict=True):
                found[number] = tf.reshape(part, self.shapes[number])
        return found
