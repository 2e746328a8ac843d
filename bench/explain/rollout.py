"""Attention rollout (Abnar and Zuidema, ACL 2020) of transformers and attentive probes."""

import re
from collections.abc import Mapping

import numpy as np

BLOCK, PROBE = re.compile(r"block([0-9]+)_map"), "probe_map"


def tokens(name: str) -> bool:
    """Whether a map is one among tokens, (B, heads, M, N)."""
    return bool(BLOCK.fullmatch(name)) or name == PROBE


def weights(maps: Mapping[str, np.ndarray], steps: int) -> np.ndarray:
    """What each input token is worth to the output.

    Args:
        maps: By name, the weights (B, heads, M, N) of the blocks in order, and of the probe's query.
        steps: Frames of the clip, T.

    Returns:
        The product over blocks of (A + I) / 2, A the mean over heads (their section 4); from there what the
        query reads, or the mean over tokens. (B, T) where a frame is a token, else (B, T, h, w).
    """
    blocks = sorted((name for name in maps if BLOCK.fullmatch(name)), key=lambda name: int(name[5:-4]))
    rolled = None
    for name in blocks:
        a = maps[name].mean(axis=1)
        mixed = (a + np.eye(a.shape[-1])) / 2
        rolled = mixed if rolled is None else mixed @ rolled
    if PROBE in maps:
        read = maps[PROBE].mean(axis=1)  # (B, 1, N)
        read = read if rolled is None else read @ rolled
    else:
        assert rolled is not None  # there is a block or a probe
        read = rolled.mean(axis=1, keepdims=True)
    count = read.shape[-1]
    if count == steps:
        return read[:, 0]
    side = round((count / steps) ** 0.5)
    return read.reshape(len(read), steps, side, side)
