"""`vidattn models`: costs from the records, one model with its taps and maps, reasons where there is none."""

import contextlib
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from vidattn.bench.config.load import load
from vidattn.bench.cost import catalogue, count_models
from vidattn.models import build

ROOT = Path(__file__).resolve().parents[3]
PARAMS = load(ROOT / "params.yaml")
RECORDS = ROOT / "results" / "complexity"


def test_every_plug_in_is_listed_with_its_cost():
    text = catalogue.listing(RECORDS, PARAMS)
    for kind in catalogue.KINDS:
        for name in build.names(kind):
            assert f"\n{name} " in text
    assert "not counted" not in text and "tiny-cbam-image, 101 classes, 64 px" in text
    assert "23,351" in text and "1,979,344" in text


def record(folder, names, classes, **changes):
    """A record of `vidattn complexity` with one thousand parameters for each letter of its names."""
    found = dict(zip(catalogue.KINDS, names)) | {"classes": classes, "size": 64, "frames": 8, "flops": 5678}
    found |= {"parameters": 1000 * len("".join(names)), **changes}
    (folder / f"{'-'.join(names)}-{classes}.json").write_text(json.dumps(found))


def row(text, name):
    return next(line.split() for line in text.splitlines() if line.startswith(f"{name} "))


def test_what_is_not_counted_is_a_dash_with_what_to_do(tmp_path):
    record(tmp_path, ("tiny", "none", "lstm"), 101, parameters=1234)
    block = {"backbone": ["tiny"], "attention": "all", "architecture": ["image"], "classes": 101, "size": 64}
    schema = dataclasses.replace(PARAMS, complexity=[block], attention={"none": {}, "se": {}})
    text = catalogue.listing(tmp_path, schema)
    assert row(text, "lstm")[1:3] == ["1,234", "5,678"] and "8 frames" in " ".join(row(text, "lstm"))
    assert row(text, "se")[1:4] == ["-", "-", "-"]
    hints = text.splitlines()[-3:]
    assert hints[0] == "-  not counted yet: tiny, none, se, image. Run: vidattn complexity"
    assert hints[1].startswith(
        "-  not registered: cbam, gated, gated_grid, l2pa, multilevel, residual. Add each"
    )
    assert "as `mine: {}`; then run: vidattn complexity" in hints[1]
    assert hints[2].startswith("-  not asked for: efficientnet_b0, ")
    assert hints[2].endswith("Add the models to `complexity` in params.yaml; then run: vidattn complexity")


def test_attentions_are_shown_on_one_backbone_where_all_are_counted_on_it(tmp_path):
    for name in ("none", "cbam"):
        record(tmp_path, ("mobilenet_v2", name, "image"), 100)
        record(tmp_path, ("tiny", name, "image"), 101)
    text = catalogue.listing(tmp_path, PARAMS)
    assert row(text, "cbam")[3] == "mobilenet_v2-cbam-image," and "mobilenet_v2-none-image" in text
    record(tmp_path, ("tiny", "gated", "image"), 101)  # counted on the small backbone only, as a new one is
    text = catalogue.listing(tmp_path, PARAMS)
    assert row(text, "cbam")[3] == row(text, "gated")[3].replace("gated", "cbam") == "tiny-cbam-image,"
    assert "mobilenet_v2-none-image" not in text


def test_a_damaged_count_is_named(tmp_path):
    (tmp_path / "tiny-none-lstm-101.json").write_text("{}")
    with pytest.raises(
        ValueError, match=r"lstm-101\.json lacks .*flops.*Delete it, then: vidattn complexity"
    ):
        catalogue.listing(tmp_path, PARAMS)


def test_the_list_imports_no_framework():
    script = (
        "import sys; from pathlib import Path; from vidattn.bench.config.load import load;"
        "from vidattn.bench.cost import catalogue;"
        "catalogue.listing(Path(), load());"
        "sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow')))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_committed_records_are_those_of_the_settings():
    assert {p.stem for p in RECORDS.glob("*.json")} == {name for name, _ in count_models.specs(PARAMS)}
    for name, spec in count_models.specs(PARAMS):
        record = json.loads((RECORDS / f"{name}.json").read_text())
        assert {key: record[key] for key in spec} == spec


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("tiny-cbam-lstm", ["inline early", "conv2_relu", "(B, 8, 8, 32)", "early_cbam_spatial_map"]),
        ("none-residual-c3d", ["own body", "early_residual_map", "in [0.0, 1.0]"]),
        ("none-none-conv3d", ["own body", "flow_x_1_conv1"]),
        ("tiny-l2pa-two_stream", ["reader late", "late_l2pa_map", "flow_encoder"]),
        ("tiny-none-transformer", ["block1_map", "(B, 4, 8, 8)"]),
    ],
)
def test_one_model_has_taps_and_map_shapes(model, expected):
    text = catalogue.describe(model, PARAMS, RECORDS)
    assert all(part in text for part in [*expected, "parameters", "FLOPs"]), text


