"""The arrow of time of any video data set: every clip twice, played forward and backward.

D. Wei, J. Lim, A. Zisserman, W. Freeman, "Learning and Using the Arrow of Time", CVPR 2018. Both directions
show the same frames, so that whatever ignores their order scores exactly one half. Groups and folds are those
of the clips; nothing is stored or decoded twice.
"""

from dataclasses import replace

from vidattn.data.datasets import Dataset, View

DIRECTIONS = {"backward": -1, "forward": 1}
FORMS = {"direction": "{way}", "action_direction": "{label}_{way}"}


def dataset(name: str, of: Dataset, classes: str = "direction") -> Dataset:
    """The arrow of `of`.

    Args:
        name: Its name in params.yaml.
        of: A video data set, official folds and all.
        classes: "direction" (2 classes) or "action_direction" (each action in each direction).
    """
    if of.kind != "video" or of.views:
        held = "pictures" if of.kind != "video" else "clips in both directions already"
        raise ValueError(f"{name}: an arrow of time needs a data set of videos; {of.name} holds {held}.")
    if classes not in FORMS:
        raise ValueError(f"{name}: unknown classes {classes!r}. Expected one of: {', '.join(FORMS)}.")
    form = FORMS[classes]
    labels = [form.format(label=label, way=way) for label in of.classes for way in DIRECTIONS]
    return replace(
        of,
        name=name,
        classes=tuple(dict.fromkeys(labels)),
        official_size=len(DIRECTIONS) * of.official_size,
        of=of,
        views=tuple(
            View(f"_{way}", form.format(label="{label}", way=way), step) for way, step in DIRECTIONS.items()
        ),
    )
