"""An LSTM that multiplies its inputs by their kernel once for all steps, not once a step.

Weights and numbers are those of `keras.layers.LSTM`, up to rounding. It saves time on a CPU where features
are wide and batches small: one product of (B T, D) and one gradient of the kernel in the place of T of them.
"""

import keras
from keras import ops

from vidattn.models.layers.core import serializable


@serializable
class ProjectedCell(keras.layers.LSTMCell):
    """A step of an LSTM whose input (B, 4 units) is `project`ed already; without dropout inside."""

    def project(self, x):
        """Inputs of the gates (B, T, 4 units), as far as they come from `x` (B, T, D)."""
        return ops.add(ops.matmul(x, self.kernel), self.bias)

    def call(self, inputs, states, training=False):
        """Output (B, units) and states, by the equations of Hochreiter and Schmidhuber with forget gates."""
        before, carried = states
        gates = ops.add(inputs, ops.matmul(before, self.recurrent_kernel))
        enter, forget, new, leave = ops.split(gates, 4, axis=1)
        carry = self.recurrent_activation(forget) * carried
        carry = carry + self.recurrent_activation(enter) * self.activation(new)
        output = self.recurrent_activation(leave) * self.activation(carry)
        return output, [output, carry]


@serializable
class ProjectedRNN(keras.layers.RNN):
    """Runs a `ProjectedCell` over a sequence (B, T, D)."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """The last output (B, units), or with `return_sequences` all of them (B, T, units)."""
        projected = self.cell.project(sequences)
        return super().call(projected, initial_state=initial_state, mask=mask, training=training)


def lstm(units: int, recurrent_activation, **options) -> ProjectedRNN:
    """An LSTM of so many units; `options` are those of `keras.layers.RNN`."""
    return ProjectedRNN(ProjectedCell(units, recurrent_activation=recurrent_activation), **options)
