"""A name of params.yaml is a plug-in's file, or a variant of one with arguments of its own."""

from dataclasses import replace
from pathlib import Path

import plans
import pytest
import settings

from vidattn.bench.config import plugin_files
from vidattn.bench.config.cell import Cell, Run
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.cost import count_models
from vidattn.bench.plan import cell_kinds, run_key

ROOT = Path(__file__).resolve().parents[3]


def with_(tmp_path: Path, section: str, entry: dict):
    raw = settings.raw()
    raw[section] |= entry
    return settings.load(raw, tmp_path)


def test_a_variant_is_a_name_like_any_other(tmp_path):
    params = with_(tmp_path, "attention", {"l2pa_dot": {"plugin": "l2pa", "score": "dot"}})
    made, plain = (plugin_files.plugin("attention", name, params) for name in ("l2pa_dot", "l2pa"))
    assert (made.file, made.arguments) == ("l2pa", {"score": "dot"})
    assert (plain.file, plain.arguments) == ("l2pa", {})
    assert made.path == plain.path == ROOT / "models" / "attention" / "l2pa.py"
    assert Cell.parse("actors-tiny-l2pa_dot-lstm-clean", params).attention == "l2pa_dot"


def test_a_run_of_a_variant_is_built_and_keyed_by_its_plug_in_and_arguments(tmp_path):
    params = with_(tmp_path, "attention", {"l2pa_dot": {"plugin": "l2pa", "score": "dot"}})
    made, plain = (
        plans.without_data(Run(Cell("actors", "tiny", name, "frame_average", "clean"), 1, 0), params)
        for name in ("l2pa_dot", "l2pa")
    )
    assert made.plugins == {"backbone": "tiny", "attention": "l2pa", "architecture": "frame_average"}
    assert (made.attention_params, plain.attention_params) == ({"score": "dot"}, {})
    assert made.id == "actors-tiny-l2pa_dot-frame_average-clean-1-0"
    assert made.digests["params"] != plain.digests["params"] and made.digests["code"] == plain.digests["code"]
    assert ROOT / "models" / "attention" / "l2pa.py" in run_key.code_files(made.run.cell, params)


def test_a_variant_of_fusion_is_fused(tmp_path):
    params = with_(tmp_path, "architectures", {"two_stream_svm": {"plugin": "two_stream", "fusion": "svm"}})
    cell = Cell("actors", "tiny", "none", "two_stream_svm", "clean")
    parts = {stream: part.architecture for stream, part in cell_kinds.fused_from(cell, params).items()}
    assert parts == {"rgb": "frame_average", "flow": "temporal_stream"}
    assert cell_kinds.streams(cell, params) == ("rgb", "flow")


def test_a_variant_is_counted_by_its_plug_in_under_its_own_name(tmp_path):
    params = with_(tmp_path, "attention", {"l2pa_dot": {"plugin": "l2pa", "score": "dot"}})
    block = {"backbone": ["tiny"], "attention": ["l2pa_dot"], "architecture": ["image"]}
    params = replace(params, complexity=[{**block, "classes": 3, "size": 64}])
    name, spec = next(count_models.specs(params))
    assert (name, spec["attention"]) == ("tiny-l2pa_dot-image-3", "l2pa_dot")
    assert spec["plugins"]["attention"] == "l2pa" and spec["attention_params"] == {"score": "dot"}


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        (
            "attention",
            {"dot": {"plugin": "l2ba"}},
            "attention.dot: unknown plug-in 'l2ba'. Did you mean 'l2pa'",
        ),
        ("attention", {"zz": {}}, "attention.zz: unknown plug-in 'zz'. Expected one of: cbam"),
        (
            "attention",
            {"dot": {"plugin": "l2pa", "score": "dots"}},
            "dot.score: unknown score 'dots'. Did you mean 'dot'",
        ),
        (
            "attention",
            {"cbam": {"form": "orignal"}},
            "cbam.form: unknown form 'orignal'. Did you mean 'original'",
        ),
        ("attention", {"dot": {"plugin": "l2pa", "scor": 1}}, "unknown key 'scor'. Did you mean 'score'"),
        ("attention", {"cbam": {"plugin": "l2pa"}}, "a variant of 'l2pa' cannot have the name of .* cbam.py"),
        ("backbones", {"thin": {"plugin": "tiny", "widt": 8}}, "unknown key 'widt'. Did you mean 'width'"),
        ("architectures", {"wide": {"plugin": "lstmm"}}, "architectures.wide: unknown plug-in 'lstmm'"),
        (
            "attention",
            {"wide": {"plugin": "none", "width": 3}},
            "attention.wide: 'none' takes no arguments, got width.$",
        ),
        ("datasets", {"back": {"plugin": "arow", "of": "ucf101"}}, "Did you mean 'arrow'"),
        ("datasets", {"back": {"plugin": "arrow", "of": "ucf11"}}, "back.of: unknown data set 'ucf11'"),
        ("datasets", {"back": {"plugin": "arrow", "off": "ucf101"}}, "unknown key 'off'. Did you mean 'of'"),
    ],
)
def test_a_variant_that_cannot_be_is_told_in_one_line(tmp_path, section, entry, message):
    with pytest.raises(ParamsError, match=message) as error:
        with_(tmp_path, section, entry)
    assert "\n" not in str(error.value)
