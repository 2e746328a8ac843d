"""The protocols of params.yaml against what the authors' code does, and against each other."""

from pathlib import Path

import pytest

from vidattn.bench import params

PROTOCOLS = params.load(Path(__file__).resolve().parent.parent / "params.yaml").protocols
# You and Korhonen's public code: 224 pixels for every backbone, OpenCV's colours, the last map flattened, a
# frame a second, the mean length, zeros after short clips, 60 epochs in one order, whole batches, the last
# epoch scored.
AS_CODED = {
    **{"split": "random", "validation": "none", "select": "last"},
    **{"encoder": "frozen", "weights": "imagenet", "pool": "flat", "normalise": False},
    **{"sampling": "per_second", "order": "given", "frames": 0, "mask": False, "size": 224, "colour": "bgr"},
    **{"augment": {}, "epochs": 60, "patience": 0, "batch": 128, "accumulate": 1, "precision": "float32"},
    **{"shuffle": False, "drop_remainder": True, "head": {"gates": "legacy"}, "loss": "clipped"},
    **{"optimizer": {"name": "rmsprop_legacy", "learning_rate": 0.001}},
}
NARROW = {"head": {"gates": "legacy", "units": 64}}


def settings(name: str) -> dict:
    """What a protocol does, less its names and the flow, which no head on frozen features reads."""
    return {k: v for k, v in PROTOCOLS[name].settings().items() if k not in ("kind", "defects", "flow")}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("icip_flat", {}),
        ("icip_flat_16", {"batch": 16}),
        ("icip_paper", {"pool": "mean"}),
        ("icip_narrow", NARROW),
        ("icip_narrow_16", {**NARROW, "batch": 16}),
        ("icip_narrow_pooled", {**NARROW, "pool": "mean"}),
        ("icip_narrow_slow", {**NARROW, "optimizer": {"name": "rmsprop_legacy", "learning_rate": 1e-5}}),
    ],
)
def test_published_protocols_are_the_published_code_but_for_what_their_names_say(name, changed):
    assert settings(name) == {**AS_CODED, **changed}


@pytest.mark.parametrize(
    ("first", "second", "keys"),
    [
        ("icip_clean", "icip_leaky", {"split", "validation"}),
        ("icip_clean", "icip_shuffled", {"order"}),
        ("icip_clean", "icip_masked", {"sampling", "frames"}),
        ("icip_masked", "icip_padded", {"mask"}),
        ("icip_flat", "icip_paper", {"pool"}),
        ("clean", "paper", {"split", "validation", "select", "colour", "flow", "drop_remainder"}),
    ],
)
def test_a_control_differs_from_its_protocol_in_what_it_is_a_control_of(first, second, keys):
    one, other = PROTOCOLS[first].settings(), PROTOCOLS[second].settings()
    named = {"kind", "defects"}
    assert {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)} - named == keys


@pytest.mark.parametrize("name", [n for n, p in PROTOCOLS.items() if p.kind == "clean"])
def test_a_clean_protocol_is_clean(name):
    it = PROTOCOLS[name]
    assert (it.split, it.validation, it.select, it.colour) == ("official", "groups", "best", "rgb")
    assert not it.drop_remainder and not it.defects


# A setting that is a defect, and the words by which a protocol must own up to it.
DEFECTS = {
    "split": ("random", "random clip split shares groups"),
    "validation": ("none", "last epoch without validation"),
    "colour": ("bgr", "red and blue swapped"),
    "drop_remainder": (True, "incomplete batches dropped"),
    "shuffle": (False, "fixed order of batches"),
}


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("key", DEFECTS)
def test_every_defect_is_named_and_nothing_else_is(name, key):
    value, words = DEFECTS[key]
    assert (getattr(PROTOCOLS[name], key) == value) == (words in PROTOCOLS[name].defects)
