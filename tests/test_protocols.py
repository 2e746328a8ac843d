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
    assert it.head.get("gates") != "legacy"
    assert (it.split, it.validation, it.select, it.colour) == ("official", "groups", "best", "rgb")
    assert not it.drop_remainder and not it.defects


# What is a defect by one setting alone, and the words by which a protocol must own up to it.
DEFECTS = {
    "random clip split shares groups": lambda it: it.split == "random",
    "last epoch without validation": lambda it: it.validation == "none" and it.select == "last",
    "red and blue swapped": lambda it: it.colour == "bgr",
    "incomplete batches dropped": lambda it: it.drop_remainder,
    "fixed order of batches": lambda it: not it.shuffle,
    "hard-sigmoid gates": lambda it: it.head.get("gates") == "legacy",
    "zero padding without mask": lambda it: it.sampling == "per_second" and not it.mask,
}


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("words", DEFECTS)
def test_these_defects_are_named_where_they_are_and_nowhere_else(name, words):
    assert DEFECTS[words](PROTOCOLS[name]) == (words in PROTOCOLS[name].defects)
