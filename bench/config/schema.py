"""The types of params.yaml: single values are those of `values`; what goes together stands in the rules."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from pydantic.dataclasses import dataclass

# pydantic asks for this TypedDict before Python 3.12
from typing_extensions import TypedDict

from vidattn.bench.config.values import (
    Above,
    Amount,
    Container,
    Count,
    Flag,
    Name,
    Names,
    Pair,
    Rates,
    Share,
    Size,
    Text,
    Texts,
    TrainFrames,
    Weights,
    Whole,
    Zoom,
    section,
)


class Optimizer(TypedDict):
    """What every optimiser takes; `learning_rate` is one, or a list of which validation chooses one."""

    learning_rate: Rates
    inverse_time_decay: NotRequired[Amount]
    clipnorm: NotRequired[Above]
    clipvalue: NotRequired[Above]
    global_clipnorm: NotRequired[Above]


class Adam(Optimizer):
    """`keras.optimizers.Adam`."""

    name: Literal["adam"]
    epsilon: NotRequired[Above]
    beta_1: NotRequired[Share]
    beta_2: NotRequired[Share]
    weight_decay: NotRequired[Amount]


class RMSprop(Optimizer):
    """`keras.optimizers.RMSprop`."""

    name: Literal["rmsprop"]
    epsilon: NotRequired[Above]
    rho: NotRequired[Share]
    momentum: NotRequired[Share]
    weight_decay: NotRequired[Amount]


class LegacyRMSprop(Optimizer):
    """RMSprop of Keras 2.2.4, see `train.optimizers`."""

    name: Literal["rmsprop_legacy"]
    epsilon: NotRequired[Above]
    rho: NotRequired[Share]


class SGD(Optimizer):
    """`keras.optimizers.SGD`."""

    name: Literal["sgd"]
    momentum: NotRequired[Share]
    nesterov: NotRequired[Flag]
    weight_decay: NotRequired[Amount]


AnyOptimizer = Annotated[
    section(Adam) | section(RMSprop) | section(LegacyRMSprop) | section(SGD), Field(discriminator="name")
]


class Augment(TypedDict, total=False):
    """Ranges of random changes of training clips, see `data.batches.augment`."""

    method: Literal["affine", "keras_cv"]
    rotation: Amount
    shear: Amount
    zoom: Zoom
    flip: Flag
    channel_shift: Amount


class TVL1Settings(TypedDict, total=False):
    """What `data.extract.flow` takes for TV-L1."""

    warps: Count
    epsilon: Above
    container: Container


class DISSettings(TypedDict, total=False):
    """What `data.extract.flow` takes for DIS."""

    preset: Literal["ultrafast", "fast", "medium"]
    container: Container


class FarnebackSettings(TypedDict, total=False):
    """What `data.extract.flow` takes for Farneback."""

    container: Container


class Contrast(TypedDict):
    """Two cells that are compared on a family of classes, or on all; Holm corrects within `family`."""

    name: Text
    cell: Text
    control: Text
    classes: NotRequired[Text]
    family: NotRequired[Text]
    planned: NotRequired[bool]


class Compare(TypedDict, total=False):
    """What tables and report compare; any part may be left out."""

    explained: list[Text]
    protocols: list[Pair]
    leakage: Pair
    settings: dict[str, Pair]
    sheets: list[Text]
    controls: list[Text]
    families: dict[str, list[Text]]
    contrasts: list[section(Contrast)]


class Models(TypedDict):
    """A block of models to count; an axis is a list of names, or all. For the rest see `cost.complexity`."""

    backbone: Names
    attention: Names
    architecture: Names
    classes: Count
    size: Count
    frames: NotRequired[Count]
    flow_length: NotRequired[Count]
    batch: NotRequired[Count]
    from_features: NotRequired[Count]
    backbone_params: NotRequired[dict]
    attention_params: NotRequired[dict]
    architecture_params: NotRequired[dict]


@dataclass(frozen=True)
class Grid:
    """A block of cells: the product of its five axes, run on every fold with every seed."""

    dataset: Texts
    backbone: Texts
    attention: Texts
    architecture: Texts
    protocol: Texts
    folds: Annotated[list[Count], Field(min_length=1)]
    seeds: Annotated[list[Whole], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Optical flow: `length` pairs in a stack, stored in 8 bits within +-`bound` pixels.

    `definition` is what is computed: consecutive pairs, both ways of each, or anchored at one frame; `stack`,
    which may be left out, how those not anchored are joined.
    """

    method: str
    definition: Literal["anchored", "both", "consecutive"]
    length: Count
    bound: Above
    settings: dict
    stack: Literal["consecutive", "trajectory", "bidirectional"] = "consecutive"


