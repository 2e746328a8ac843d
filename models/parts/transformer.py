"""Blocks of attention among tokens (Vaswani et al., NIPS 2017), normalised before each half."""

import keras

from vidattn.models.layers import core as layers
from vidattn.models.layers import self_attention

Tensor = keras.KerasTensor


def block(x: Tensor, heads: int, hidden: int, dropout: float, name: str) -> Tensor:
    """Self-attention, then two dense layers, each with normalisation before and a shortcut around."""
    y = keras.layers.LayerNormalization(name=f"{name}_norm1")(x)
    y = _attend(y, y, heads, name)
    x = keras.layers.Add()([x, keras.layers.Dropout(dropout)(y)])
    return _dense(x, hidden, dropout, name)


def pool(x: Tensor, heads: int, hidden: int, dropout: float, name: str) -> Tensor:
    """One learned query that attends over tokens (B, N, D), then the two dense layers: (B, 1, D)."""
    query = self_attention.Query(name=f"{name}_token")(x)
    y = _attend(query, keras.layers.LayerNormalization(name=f"{name}_norm1")(x), heads, name)
    x = keras.layers.Add()([query, keras.layers.Dropout(dropout)(y)])
    return _dense(x, hidden, dropout, name)


def _attend(asking: Tensor, x: Tensor, heads: int, name: str) -> Tensor:
    """Multi-head attention of (B, M, D) over (B, N, D): (B, M, D)."""
    width = x.shape[-1]
    if width % heads:
        raise ValueError(f"{heads} heads do not divide a width of {width}.")
    query = keras.layers.Dense(width, name=f"{name}_query")(asking)
    key, value = (keras.layers.Dense(width, name=f"{name}_{part}")(x) for part in ("key", "value"))
    weights = self_attention.AttentionWeights(heads, name=f"{name}_weights")([query, key])  # (B, heads, M, N)
    weights = layers.Map(low=0.0, high=1.0, name=f"{name}_map")(weights)
    y = self_attention.AttentionMix(name=f"{name}_mix")([weights, value])
    return keras.layers.Dense(width, name=f"{name}_out")(y)


def _dense(x: Tensor, hidden: int, dropout: float, name: str) -> Tensor:
    """The second half of a block."""
    y = keras.layers.LayerNormalization(name=f"{name}_norm2")(x)
    y = keras.layers.Dense(hidden, activation="gelu", name=f"{name}_hidden")(y)
    y = keras.layers.Dense(x.shape[-1], name=f"{name}_mlp")(y)
    return keras.layers.Add()([x, keras.layers.Dropout(dropout)(y)])
