"""Names of models in sentences, worked out by hand."""

import pandas as pd

from vidattn.bench.analysis import numbers_in_words
from vidattn.bench.config.plugin_files import PlugIn
from vidattn.bench.results.reader import Results

HEADS = ["clips-mobile-none-lstm-clean", "clips-xception-none-lstm-clean", "clips-xception-none-mean-clean"]


def test_a_model_is_named_by_what_tells_it_from_the_others():
    assert list(numbers_in_words.models(HEADS).values()) == [
        "mobile / lstm",
        "xception / lstm",
        "xception / mean",
    ]
    assert list(numbers_in_words.models(HEADS[1:]).values()) == ["lstm", "mean"]
    attentions = ["clips-tiny-none-i3d-clean", "clips-tiny-cbam-i3d-clean"]
    assert list(numbers_in_words.models(attentions).values()) == ["none / i3d", "cbam / i3d"]


def test_runs_are_counted_by_model():
    counts = {HEADS[0]: (1, 5), HEADS[1]: (0, 5), HEADS[2]: (2, 3)}
    assert numbers_in_words.counted(counts) == ("3 of 13", "mobile / lstm 1 of 5, xception / mean 2 of 3")


def test_a_variant_reads_what_its_plug_in_reads(tmp_path):
    results = Results(tmp_path, plugins={"architecture": {"other": PlugIn("architecture", "image", {})}})
    for names, said in ((["image", "other"], "images"), (["other", "lstm"], "clips"), (["absent"], "clips")):
        assert numbers_in_words.items(results, pd.DataFrame({"architecture": names})) == said
