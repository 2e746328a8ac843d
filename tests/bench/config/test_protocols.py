"""The protocols of params.yaml against what the authors' code does, and against each other."""

import re
from pathlib import Path

import pytest
import yaml
from dvc.utils.serialize import load_yaml, modify_yaml

from vidattn.bench.config.load import load

ROOT = Path(__file__).resolve().parents[3]
PROTOCOLS = load(ROOT / "params.yaml").protocols
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
        ("icip_narrow_gates", {**NARROW, "head": {"gates": "modern", "units": 64}}),
        ("icip_narrow_epsilon", {**NARROW, "optimizer": {"name": "rmsprop", "learning_rate": 0.001}}),
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


def test_dvc_reads_what_we_read_merged_keys_and_all():
    text = (ROOT / "params.yaml").read_text()
    assert load_yaml(ROOT / "params.yaml") == yaml.safe_load(text)


def written() -> dict[str, tuple[str, dict]]:
    """Protocols with `<<`: the one that they start from, and the keys that they have themselves."""
    text = re.sub(r"(?m)^    <<: \*(\w+)$", r"    from: \1", (ROOT / "params.yaml").read_text())
    every = yaml.safe_load(text)["protocols"]
    return {name: (keys.pop("from"), keys) for name, keys in every.items() if "from" in keys}


@pytest.mark.parametrize(("name", "base", "keys"), [(n, *rest) for n, rest in written().items()])
def test_a_control_shows_only_the_keys_in_which_it_differs(name, base, keys):
    assert keys and [key for key in keys if getattr(PROTOCOLS[base], key) == keys[key]] == []


def test_dvc_changes_one_line_where_one_value_is_set(tmp_path):
    """If this fails, write params.yaml once as DVC does: `with modify_yaml("params.yaml"): pass`."""
    before = (ROOT / "params.yaml").read_text()
    path = tmp_path / "params.yaml"
    path.write_text(before)
    with modify_yaml(path) as content:
        content["protocols"]["clean"]["epochs"] = 3
    changed = [(a, b) for a, b in zip(before.splitlines(), path.read_text().splitlines()) if a != b]
    assert changed == [(f"    epochs: {PROTOCOLS['clean'].epochs}", "    epochs: 3")]
    assert len(path.read_text()) == len(before) - 1 and load(path).protocols["clean"].epochs == 3
