"""Models by name: any backbone with any attention in any architecture. The file name is the name."""

import importlib
import inspect
import math
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

from vidattn.models.graph import map_vectors
from vidattn.models.graph.encoder import Encoder
from vidattn.models.parts import blocks

KINDS = {"backbone": "backbones", "attention": "attention", "architecture": "architectures"}
Options = dict[str, Any] | None


def names(kind: str) -> list[str]:
    """The plug-ins of a kind ("backbone", "attention", "architecture") that can be built, sorted."""
    blocks.one_of("kind", kind, tuple(KINDS))
    files = (Path(__file__).parent / KINDS[kind]).glob("*.py")
    return sorted(f.stem for f in files if f"\ndef {kind}(" in f.read_text(encoding="utf-8"))


def module(kind: str, name: str) -> ModuleType:
    """The file of a plug-in; an unknown name raises ValueError with the nearest one."""
    blocks.one_of(kind, name, names(kind))
    return importlib.import_module(f"vidattn.models.{KINDS[kind]}.{name}")


def build(
    backbone: str,
    attention: str,
    architecture: str,
    *,
    classes: int,
    size: int,
    frames: int | None = None,
    flow_length: int = 5,
    backbone_params: Options = None,
    attention_params: Options = None,
    architecture_params: Options = None,
    from_features: int | map_vectors.Shapes | None = None,
    mask: bool = False,
    freeze: str = "none",
    pictures: dict[str, np.ndarray] | None = None,
    seed: int = 0,
) -> keras.Model:
    """Builds a classifier.

    Args:
        backbone: Name of the frame encoder, or "none" for networks with their own body.
        attention: Name of the attention.
        architecture: Name of the clip classifier.
        classes: Number of classes K.
        size: Height and width of the input.
        frames: Frames of a clip, T. The flow stream has `T - flow_length` stacks. Not needed for images.
        flow_length: Flow fields in a stack, L.
        backbone_params: Keyword arguments of the backbone, and `weights`.
        attention_params: Keyword arguments of the attention; they override the backbone's published settings.
        architecture_params: Keyword arguments of the architecture.
        from_features: Width D of stored frame features that stand in for the backbone; or, where the store
            has its maps, the shape (H, W, C) of every endpoint (see `map_shapes`).
        mask: Keep frames of zeros at a clip's end out of recurrence, attention, means and the last step.
        freeze: What of the backbone is not trained: "none", "norms" or "trunk" (see `weights.stock`).
        pictures: Training pictures by stream, (N, H, W, C), that folded weights are made trainable with.
        seed: Seed of the initial weights.

    Returns:
        A model from a dict of streams to logits (B, K). Inputs in [-1, 1], by stream: "image" (B, H, W, 3),
        "rgb" (B, T, H, W, 3), "flow" (B, T - L, H, W, 2 L), "features" (B, T, D).

    Raises:
        ValueError: An unknown name or parameter, or a combination that cannot be, with the reason.
    """
    keras.utils.set_random_seed(seed)
    encoder_file, head = module("backbone", backbone), module("architecture", architecture)
    _check(encoder_file, head, backbone, architecture, from_features)
    _check_mask(head, architecture, mask, from_features)
    defaults = getattr(encoder_file, "ATTENTION", {}).get(attention, {})
    chosen = _call(
        module("attention", attention).attention, attention, {**defaults, **(attention_params or {})}
    )
    maps = from_features if isinstance(from_features, dict) else None
    if from_features and (attention != "none" if maps is None else not chosen.plain):
        raise ValueError(
            f"Attention '{attention}' acts inside the backbone, which stored features have passed; use none."
        )
    width = sum(map(math.prod, maps.values())) if maps else from_features
    inputs = _inputs(head, architecture, size, frames, flow_length, width)
    options = _checked(encoder_file.backbone, backbone, backbone_params or {}, "shape")
    encoder = Encoder(inputs, classes, chosen, encoder_file, options, mask, maps, freeze, pictures or {})
    output = _call(head.architecture, architecture, architecture_params or {}, encoder=encoder)
    return keras.Model(inputs, output, name=re.sub(r"\W", "_", f"{backbone}-{attention}-{architecture}"))


