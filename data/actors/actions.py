"""What the figures of the data set `actors` do: class names and postures over time.

Three families, each readable by one kind of model only:

- `hold_*`: idle figures; the class is what they hold (appearance of the actor).
- `raise`/`lower` and `rise`/`sink`: pairs in which the second is the first played backwards from the same
  first frame. Both show exactly the same set of postures, so that no single frame and no mean over all frames
  tells them apart; the order (the flow) does.
- `flag_lamp`/`lamp_flag` and `hoop_sign`/`sign_hoop`: signallers, who hold up one of two things after
  another. The class is the order of the two signals that they give with the other arm raised as well; where
  these lie is drawn for each clip, so that it has to be read and no habit of looking at one place serves.
  The signals before and after are drawn at random. Both classes of a pair show the same frames that count, in
  the other order, and are alike in all else.
"""

from dataclasses import dataclass

import numpy as np

HELD = {"hold_ball": "ball", "hold_box": "box", "hold_cross": "cross", "hold_ring": "ring"}
REVERSED = {"lower": "raise", "sink": "rise"}
MOTION = ("lower", "raise", "rise", "sink")
SIGNALS = {label: tuple(label.split("_")) for label in ("flag_lamp", "hoop_sign", "lamp_flag", "sign_hoop")}
TIMING = tuple(SIGNALS)
CLASSES = tuple(sorted((*HELD, *MOTION, *TIMING)))

CYCLES = {"raise": 1, "rise": 2}  # whole numbers, so that played backwards the postures are the same
FORWARD_SHARE = 0.85  # of a cycle is the slow movement, the rest its quick return
SLOTS = 8  # signals in a clip, of which two that follow each other count
RAISED = 2.2  # radians that an arm goes up for a signal


def family(label: str) -> str:
    """`appearance`, `motion` or `timing`."""
    if label in HELD:
        return "appearance"
    return "motion" if label in MOTION else "timing"


def pair(label: str) -> str:
    """Classes of one pair share everything but the movement's direction or the event's time."""
    if label in TIMING:
        return "_".join(sorted(SIGNALS[label]))
    return REVERSED.get(label, label)


@dataclass(frozen=True)
class Action:
    """What happens in a clip.

    Attributes:
        postures: (T, 6), see `actors_figure`.
        held: What the right hand holds, frame by frame; None where it is empty.
        informative: (T,) bool, the frames that tell the class.
    """

    postures: np.ndarray
    held: tuple[str | None, ...]
    informative: np.ndarray


def act(label: str, frames: int, rng: np.random.Generator) -> Action:
    """Draws one clip.

    Args:
        label: A name in `CLASSES`.
        frames: Clip length T.
        rng: Drawn from alike by both classes of a pair.
    """
    postures = _idle(frames, rng)
    if label in SIGNALS:
        held, informative = _signals(label, frames, rng)
        postures[:, 1] += RAISED
        postures[:, 0] += RAISED * informative
        return Action(postures, held, informative)
    if label in HELD:
        postures[:, 1] += rng.uniform(1.2, 2.0)  # the hand that holds something is away from the body
    else:
        postures = _move(postures, label, rng)
    return Action(postures, (HELD.get(label),) * frames, np.ones(frames, bool))


def _move(postures: np.ndarray, label: str, rng: np.random.Generator) -> np.ndarray:
    """Adds the movement of a motion class; those in `REVERSED` run backwards from the same first frame."""
    frames = len(postures)
    cycle = _sawtooth((rng.uniform() + CYCLES[pair(label)] * np.arange(frames) / frames) % 1.0)
    strength = rng.uniform(0.85, 1.0)
    if pair(label) == "raise":
        postures[:, :2] += (2.3 * strength * cycle)[:, None]
    else:
        postures[:, 4] += strength * (1 - cycle)
    return postures[-np.arange(frames)] if label in REVERSED else postures


def _signals(label: str, frames: int, rng: np.random.Generator) -> tuple[tuple[str, ...], np.ndarray]:
    """What is held up in each frame, and which frames count."""
    things = sorted(SIGNALS[label])
    shown = [things[k] for k in rng.integers(0, 2, SLOTS)]
    first = int(rng.integers(1, SLOTS - 1))  # not the first of the clip: both classes of a pair start alike
    shown[first : first + 2] = SIGNALS[label]
    slot = np.arange(frames) * SLOTS // frames
    return tuple(shown[k] for k in slot), (slot == first) | (slot == first + 1)


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
