"""Tables of published counts, from the committed records: all there and exact, and one off is seen."""

import json
import shutil
from pathlib import Path

import pytest

from vidattn.bench.report import published_beside_ours, tables
from vidattn.bench.results.reader import Results

ROOT = Path(__file__).resolve().parents[2] / "results"
CELLS = {"thesis_4_2": 5, "thesis_5_1": 12, "thesis_5_2": 12, "icip_heads": 18}  # numbers in each
# Total parameters with 1000 classes as Keras documents them.
KERAS = {
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "inception_v3": 23_851_784,
    "resnet50": 25_636_712,
    "xception": 22_910_480,
}


def differences(name, root=ROOT):
    """All differences of a table as one list; a missing number is one that equals nothing."""
    frame = tables.table(name, Results(root, []))
    return [v for c in frame if c.endswith("_difference") for v in frame[c]]


@pytest.mark.parametrize("name", CELLS)
def test_recorded_counts_are_the_published_ones(name):
    assert differences(name) == [0] * CELLS[name]


@pytest.mark.parametrize("what", ["parameters", "flops"])
@pytest.mark.parametrize("name", ["thesis_4_2", "thesis_5_1", "thesis_5_2", "icip_heads"])
def test_a_count_that_moves_is_seen_in_its_own_row(name, what, tmp_path):
    """Every record moves by another number, the first by one: each row shows that of one record, exactly."""
    for part in ("complexity", "published"):
        shutil.copytree(ROOT / part, tmp_path / part)
    paths = sorted((tmp_path / "complexity").glob("*.json"))
    for by, path in enumerate(paths, 1):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, what: record[what] + by}))
    frame = tables.table(name, Results(ROOT, []))
    moved = [v for v in differences(name, tmp_path) if v != 0]
    assert len(moved) == len(set(moved)) == len(frame) * (f"{what}_difference" in frame)
    assert set(moved) <= set(range(1, len(paths) + 1))


def test_table_4_2_has_the_five_networks_of_the_thesis_as_printed():
    """138,357,544 was cut to 138.3; 3,538,984 is 3.5 cut or rounded, and 3.4 was printed."""
    frame = tables.table("thesis_4_2", Results(ROOT, [])).set_index("backbone")
    printed = {"vgg16": 138.3, "resnet50": 25.6, "inception_v3": 23.8, "inception_resnet_v2": 55.8}
    assert frame["millions_published"].to_dict() == {**printed, "mobilenet_v2": 3.4}
    assert frame["as_printed"].to_dict() == {**dict.fromkeys(printed, "yes"), "mobilenet_v2": "no"}


def test_networks_have_the_parameters_that_keras_documents():
    results = Results(ROOT, [])
    frame = published_beside_ours.sizes(results, "keras", "applications", 1000).set_index("backbone")
    assert len(frame) == 9 and (frame["parameters_difference"] == 0).all()
    assert frame.loc[list(KERAS), "parameters_published"].to_dict() == KERAS