def _check(
    encoder: ModuleType, head: ModuleType, backbone: str, architecture: str, features: int | None
) -> None:
    """Refuses what cannot be combined, with the reason."""
    own = getattr(head, "OWN_BODY", False)
    if own and backbone != "none":
        raise ValueError(
            f"Architecture '{architecture}' has its own body and takes no frame encoder; use backbone none."
        )
    if not own and backbone == "none":
        raise ValueError(
            f"Architecture '{architecture}' needs a frame encoder; name a backbone other than none."
        )
    if features and not getattr(head, "FEATURES", False):
        raise ValueError(f"Architecture '{architecture}' needs frames, it cannot start from stored features.")
    if not features and getattr(head, "FEATURES", False) == "only":
        raise ValueError(f"Architecture '{architecture}' starts from stored features; give their width.")


def _check_mask(head: ModuleType, architecture: str, mask: bool, features: int | None) -> None:
    """Refuses a mask where nothing would heed it."""
    if mask and not (features and getattr(head, "MASK", False)):
        raise ValueError(
            f"Architecture '{architecture}' has no mask for padded frames"
            f"{'' if features else ' unless it starts from stored features'}; use mask: false."
        )


def _inputs(
    head: ModuleType, architecture: str, size: int, frames: int | None, length: int, features: int | None
) -> dict[str, keras.KerasTensor]:
    """The input tensors of an architecture."""
    image = head.STREAMS == ("image",)
    if image and not features:
        return {"image": keras.Input((size, size, 3), name="image")}
    frames = 1 if image else frames
    if not frames or frames < 1:
        raise ValueError(f"Architecture '{architecture}' takes clips; give the number of frames.")
    if features:
        return {"features": keras.Input((frames, features), name="features")}
    if "flow" in head.STREAMS and frames <= length:
        raise ValueError(
            f"{frames} frames give no stack of {length} flow fields; use more than {length} frames."
        )
    shapes = {"rgb": (frames, size, size, 3), "flow": (frames - length, size, size, 2 * length)}
    return {stream: keras.Input(shapes[stream], name=stream) for stream in head.STREAMS}


def _checked(function: Callable, name: str, options: dict[str, Any], *reserved: str) -> dict[str, Any]:
    """Raises ValueError on a keyword that the plug-in does not know."""
    for key in options:
        blocks.one_of(
            f"parameter of '{name}'",
            key,
            [p for p in inspect.signature(function).parameters if p not in reserved],
        )
    return options


def _call(function: Callable, name: str, options: dict[str, Any], **fixed: Any) -> Any:
    """Calls a plug-in with checked keywords."""
    return function(**fixed, **_checked(function, name, options, *fixed))


def features(
    backbone: str, *, size: int, pool: str = "mean", backbone_params: Options = None, seed: int = 0
) -> keras.Model:
    """The backbone alone, as an extractor of frame features.

    Args:
        backbone: Name of the frame encoder.
        size: Height and width of the input.
        pool: "mean" over positions, "flat", the whole last map (You and Korhonen), or "maps", all endpoints
            flattened, one after the other.
        backbone_params: Keyword arguments of the backbone, and `weights`.
        seed: Seed of random weights.

    Returns:
        A model from images (B, H, W, 3) in [-1, 1] to features (B, D).
    """
    blocks.one_of("pool", pool, ("mean", "flat", "maps"))
    keras.utils.set_random_seed(seed)
    image = keras.Input((size, size, 3), name="image")
    endpoints = _endpoints(backbone, image, backbone_params)
    final = endpoints["final"]
    pooled = {"mean": blocks.mean_pool(final), "flat": keras.layers.Flatten()}
    x = map_vectors.join(endpoints) if pool == "maps" else pooled[pool](final)
    return keras.Model(image, x, name=f"{backbone}_{pool}")


def map_shapes(backbone: str, *, size: int, backbone_params: Options = None) -> map_vectors.Shapes:
    """The shape (H, W, C) of every endpoint of a backbone, in the order of `features` with pool "maps"."""
    shapes = {**(backbone_params or {}), "weights": None}
    endpoints = _endpoints(backbone, keras.Input((size, size, 3)), shapes)
    return {name: tuple(x.shape[1:]) for name, x in endpoints.items()}


def _endpoints(backbone: str, image: keras.KerasTensor, params: Options) -> dict[str, keras.KerasTensor]:
    """The maps of a backbone without attention."""
    file = module("backbone", backbone)
    options = _checked(file.backbone, backbone, params or {}, "shape")
    return Encoder({}, 1, module("attention", "none").attention(), file, options).endpoints(image)
