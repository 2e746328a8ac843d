"""A data set of permuted labels, and maps beside those of the network that was trained on it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.load import load
from vidattn.bench.explain import permuted_labels
from vidattn.data import datasets
from vidattn.data.acquire import download
from vidattn.data.index import manifest

PARAMS = load(Path(__file__).resolve().parents[3] / "params.yaml")
CELL = Cell("actors", "tiny", "cbam", "frame_average", "clean")
SMALL = {"classes": ["hold_ball", "hold_box"], "groups": 6, "clips_per_group": 1, "frames": 16, "size": 32}


def test_labels_are_permuted_and_nothing_else(tmp_path):
    entries = {"none": {"plugin": "permuted", "source": "actors", "settings": SMALL}}
    made, true = datasets.load("none", entries), datasets.load("actors")
    download.fetch(made, tmp_path, entries["none"])
    download.fetch(true, tmp_path, SMALL)
    permuted, known = manifest.build(made, tmp_path), manifest.build(true, tmp_path)
    assert permuted.drop(columns="label").equals(known.drop(columns="label"))
    assert Counter(permuted["label"]) == Counter(known["label"])
    assert 0 < (permuted["label"] == known["label"]).sum() < len(known)
    assert manifest.build(made, tmp_path).equals(permuted)
    for number in (1, 2, 3):
        assert made.sides(tmp_path, permuted, number) == true.sides(tmp_path, known, number)
    other = datasets.load("none", {"none": {**entries["none"], "seed": 1}})
    assert [item.label for item in other.items(tmp_path / "none")] != permuted["label"].tolist()


def test_labels_of_what_is_not_generated_are_not_permuted():
    with pytest.raises(ValueError, match="a data set that is generated; ucf101_12 is not"):
        datasets.load("none", {"none": {"plugin": "permuted", "source": "ucf101_12"}})


def test_the_network_of_permuted_labels_is_the_same_but_for_data_and_protocol(monkeypatch):
    finished = []
    monkeypatch.setattr(permuted_labels, "_finished", lambda run, params: run in finished)
    asked = Run(Cell("actors_permuted", "tiny", "cbam", "frame_average", "memorised"), 1, 0)
    assert permuted_labels.twin(Run(CELL, 1, 0), PARAMS) is None
    finished.append(asked)
    assert permuted_labels.twin(Run(CELL, 1, 0), PARAMS) == asked
    for run in (
        Run(CELL, 2, 0),
        Run(CELL.with_(attention="none"), 1, 0),
        Run(CELL.with_(dataset="ucf101"), 1, 0),
    ):
        assert permuted_labels.twin(run, PARAMS) is None
    plain = {name: entry for name, entry in PARAMS.datasets.items() if name != "actors_permuted"}
    assert permuted_labels.twin(Run(CELL, 1, 0), replace(PARAMS, datasets=plain)) is None


def test_maps_are_compared_by_rank_where_both_have_them():
    maps = {"same": np.arange(8.0).reshape(2, 1, 2, 2), "opposite": np.arange(4.0).reshape(1, 1, 2, 2)}
    theirs = {"same": maps["same"] ** 2, "opposite": 3 - maps["opposite"], "late": maps["same"]}
    given = []

    def explainer(streams, classes):
        given.append((streams, classes))
        return theirs

    other = SimpleNamespace(explainer=explainer)
    mine = {**maps, "even": np.ones((1, 1, 2, 2)), "late": np.ones((2, 1, 4, 4))}
    found = permuted_labels.similarity(mine, other, "clips", "classes")
    assert found == {"same": pytest.approx(1.0), "opposite": pytest.approx(-1.0)}
    assert given == [("clips", "classes")]