@dataclass(frozen=True, kw_only=True)
class TVL1(Flow):
    """Zach, Pock and Bischof, 2007."""

    method: Literal["tvl1"]
    settings: section(TVL1Settings)


@dataclass(frozen=True, kw_only=True)
class DIS(Flow):
    """Kroeger et al., ECCV 2016."""

    method: Literal["dis"]
    settings: section(DISSettings)


@dataclass(frozen=True, kw_only=True)
class Farneback(Flow):
    """Farneback, SCIA 2003."""

    method: Literal["farneback"]
    settings: section(FarnebackSettings)


AnyFlow = Annotated[section(TVL1) | section(DIS) | section(Farneback), Field(discriminator="method")]


@dataclass(frozen=True)
class Protocol:
    """How a cell is trained and scored. `kind` is paper or clean; `defects` names what paper does wrong.

    `split` is official or random; `validation` groups, clips or none; `select` best or last (epoch);
    `encoder` trained or frozen (heads on stored features); `weights` random, imagenet, or a folder of files
    (./weights) named by backbone; `pool` mean or flat features of a frozen encoder; `normalise` scales each
    to length sqrt(D); `head` are arguments for the architectures that take them; `sampling` uniform,
    per_second or window; `order` of the frames given or shuffled; `frames` per clip, 0 for the integer mean
    over the data set (You & Korhonen); `mask` keeps the frames of zeros at the end of short clips out of
    everything; `size` in pixels, or native for the backbone's own; `colour` rgb or bgr; `patience` updates
    without a lower loss on validation after which training stops, 0 for never; `optimizer.learning_rate`
    one rate, or a list of which validation chooses one. Five may be left out: `updates` at least so many
    are allowed where `epochs` of a small set are fewer; `train_frames` 1 trains on one random frame (or
    flow stack) of each clip an epoch, None on all; `loss` clipped is that of Keras 2 (see `losses`);
    `seconds` in the middle of a clip are what sampling window spreads its frames over; `freeze` norms keeps
    the batch norms of a trained encoder as its weights have them, trunk all of it.
    """

    kind: Literal["paper", "clean"]
    defects: list[Text]
    split: Literal["official", "random"]
    validation: Literal["groups", "clips", "none"]
    select: Literal["best", "last"]
    encoder: Literal["trained", "frozen"]
    weights: Weights
    pool: Literal["mean", "flat"]
    normalise: Flag
    head: dict
    sampling: Literal["uniform", "per_second", "window"]
    order: Literal["given", "shuffled"]
    frames: Whole
    mask: Flag
    size: Size
    colour: Literal["rgb", "bgr"]
    flow: Text
    augment: section(Augment)
    epochs: Count
    patience: Whole
    batch: Count
    optimizer: AnyOptimizer
    accumulate: Count
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    shuffle: Flag
    drop_remainder: Flag
    updates: Count | None = None
    train_frames: TrainFrames = None
    loss: Literal["clipped"] | None = None
    seconds: Above | None = None
    freeze: Literal["none", "norms", "trunk"] | None = None

    def settings(self) -> dict[str, Any]:
        """The settings by name, less an optional one that is not set: as if it did not exist."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @property
    def rates(self) -> list[float]:
        """The learning rates to train with, in the order given."""
        rate = self.optimizer["learning_rate"]  # type: ignore[index]
        return list(rate) if isinstance(rate, list) else [rate]


@dataclass(frozen=True)
class Params:
    """The whole of params.yaml."""

    suite: Text
    store: Text
    suites: dict[Name, Annotated[list[section(Grid)], Field(min_length=1)]]
    datasets: dict[Name, dict]
    backbones: dict[Name, dict]
    attention: dict[Name, dict]
    architectures: dict[Name, dict]
    flows: dict[Name, AnyFlow]
    protocols: dict[Name, section(Protocol)]
    tables: list[Text]
    compare: section(Compare)
    complexity: list[section(Models)]
