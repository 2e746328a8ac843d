"""What the figures of the data set `actors` do: class names and postures over time.

Three families, each readable by one kind of model only:

- `hold_*`: idle figures; the class is what they hold (appearance of the actor).
- `raise`/`lower` and `rise`/`sink`: pairs in which the second is the first played backwards from the same
  first frame. Both show exactly the same set of postures, so that no single frame and no mean over all frames
  tells them apart; the order (the flow) does.
- `jump_*`/`crouch_*`: an event of a few frames in an idle clip, early or late; the rest is uninformative.
"""

import numpy as np

HELD = {"hold_ball": "ball", "hold_box": "box", "hold_cross": "cross", "hold_ring": "ring"}
REVERSED = {"lower": "raise", "sink": "rise"}
MOTION = ("lower", "raise", "rise", "sink")
TIMING = ("crouch_early", "crouch_late", "jump_early", "jump_late")
CLASSES = tuple(sorted((*HELD, *MOTION, *TIMING)))

CYCLES = {"raise": 1, "rise": 2}  # whole numbers, so that played backwards the postures are the same
FORWARD_SHARE = 0.85  # of a cycle is the slow movement, the rest its quick return
EVENT = np.array([0.6, 1.0, 1.0, 0.6])  # strength of a timed event, frame by frame


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
    """Writes the jump or crouch into the postures; returns its frames."""
    frames = len(postures)
    first = int(round(frames * rng.uniform(0.08, 0.34)))
    if label.endswith("_late"):
        first = frames - len(EVENT) - first
    when = slice(first, first + len(EVENT))
    if label.startswith("jump"):
        postures[when, 5] += 11.0 * EVENT
        postures[when, :2] += 1.5 * EVENT[:, None]
    else:
        postures[when, 4] += 1.0 * EVENT
        postures[when, 3] += 0.35 * EVENT
    informative = np.zeros(frames, bool)
    informative[when] = True
    return informative
