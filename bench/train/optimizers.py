"""Optimisers by the names of params.yaml; on TensorFlow RMSprop passes over the weights once.

The heads of the ICIP suite are wide and their batches small: on a CPU the update of
`keras.optimizers.RMSprop`, one operation after the other, is a good part of their training.
"""

import keras
from keras import ops

from vidattn.bench.config.schema import Protocol


class FusedRMSprop(keras.optimizers.RMSprop):
    """`keras.optimizers.RMSprop` by TensorFlow's one operation for it: the same numbers, up to rounding.

    v = rho v + (1 - rho) g^2, m = momentum m + lr g / sqrt(v + epsilon), w = w - m.
    """

    def build(self, variables) -> None:
        """Adds the slots of the operation, which wants m even without momentum."""
        if not self.built:
            super().build(variables)
            if not self.momentum:
                self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Updates one `tf.Variable` and its slots in place."""
        import tensorflow as tf

        index = self._get_variable_index(variable)
        slots = {"ms": self._velocities[index], "mom": self._momentums[index]}
        tf.raw_ops.ResourceApplyRMSProp(
            var=variable.handle,
            **{name: slot.value.handle for name, slot in slots.items()},
            lr=tf.cast(learning_rate, gradient.dtype),
            rho=self.rho,
            momentum=self.momentum,
            epsilon=self.epsilon,
            grad=gradient,
        )


class LegacyRMSprop(keras.optimizers.RMSprop):
    """RMSprop of Keras 2.2.4, with epsilon beside the root and not under it; without momentum.

    v = rho v + (1 - rho) g^2, w = w - lr g / (sqrt(v) + epsilon).
    """

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Updates one variable and its mean square in place."""
        velocity = self._velocities[self._get_variable_index(variable)]
        gained = ops.multiply(1 - self.rho, ops.square(gradient))
        self.assign(velocity, ops.add(ops.multiply(self.rho, velocity), gained))
        step = ops.multiply(ops.cast(learning_rate, variable.dtype), gradient)
        self.assign_sub(variable, ops.divide(step, ops.add(ops.sqrt(velocity), self.epsilon)))


def make(protocol: Protocol, rate: float) -> keras.optimizers.Optimizer:
    """The optimiser of a protocol with this learning rate."""
    settings = dict(protocol.optimizer)
    decay = settings.pop("inverse_time_decay", 0.0)
    settings["learning_rate"] = rate
    if decay:
        schedule = keras.optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
        settings["learning_rate"] = schedule
    if protocol.accumulate > 1:
        settings["gradient_accumulation_steps"] = protocol.accumulate
    return _kind(settings.pop("name"))(**settings)


def _kind(name: str) -> type[keras.optimizers.Optimizer]:
    fused = keras.backend.backend() == "tensorflow"
    rmsprop = FusedRMSprop if fused else keras.optimizers.RMSprop
    kinds = {"adam": keras.optimizers.Adam, "rmsprop": rmsprop, "sgd": keras.optimizers.SGD}
    return {**kinds, "rmsprop_legacy": LegacyRMSprop}[name]
