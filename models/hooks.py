"""What an attention is: two hooks on a backbone, called by the encoder and by the head."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

Tensor = keras.KerasTensor


def identity(x: Tensor, stage: str) -> Tensor:
    """Leaves the feature map of `stage` as it is."""
    return x


@dataclass(frozen=True)
class Attention:
    """An attention mechanism as the hooks that a backbone and a head call.

    Attributes:
        refine: `refine(x, stage)` replaces the feature map `x` at the in-line tap of `stage` ("early",
            "medium", "late") inside the backbone; same shape out. With `parallel` it is also given `entry`,
            the input of that block.
        readout: `readout(endpoints)` turns the maps "early", "medium", "late", "final" into features `(B,
            D)`. None leaves the architecture to average the final map.
        classify: `classify(endpoints, classes)` makes logits `(B, K)` itself. None is one dense layer on the
            readout.
        parallel: The refinement runs beside an existing block and needs that block's input.
        taps: In-line taps of the backbone to use, by the name of its constant.
    """

    refine: Callable[..., Tensor] = identity
    readout: Callable[[dict[str, Tensor]], Tensor] | None = None
    classify: Callable[[dict[str, Tensor], int], Tensor] | None = None
    parallel: bool = False
    taps: str = "INLINE"

    @property
    def plain(self) -> bool:
        """Whether it leaves the backbone as it is."""
        return self.refine is identity

    @property
    def reads(self) -> bool:
        """Whether it replaces the head of the backbone."""
        return self.readout is not None


STAGES = ("early", "medium", "late")
Options = dict[str, Any]
