"""What the figures of the data set `actors` do: class names and postures over time.

Three families, each readable by one kind of model only:

- `hold_*`: idle figures; the class is what they hold (appearance of the actor).
- `raise`/`lower` and `rise`/`sink`: pairs in which the second is the first played backwards from the same
  first frame. Both show exactly the same set of postures, so that no single frame and no mean over all frames
  tells them apart; the order (the flow) does.
- `flag_*`/`lamp_*`: an idle figure holds up a flag or a lamp for a moment, before or after the middle of the
  clip. A single frame can tell what was shown but not when, and most frames show nothing.
"""

import numpy as np

HELD = {"hold_ball": "ball", "hold_box": "box", "hold_cross": "cross", "hold_ring": "ring"}
REVERSED = {"lower": "raise", "sink": "rise"}
MOTION = ("lower", "raise", "rise", "sink")
SHOWN = ("flag", "lamp")
TIMING = tuple(f"{thing}_{when}" for thing in SHOWN for when in ("early", "late"))
CLASSES = tuple(sorted((*HELD, *MOTION, *TIMING)))

CYCLES = {"raise": 1, "rise": 2}  # whole numbers, so that played backwards the postures are the same
FORWARD_SHARE = 0.85  # of a cycle is the slow movement, the rest its quick return
EVENT = 0.25  # length of a timed event, as a share of the clip
EARLIEST, LATEST = 0.12, 0.26  # its first frame, likewise; late events mirror this


def family(label: str) -> str:
    """`appearance`, `motion` or `timing`."""
    if label in HELD:
        return "appearance"
    return "motion" if label in MOTION else "timing"


def pair(label: str) -> str:
    """Classes of one pair share everything but the movement's direction or the event's time."""
    if label in TIMING:
        return label.split("_")[0]
    return REVERSED.get(label, label)


def act(label: str, frames: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Postures (T, 6) and informative frames (T,) of one clip.

    Args:
        label: A name in `CLASSES`.
        frames: Clip length T.
        rng: Drawn from alike by both classes of a pair.
    """
    postures, informative = _idle(frames, rng), np.ones(frames, bool)
    if label in HELD:
        postures[:, 1] += rng.uniform(1.2, 2.0)  # the hand that holds something is away from the body
    elif label in MOTION:
        cycle = _sawtooth((rng.uniform() + CYCLES[pair(label)] * np.arange(frames) / frames) % 1.0)
        strength = rng.uniform(0.85, 1.0)
        if pair(label) == "raise":
            postures[:, :2] += (2.3 * strength * cycle)[:, None]
        else:
            postures[:, 4] += strength * (1 - cycle)
        if label in REVERSED:
            postures = postures[-np.arange(frames)]
    else:
        informative = _event(postures, label, rng)
    return postures, informative


def _idle(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Small swaying in whole cycles, so that a clip may be played backwards from its first frame."""
    phase = rng.uniform(0, 2 * np.pi, 6)
    cycles = rng.integers(1, 4, 6)
    swing = np.sin(phase + 2 * np.pi * cycles * np.arange(frames)[:, None] / frames)
    rest = np.array([0.25, 0.25, 0.15, 0.0, 0.08, 0.0])
    return rest + np.array([0.10, 0.10, 0.08, 0.05, 0.04, 0.0]) * swing


def _sawtooth(phase: np.ndarray) -> np.ndarray:
    """0 to 1 slowly, back quickly."""
    return np.where(phase < FORWARD_SHARE, phase / FORWARD_SHARE, (1 - phase) / (1 - FORWARD_SHARE))


def _event(postures: np.ndarray, label: str, rng: np.random.Generator) -> np.ndarray:
    """Raises the right arm for the event's frames; returns them."""
    frames = len(postures)
    length = round(frames * EVENT)
    first = round(frames * rng.uniform(EARLIEST, LATEST))
    if label.endswith("_late"):
        first = frames - length - first
    informative = np.zeros(frames, bool)
    informative[first : first + length] = True
    postures[informative, 1] += 2.3
    return informative