def test_one_model_has_the_name_that_was_asked_for_and_says_what_was_counted():
    """A variant's own name, not that of its file; a cell's head and classes are of protocol and data set."""
    lines = catalogue.describe("tiny-cbam_original-lstm", PARAMS, RECORDS).splitlines()
    assert lines[0].startswith("tiny-cbam_original-lstm: ") and lines[0].endswith(" parameters")
    told = "Counted for 101 classes, 64 x 64 pixels, 8 frames, with its arguments in params.yaml."
    assert lines[-2] == told
    assert lines[-1].endswith("once it ran: vidattn show <data set>-tiny-cbam_original-lstm-<protocol>")
    assert "frames" not in catalogue.describe("tiny-none-image", PARAMS, RECORDS).splitlines()[-2]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("mobilenet_v2-none-nearest", "is no network, so nothing is built"),
        ("none-cbam-conv3d", "too few maps to attend to"),
        ("tiny-none-c3d", "has its own body"),
        ("none-none-lstm", "needs a frame encoder"),
        ("tiny-cmab-lstm", "unknown attention 'cmab'.*Did you mean 'cbam'"),
        ("tinny-none-lstm", "unknown backbone 'tinny'.*Did you mean 'tiny'"),
        ("tiny-none-lstn", "unknown architecture 'lstn'.*Did you mean 'lstm'"),
        ("tiny-lstm", "is not <backbone>-<attention>-<architecture>"),
    ],
)
def test_impossible_model_says_why(model, reason):
    with pytest.raises(ValueError, match=reason):
        catalogue.describe(model, PARAMS, RECORDS)


def test_only_new_and_changed_models_are_counted(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(count_models, "ProcessPoolExecutor", lambda *_, **__: Pool())
    monkeypatch.setattr(
        count_models, "write", lambda folder, job: done.append(job[0]) or written(folder, *job)
    )
    block = {"backbone": ["tiny"], "attention": ["none", "cbam"], "architecture": ["image"]}
    block |= {"classes": 3, "size": 32}
    schema = dataclasses.replace(PARAMS, complexity=[block])
    count_models.write_all(schema, tmp_path, print)
    assert done == ["tiny-none-image-3", "tiny-cbam-image-3"]
    count_models.write_all(schema, tmp_path, print)
    assert len(done) == 2  # nothing changed
    (tmp_path / f"{done.pop()}.json").write_text("{")
    count_models.write_all(schema, tmp_path, print)
    assert len(done) == 2  # what cannot be read is counted again
    every = dataclasses.replace(PARAMS, complexity=[{**block, "attention": "all"}])
    count_models.write_all(every, tmp_path, print)
    assert set(done[2:]) == {f"tiny-{name}-image-3" for name in PARAMS.attention} - set(done[:2])
    digest = count_models.digests.digest_files
    edited = lambda paths, *of: digest(paths, *of) + ("cbam.py" in [p.name for p in paths]) * "!"  # noqa: E731
    monkeypatch.setattr(count_models.digests, "digest_files", edited)
    count_models.write_all(schema, tmp_path, print)
    assert done[-1] == "tiny-cbam-image-3" and len(done) == len(PARAMS.attention) + 1
    assert sorted(path.stem for path in tmp_path.glob("*.json")) == ["tiny-cbam-image-3", "tiny-none-image-3"]


class Pool(contextlib.nullcontext):
    """Works in this process."""

    def __enter__(self):
        return self

    def map(self, work, jobs):
        return map(work, jobs)


def written(folder, name, spec):
    """A record that holds what `write` would stamp it with."""
    found = {"parameters": 1, "flops": 1}
    (folder / f"{name}.json").write_text(json.dumps({**found, "digest": count_models.stamp(spec)}))
    return name, found
