"""The figure of the data set `actors`: a body, and its posture from six numbers a frame.

Postures are arrays (T, 6) with the columns of `POSTURE`; angles in radians.
"""

from dataclasses import dataclass

import numpy as np

from vidattn.data.actors.shapes import Limb, Thing

POSTURE = ("left_arm", "right_arm", "elbow", "lean", "crouch", "lift")
HEIGHT = 44.0  # of a figure of scale 1 in a picture of 64 pixels


@dataclass(frozen=True)
class Body:
    """One person: where they stand (fractions of the picture), how tall, in which colours."""

    x: float
    ground: float
    scale: float
    girth: float
    skin: np.ndarray
    shirt: np.ndarray
    trousers: np.ndarray


def limbs(body: Body, posture: np.ndarray, size: int) -> list[Limb | Thing]:
    """The body's parts for one posture (6,), back to front.

    The last two parts are the forearms; the right hand is the end of the very last.
    """
    left, right, elbow, lean, crouch, lift = posture
    unit = body.scale * size / 64.0
    thick = body.girth * unit
    leg = 9.5 * unit
    feet = np.array([body.x * size, body.ground * size - lift * unit])
    hip = feet - [0, 2 * leg * (0.97 - 0.55 * crouch)]
    neck = hip + 14.0 * unit * np.array([np.sin(lean), -np.cos(lean)])
    parts: list[Limb | Thing] = []
    for side in (-1, 1):
        parts += _leg(
            hip + [side * 2.0 * unit, 0], feet + [side * 4.0 * unit, 0], side, leg, thick, body.trousers
        )
    parts.append(Limb(hip, neck + [0, 1.0 * unit], 3.6 * thick, body.shirt))
    parts.append(Thing("ball", neck + [0, -5.5 * unit], 4.2 * unit, body.skin))
    for side, angle in ((-1, left), (1, right)):
        parts += _arm(neck + [side * 3.4 * thick, 1.5 * unit], side, angle, elbow, 7.5 * unit, thick, body)
    order = [0, 1, 2, 3, 4, 5, 6, 8, 7, 9]  # upper arms before forearms
    return [parts[i] for i in order]


def _arm(
    shoulder: np.ndarray, side: int, angle: float, bend: float, long: float, thick: float, body: Body
) -> list[Limb | Thing]:
    """Upper arm and forearm; an angle of 0 hangs down, pi / 2 points outward, pi up."""
    elbow = shoulder + long * np.array([side * np.sin(angle), np.cos(angle)])
    hand = elbow + long * np.array([side * np.sin(angle + bend), np.cos(angle + bend)])
    return [Limb(shoulder, elbow, 1.9 * thick, body.shirt), Limb(elbow, hand, 1.7 * thick, body.skin)]


def _leg(
    hip: np.ndarray, foot: np.ndarray, side: int, long: float, thick: float, colour: np.ndarray
) -> list[Limb | Thing]:
    """Thigh and shin; the knee bends outward as far as the distance from hip to foot asks."""
    reach = foot - hip
    distance = float(np.hypot(*reach))
    out = np.sqrt(max(long**2 - distance**2 / 4, 0.0))
    knee = (hip + foot) / 2 + side * out * np.array([reach[1], -reach[0]]) / distance
    return [Limb(hip, knee, 2.2 * thick, colour), Limb(knee, foot, 2.0 * thick, colour)]
