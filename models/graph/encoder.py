"""What an architecture sees of a backbone: frames in; features, logits or maps out."""

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import keras
import numpy as np

from vidattn.models.graph import map_vectors, surgery, weights
from vidattn.models.hooks import Attention, Tensor
from vidattn.models.layers import core as layers
from vidattn.models.layers import masking
from vidattn.models.parts import blocks


@dataclass(frozen=True)
class Encoder:
    """A backbone with attention, and the inputs of the model to be built.

    Attributes:
        inputs: Input tensors by stream: "image" (B, H, W, C), "rgb" and "flow" (B, T, H, W, C), "features"
            (B, T, D).
        classes: Number of classes K.
        attention: The hooks.
        module: The backbone's plug-in file.
        options: Keyword arguments of its `backbone`.
        masked: Whether frames of zeros at the end of stored features are kept out as padding.
        maps: Shape of every endpoint in stored features that are the flattened maps of all, one after the
            other; None where they are pooled, or nothing is stored.
        freeze: What of the backbone is not trained (see `weights.stock`).
        pictures: Training pictures by stream, (N, H, W, C) in [-1, 1], for folded weights.
    """

    inputs: dict[str, Tensor]
    classes: int
    attention: Attention
    module: ModuleType
    options: dict[str, Any]
    masked: bool = False
    maps: dict[str, tuple[int, ...]] | None = None
    freeze: str = "none"
    pictures: dict[str, np.ndarray] = field(default_factory=dict)

    def real(self) -> Tensor | None:
        """True for every frame that is no padding, (B, T) bool; None where all count."""
        return masking.RealFrames(name="real")(self.inputs["features"]) if self.masked else None

    def clip(self, stream: str) -> Tensor:
        """The input tensor of a stream, or the stored maps that stand for it."""
        return self.inputs["features" if self.maps else stream]

    @property
    def pooled(self) -> bool:
        """Whether the inputs are stored features of frames, one vector each, which attention cannot see."""
        return "features" in self.inputs and not self.maps

    def features(self, stream: str, clip: Tensor | None = None, name: str | None = None) -> Tensor:
        """Features of every frame, (B, T, D)."""
        if self.pooled:
            return self.inputs["features"]
        return self._frames(stream, "features", clip, name)

    def logits(self, stream: str, clip: Tensor | None = None, name: str | None = None) -> Tensor:
        """Class logits of every frame, (B, T, K)."""
        if self.pooled:
            return blocks.logits(self.inputs["features"], self.classes, name="frame_logits")
        return self._frames(stream, "logits", clip, name)

    def final(self, stream: str, clip: Tensor | None = None, name: str | None = None) -> Tensor:
        """The last map of every frame, (B, T, H, W, C); of a reading attention its features, 1x1."""
        if not self.pooled and not self.attention.reads:
            return self._frames(stream, "final", clip, name)
        x = self.features(stream, clip, name)
        return keras.layers.Reshape((x.shape[1], 1, 1, x.shape[2]))(x)

    def image(self) -> Tensor:
        """Class logits of the single image, (B, K), in one flat graph."""
        if "image" in self.inputs:
            return self.output(self.endpoints(self.inputs["image"]), "logits")
        x = keras.layers.Flatten()(self.inputs["features"])  # one frame: (B, D)
        if self.pooled:
            return blocks.logits(x, self.classes, name="logits")
        return self.output(self.endpoints(x), "logits")

    def endpoints(self, x: Tensor) -> dict[str, Tensor]:
        """The four endpoints of an input tensor: from backbone and in-line attention (B, H, W, C), or stored.

        A frozen backbone leaves no trace in the draws of a seed, so that what reads it starts from the same
        weights as from its stored maps.
        """
        if self.maps:
            return map_vectors.split(x, self.maps)
        with _draws_undone() if self.freeze == "trunk" and self.attention.plain else contextlib.nullcontext():
            model = self.stock(tuple(x.shape[1:]))
            return surgery.refined(
                model, x, taps_of(self.module, self.attention), self.attention, self._entrance()
            )

    def _entrance(self) -> layers.Preprocess | None:
        """From [-1, 1] to what the backbone expects, where that is something else."""
        mode = self.module.PREPROCESS
        convert = mode == "raw" or (mode == "caffe" and self.options.get("weights"))
        return layers.Preprocess(mode, name="preprocess") if convert else None

    def stock(self, shape: tuple[int, int, int]) -> keras.Model:
        """The backbone as published, for images (H, W, C)."""
        options = {"weights": None, **self.options, "freeze": self.freeze, "pictures": self._pictures(shape)}
        return weights.stock(self.module, shape, **options)

    def _pictures(self, shape: tuple[int, int, int]) -> np.ndarray | None:
        """Training pictures of this shape, as the backbone takes them."""
        fitting = [x for x in self.pictures.values() if x.shape[-1] == shape[-1]]
        if not fitting:
            return None
        resized = keras.ops.image.resize(fitting[0], shape[:2], data_format="channels_last")
        entrance = self._entrance()
        return np.asarray(entrance(resized) if entrance else resized)

    def output(self, endpoints: dict[str, Tensor], what: str, top: Callable | None = None) -> Tensor:
        """Features (B, D), logits (B, K) or the final map, from the endpoints; `top` replaces the mean."""
        if what == "final":
            return endpoints["final"]
        if what == "logits" and self.attention.classify:
            return self.attention.classify(endpoints, self.classes)
        own = getattr(self.module, "top", None) if len(endpoints["final"].shape) == 4 else None
        features = self._vector(endpoints, (top or own) if what == "logits" else None)
        return features if what == "features" else blocks.logits(features, self.classes, name="logits")

    def _vector(self, endpoints: dict[str, Tensor], top: Callable | None) -> Tensor:
        """The vector of an image or clip: the attention's, or from `top`, or the mean of the last map."""
        if self.attention.readout:
            return self.attention.readout(endpoints)
        final = endpoints["final"]
        return top(final) if top else blocks.mean_pool(final)(final)

    def inflated(self, stream: str, taps: int) -> dict[str, Tensor]:
        """The endpoints (B, T, H, W, C) of the backbone inflated over time."""
        clip = self.inputs[stream]
        model = self.stock(tuple(clip.shape[2:]))
        folded = layers.Fold(name="clip_fold")(clip)
        time = surgery.Time(clip.shape[1], taps)
        return surgery.refined(
            model, folded, taps_of(self.module, self.attention), self.attention, self._entrance(), time
        )

    def _frames(self, stream: str, what: str, clip: Tensor | None, name: str | None) -> Tensor:
        """Applies an image model to every frame of a clip by folding time into the batch."""
        clip = self.clip(stream) if clip is None else clip
        model = self.submodel(tuple(clip.shape[2:]), what, f"{name or stream}_encoder")
        folded = layers.Fold(name=f"{name or stream}_fold")(clip)
        return layers.Unfold(clip.shape[1], name=f"{name or stream}_unfold")(model(folded)["output"])

    def submodel(self, shape: tuple[int, int, int], what: str, name: str) -> keras.Model:
        """An image model with outputs "output" and every attention map by name."""
        x = keras.Input(shape, name=f"{name}_input")
        output = self.output(self.endpoints(x), what)
        found = {m.name: m.output for m in keras.Model(x, output).layers if isinstance(m, layers.Map)}
        return keras.Model(x, {"output": output, **found}, name=name)


@contextlib.contextmanager
def _draws_undone() -> Iterator[None]:
    """Gives the generator that Keras takes seeds from back as it was."""
    state = random.getstate()
    yield
    random.setstate(state)


def taps_of(module: ModuleType, attention: Attention) -> surgery.Taps:
    """The taps that an attention uses on a backbone; an error where the backbone has none of that kind."""
    parallel = getattr(module, "PARALLEL", {})
    if attention.parallel and not parallel:
        raise ValueError(
            f"The backbone '{module.__name__.rsplit('.', 1)[-1]}' has no parallel taps; use parallel: false."
        )
    return surgery.Taps(module.ENDPOINTS, getattr(module, attention.taps), parallel)
