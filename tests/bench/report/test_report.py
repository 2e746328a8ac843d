"""The report says what the numbers say, stands alone, and works in a browser."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic
import vl_convert

from vidattn.bench.analysis import against_controls, comparisons, main_effects, planned
from vidattn.bench.config import load, plugin_files
from vidattn.bench.report import answer, captions, figures, findings, names, sentences, tables
from vidattn.bench.report import page as report
from vidattn.bench.report.figures import answer as answer_figure
from vidattn.bench.report.figures import learning_curves, protocols, ranks, saturation, style, tradeoff
from vidattn.bench.results.reader import COORDINATES, Results

CELLS = [*synthetic.CELLS, synthetic.MISSING]


def layers(spec):
    """Every single mark of a chart."""
    parts = [spec[key] for key in ("layer", "concat") if key in spec]
    parts = [*itertools.chain(*parts), *([spec["spec"]] if "spec" in spec else [])]
    yield from itertools.chain.from_iterable(map(layers, parts)) if parts else [spec]


def tooltip(layer):
    found = layer.get("encoding", {}).get("tooltip", [])
    return found if isinstance(found, list) else [found]


def rows(spec, field):
    """The data of a chart that have a field, in order."""
    return [row for values in spec["datasets"].values() for row in values if field in row]


@pytest.fixture(scope="module")
def results():
    """With the missing cell first, so that sorting has to move it."""
    return Results(synthetic.GOLDEN / "results", [synthetic.MISSING, *synthetic.CELLS])


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    results = replace(results, compare=synthetic.COMPARE)
    tables.write(["demo_grid", "grid"], results, folder / "tables")
    return report.write(results, folder / "tables", folder / "report.html")


def summarise(results, compare=synthetic.COMPARE):
    results = replace(results, compare=compare)
    versus = against_controls.versus(results, comparisons.against_none(results))
    blocks = sentences.summarise(results, versus, planned.evaluate(results))
    return {block["title"]: block["sentences"] for block in blocks}


def test_a_file_that_draws_is_a_figure(tmp_path, monkeypatch):
    """Its place is the one that it states, and without one the last; a file that does not draw is none."""
    (tmp_path / "mine.py").write_text("ORDER = 15\n\n\ndef draw(results):\n    return {}\n")
    (tmp_path / "last.py").write_text("def draw(results):\n    return {}\n")
    (tmp_path / "helper.py").write_text("def drawn(results):\n    return {}\n")
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(tmp_path)])
    names = [module.__name__.rpartition(".")[2] for module in figures.modules()]
    assert names[:3] == ["answer", "mine", "forest"] and names[-1] == "last"
    assert not {"helper", "style", "render", "intervals"} & set(names)
    for name in ("mine", "last", "helper"):
        sys.modules.pop(f"{figures.__name__}.{name}", None)


def test_golden_findings(page):
    """All words of findings.md; made again by `python tests/bench/report/test_tables.py`."""
    assert page.with_name("findings.md").read_text() == (synthetic.GOLDEN / "findings.md").read_text()


def test_the_page_says_first_what_attention_is_worth(page):
    text = page.read_text()
    places = ["<nav", "<h1>What is attention worth", "figure-answer", "Leaderboard</h2>", "Findings</h2>"]
    order = [text.index(place) for place in [*places, "Tables and figures</h2>"]]
    assert order == sorted(order)


def test_what_figures_say_is_corrected_over_what_was_planned(results, tmp_path, monkeypatch):
    """Three attentions more are planned on the data set than were run."""
    more = [f"actors-tiny-{name}-frame_average-clean" for name in ("se", "gated", "residual")]
    drawn = []
    monkeypatch.setattr(report.figures, "write", lambda given, folder: drawn.append(given) or {})
    asked = replace(results, planned=(*results.ids, *more))
    report.write(asked, tmp_path, tmp_path / "report.html")
    of_figure, alone = main_effects.table(drawn[0]), main_effects.table(results)
    assert (of_figure["p_holm"] >= alone["p_holm"]).all()
    assert (of_figure["detectable"] > alone["detectable"]).all()


def test_a_correction_does_not_depend_on_what_was_asked_before(results):
    pairs = comparisons.against_none(results)
    more = [f"actors-tiny-{name}-frame_average-clean" for name in ("se", "gated", "residual")]
    wide = comparisons.versus(replace(results, planned=(*results.ids, *more)), pairs)
    narrow = comparisons.versus(results, pairs)
    factors = (wide["p_holm"] / narrow["p_holm"]).dropna()  # one pair was run on no common clip
    assert (factors >= 1).all() and (factors > 1).any()
    assert (wide["detectable"] >= narrow["detectable"]).sum() == len(factors)


ON_ACTORS = {"dataset": "actors", "count": 4, "of": 5, "most": "15.3"}
ABOVE = {"places": [ON_ACTORS], "others": 2}
BELOW = {
    "places": [{**ON_ACTORS, "count": 1, "most": "8.4"}, {**ON_ACTORS, "dataset": "sun", "of": 6}],
    "others": 0,
}
NONE: dict = {"places": [], "others": 7}
OPEN = [{"dataset": name, "gain": gain} for name, gain in (("actors", "10.1"), ("sun", "5.6"), ("moon", ""))]


@pytest.mark.parametrize(
    ("higher", "lower", "rest", "said"),
    [
        (
            ABOVE,
            BELOW,
            2,
            [
                "Attention raises top-1 significantly in 4 of 5 comparisons on the synthetic set actors (by "
                "up to 15.3 points), on the other data sets in none of 2.",
                "It lowers it significantly in 1 of 5 on actors (by up to 8.4 points), 4 of 6 on sun (15.3).",
                "The other 2 are not significant; the largest gains that are not excluded: 10.1 points on "
                "actors, 5.6 on sun; any gain is excluded on moon.",
            ],
        ),
        (
            ABOVE,
            NONE,
            1,
            [
                "Attention raises top-1 significantly in 4 of 5 comparisons on the synthetic set actors (by "
                "up to 15.3 points), on the other data sets in none of 2.",
                "The other is not significant; the largest gain that is not excluded: 10.1 points on actors.",
            ],
        ),
        (
            NONE,
            BELOW,
            0,
            [
                "In none of 7 comparisons does attention raise top-1 significantly.",
                "It lowers it significantly in 1 of 5 on the synthetic set actors (by up to 8.4 points), "
                "4 of 6 on sun (15.3).",
            ],
        ),
        (
            NONE,
            NONE,
            7,
            [
                "In none of 7 comparisons does attention change top-1 significantly; the largest gains that "
                "are not excluded: 10.1 points on the synthetic set actors, 5.6 on sun; any gain is "
                "excluded on moon."
            ],
        ),
    ],
)
def test_the_answer_in_sentences(higher, lower, rest, said):
    facts = {
        "count": 7,
        "higher": higher,
        "lower": lower,
        "rest": rest,
        "open": OPEN[: max(1, 3 * (rest > 1))],
    }
    facts |= {"synthetic": ["actors"], "leakage": {}}
    template = report._environment().get_template("answer.txt")
    assert template.render(facts).splitlines() == said and template.render({}) == ""


def test_significant_effects_are_counted_by_data_set():
    names = ["a", "a", "b", "b", "b", "c"]
    effects = pd.DataFrame({"dataset": names, "difference": [0.01, 0.02, -0.125, 0.3, -0.05, 0.9]})
    those = pd.Series([True, True, True, False, True, False])
    assert answer._places(effects, those) == {
        "places": [
            {"dataset": "a", "count": 2, "of": 2, "most": "2.0"},
            {"dataset": "b", "count": 2, "of": 3, "most": "12.5"},
        ],
        "others": 1,
    }


def test_gains_that_are_not_excluded_are_told_by_data_set():
    effects = pd.DataFrame({"dataset": ["a", "b", "a"], "difference_high": [0.02, -0.01, 0.104]})
    assert answer._open(effects) == [{"dataset": "a", "gain": "10.4"}, {"dataset": "b", "gain": ""}]
    assert plugin_files.generated("actors")
    assert not any(map(plugin_files.generated, ("ucf101_12", "cifar100", "imagenette")))


def test_leakage_counts_heads_and_backbones_and_names_the_settings_that_differ(tmp_path):
    heads = {"lstm": "small", "mean_linear": "small", "conv_pooling": "large", "nearest": "small"}
    cells = [f"d-{backbone}-none-{head}" for head, backbone in heads.items()]
    rows = [f"leakage: {head},d,{cell}-leaky,{cell}-clean" for head, cell in zip(heads, cells)]
    gains = ("0.05", "0.1", "", "0.3")  # one was not run, and the probe is no model
    table = "\n".join(["effect,dataset,cell,control,top1_difference", *map(",".join, zip(rows, gains))])
    (tmp_path / "icip_explained.csv").write_text(table + "\n")
    results, alike = Results(tmp_path, []), {"batch": 8, "kind": "any"}
    results.cache["protocols"] = {
        "leaky": {"split": "random", "validation": "clips", **alike},
        "clean": {"split": "official", "validation": "groups", **alike},
    }
    said = captions.sentences("answer.txt", {"leakage": answer._leakage(results, tmp_path)})
    assert said == [
        "Clips split at random, as published, leak: on d this changes top-1 by +5.0 to +10.0 points in each "
        "of 2 models (2 heads on 1 backbone); the protocols differ in the settings split and validation "
        "alone."
    ]


def test_a_contrast_that_was_not_run_says_so(results):
    contrast = {**synthetic.COMPARE["contrasts"][0], "cell": synthetic.MISSING}
    lines = summarise(results, {**synthetic.COMPARE, "contrasts": [contrast]})["actors, protocol clean"]
    assert any("on the appearance classes: not run (" in line for line in lines)


def test_leaks_and_lost_clips_are_said(tmp_path):
    frame = Results(synthetic.GOLDEN / "results").predictions(CELLS[0]).query("fold == 1")
    frame = frame.drop(columns=["fold", "seed", "run"])
    leaks = {"clips": 0, "groups": 4, "duplicates": 0}
    synthetic.write_run(tmp_path, CELLS[0], 1, 0, frame, leaks=leaks, quarantined=2, n_official=50)
    lines = summarise(Results(tmp_path), {})["actors, protocol clean"]
    assert any("Up to 4 test clips have a clip of their own group" in x for x in lines)
    assert any("Up to 2 clips were excluded (unreadable)" in x for x in lines)
    assert any("of 50 official" in x for x in lines)


def test_the_page_loads_nothing_and_escapes_what_it_quotes(page, results, tmp_path):
    text = figures.render.IN_PAGE.sub("", page.read_text())  # what Vega loads, a browser is asked
    assert (
        not re.search(r'src="(?!data:|figures/)|href="(?!#|tables/|figures/)', text) and "@import" not in text
    )
    assert "<script src" not in page.read_text()
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "odd.csv").write_text("name\n<script>alert(1)</script>\n")
    odd = report.write(results, folder, tmp_path / "odd.html").read_text()
    assert "<script>alert" not in odd and "&lt;script&gt;alert" in odd


EMPTY, TORN, NO_TEXT = b"", b'a,b\n1,"2\n', b"\xff\xfe"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("spread", content) for content in (EMPTY, TORN, NO_TEXT)),
        ("icip_explained", TORN),
        ("training_cost", NO_TEXT),
        *(("grid", content) for content in (EMPTY, TORN, NO_TEXT)),
        ("other", EMPTY),
    ],
)
def test_a_damaged_table_is_named(results, tmp_path, name, content):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / f"{name}.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name}\.csv is no readable csv.*vidattn tables"):
        report.write(results, tmp_path / "tables", tmp_path / "page.html")


@pytest.mark.parametrize("name", ["spread", "icip_explained"])
def test_a_table_with_a_damaged_header_is_named(results, tmp_path, name):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / f"{name}.csv").write_text("datasex,protocol,effect\n1,2,3\n")
    with pytest.raises(ValueError, match=rf"{name}\.csv lacks the columns .*vidattn tables"):
        report.write(results, tmp_path / "tables", tmp_path / "page.html")


def test_the_same_results_give_the_same_bytes(page, results, tmp_path):
    results = replace(results, compare=synthetic.COMPARE)
    again = report.write(results, page.parent / "tables", tmp_path / "report.html")
    assert again.read_bytes() == page.read_bytes()
    for path in (page.parent / "figures").iterdir():
        assert path.read_bytes() == (tmp_path / "figures" / path.name).read_bytes(), path.name


def test_a_figure_is_drawn_anew_only_if_its_numbers_or_its_file_changed(results, tmp_path, monkeypatch):
    drawn = []
    real = figures.render.vl_convert.vegalite_to_svg
    told = lambda spec: drawn.append(spec["description"]) or real(spec)  # noqa: E731
    monkeypatch.setattr(figures.render.vl_convert, "vegalite_to_svg", told)
    written = figures.write(results, tmp_path)
    assert len(drawn) == len(written) > 3
    first = {name: figure.path.read_bytes() for name, figure in written.items()}
    figures.write(results, tmp_path)
    assert len(drawn) == len(written)
    written["forest"].path.write_bytes(first["forest"].replace(b"cbam", b"best"))
    figures.write(results, tmp_path)
    assert len(drawn) == len(written) + 1 and written["forest"].path.read_bytes() == first["forest"]
    spec = {**written["forest"].spec, "width": 99}
    figures.render.write(spec, written["forest"].path)
    assert written["forest"].path.read_bytes() != first["forest"]


def test_commands_that_draw_nothing_load_no_library_that_draws():
    script = "import sys; sys.argv = ['vidattn', '--help']\n"
    script += (
        "import vidattn.bench.cli.parser as parser, vidattn.bench.cli.result_commands\ntry: parser.main()\n"
    )
    script += (
        "except SystemExit: sys.exit(any(m in sys.modules for m in ('altair', 'vl_convert', 'matplotlib')))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_script_is_taken_from_the_page_only_if_it_is_whole(page, tmp_path, monkeypatch):
    monkeypatch.setattr(figures.render.vl_convert, "javascript_bundle", lambda snippet: "made()</script>")
    found = figures.render.script(page)
    assert len(found) > 100_000 and found in page.read_text() and "vl-convert" in found.partition("\n")[0]
    broken = tmp_path / "page.html"
    for text in (page.read_text().replace("vegaEmbed", "other"), "no page"):
        broken.write_text(text)
        assert figures.render.script(broken).partition("\n")[2] == r"made()<\/script>"
    assert figures.render.script(tmp_path / "none.html").partition("\n")[2] == r"made()<\/script>"


def test_every_figure_is_valid_and_tells_its_values(results, tmp_path):
    """By the schema of Vega-Lite; a tooltip of each has an interval or a number of runs."""
    for module in figures.modules():
        for name, drawing in module.draw(results).items():
            drawing.chart.to_dict(validate=True)
            spec = figures.described(drawing)
            assert spec["description"] == drawing.caption and "http" not in json.dumps(
                {key: value for key, value in spec.items() if key != "$schema"}
            )
            fields = {tip["field"] for layer in layers(spec) for tip in tooltip(layer)}
            assert fields & {"interval", "shown", "runs", "loss", "rank"}, name


def test_a_press_on_any_legend_finds_what_it_binds(results):
    """Vega-Lite drops the binding of a legend that a layer without it has first."""

    def legends(group):
        yield from group.get("legends", [])
        for mark in group.get("marks", []):
            yield from legends(mark)

    found = [
        legend
        for module in figures.modules()
        for drawing in module.draw(results).values()
        for legend in legends(vl_convert.vegalite_to_vega(figures.described(drawing)))
    ]
    assert len(found) >= 3 and all("entries" in legend["encode"] for legend in found)


def test_the_answer_shows_the_numbers_of_its_table(results):
    effects = main_effects.table(results)
    spec = answer_figure.answer(effects).to_dict()
    shown = rows(spec, "value")
    assert [row["name"] for row in shown] == effects.sort_values("difference")["attention"][::-1].tolist()
    best = effects.loc[effects["difference"].idxmax()]
    low, value, high = (100 * best[f"difference{end}"] for end in ("_low", "", "_high"))
    assert shown[0]["value"] == pytest.approx(value, rel=1e-4) and shown[0]["low"] == pytest.approx(
        low, rel=1e-4
    )
    assert shown[0]["shown"] == f"{value:+.1f} [{low:+.1f}, {high:+.1f}]" and shown[0]["runs"] == str(
        best["runs"]
    )
    assert [row["sure"] for row in shown] == [row["p"] < 0.05 for row in shown]
    (heading,) = (row for row in rows(spec, "where") if "name" not in row)
    assert heading["place"] == 0 and [row["place"] for row in shown] == [1, 2]


def test_a_report_of_nothing_stands(tmp_path):
    (tmp_path / "tables").mkdir()
    page = report.write(Results(tmp_path, []), tmp_path / "tables", tmp_path / "report.html")
    assert "Nothing was run yet" in page.read_text()


def test_what_all_rows_share_is_said_once_and_what_was_not_run_is_folded(page, results, tmp_path):
    text = page.read_text()
    assert "In every row: dataset actors, backbone tiny, protocol clean" in text
    assert "<code>detectable</code> is the smallest true difference" in text
    assert '<th scope="col"><button type="button">dataset</button></th>' not in text
    assert "nothing of this was run" not in text
    (tmp_path / "tables").mkdir()
    rows = "\n".join(f"actors,tiny,{a},lstm,clean," for a in ("none", "cbam"))
    names = "dataset,backbone,attention,architecture,protocol,top1"
    (tmp_path / "tables" / "absent.csv").write_text(f"{names}\n{rows}\n")
    absent = report.write(results, tmp_path / "tables", tmp_path / "absent.html").read_text()
    assert '<details id="table-absent">' in absent and "nothing of this was run" in absent


def test_pareto_front_by_hand():
    frame = pd.DataFrame({"flops": [1, 1, 2, 3, 4], "top1": [0.5, 0.6, 0.6, 0.9, 0.8]})
    assert tradeoff.pareto(frame, "flops").index.tolist() == [1, 3]


def test_nemenyi_against_demsar():
    """Demsar 2006, section 3.2.2: four classifiers on 14 data sets, 1.25 at 0.05 and 1.12 at 0.10."""
    assert ranks.nemenyi(4, 14) == pytest.approx(1.25, abs=0.005)
    assert ranks.nemenyi(4, 14, level=0.1) == pytest.approx(1.12, abs=0.005)


def test_cliques_by_hand():
    assert ranks.cliques(np.array([1.0, 1.5, 2.2, 4.0, 4.1]), 1.0) == [(0, 1), (1, 2), (3, 4)]
    assert ranks.cliques(np.array([1.0, 1.5, 1.9]), 1.0) == [(0, 2)]
    assert ranks.cliques(np.array([1.0, 3.0]), 1.0) == []


def test_ranks_take_the_largest_set_of_attentions_that_shares_enough_runs():
    """Three attentions need three runs: 2.34 sqrt(3 x 4 / (6 x 3)) = 1.91 < 2, and 2.34 > 2 for two runs."""
    rows = [("tiny", "lstm", "clean", f, 0, a, v) for f in (1, 2, 3) for a, v in zip("xyz", (0.1, 0.3, 0.2))]
    rows += [("tiny", "lstm", "clean", 1, 0, "rare", 0.9)]
    runs = pd.DataFrame(rows, columns=[*ranks.BLOCK, "attention", "top1"])
    found, blocks = ranks.average_ranks(runs)
    assert found.to_dict() == {"y": 1, "z": 2, "x": 3} and blocks == 3
    assert "too few of these runs: rare." in ranks._caption("d", found, 3, ["rare"])
    assert ranks.average_ranks(runs[runs["fold"] < 3])[0].empty


def test_sets_of_attentions_that_runs_share_are_those_of_a_look_at_every_set():
    """Of each set of columns its runs; larger sets with the same runs stand for it. 24 take no longer."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        known = pd.DataFrame(rng.random((7, 5)) < 0.6, columns=list("abcde"))
        every = {
            names: int(known[list(names)].all(axis=1).sum())
            for size in range(3, 6)
            for names in itertools.combinations(known, size)
        }
        largest = {
            names: runs
            for names, runs in every.items()
            if runs and not any(set(names) < set(more) and runs == every[more] for more in every)
        }
        given = [(tuple(names), runs) for names, runs in ranks._shared(known)]
        assert {names: runs for names, runs in given if runs} == largest
        assert given == sorted(given, key=lambda each: (-len(each[0]), -each[1], each[0]))
    halves = pd.DataFrame(np.repeat(np.eye(2, dtype=bool), [4, 3], axis=0).repeat(12, axis=1))
    assert [(len(names), runs) for names, runs in ranks._shared(halves)] == [(12, 4), (12, 3)]
    one_gone = pd.DataFrame(np.concatenate([np.ones((5, 24), bool), ~np.eye(24, dtype=bool)]))
    names, runs = next(ranks._shared(one_gone))  # all others are 2 ** 24
    assert (len(names), runs) == (24, 5)


def costly(protocol, flops):
    """Cells that lie as close as a front can, all on it."""
    rows = [(protocol, "tiny", f"head{i}", "none", x, 0.4 + i / 100) for i, x in enumerate(flops)]
    frame = pd.DataFrame(rows, columns=["protocol", "backbone", "architecture", "attention", "flops", "top1"])
    frame = frame.assign(n=9, folds=1, seeds=1, encoder="trained")
    return frame.assign(top1_low=frame["top1"] - 0.2, top1_high=frame["top1"] + 0.2)


@pytest.mark.parametrize(
    ("flops", "kind", "said"),
    [
        ((1e6, 1.01e6, 1.02e6, 2e6), "linear", ["1-3", "4"]),
        ((1e4, 9.8e6, 9.9e6, 1e7), "log", ["1", "2-4"]),
        ((1, 1.2, 1.4, 2), "linear", ["1", "2", "3", "4"]),
    ],
)
def test_labels_of_a_front_never_overlap(flops, kind, said):
    cells = pd.concat([costly("clean", flops), costly("paper", flops)])
    panels = tradeoff.tradeoff(cells, "flops").to_dict()["concat"]
    assert [panel["title"] for panel in panels] == ["clean", "paper"]
    drawn = vl_convert.vegalite_to_svg(tradeoff.tradeoff(cells, "flops").to_dict())
    assert all(f">{text}</text>" in drawn for text in ("clean", "paper", *said))
    scale, ends = tradeoff.scale(cells["flops"])
    down = [0.1, 0.7]
    found = tradeoff.labels(costly("clean", flops), "flops", scale, ends, down)
    assert scale == kind and [label["label"] for label in found] == said
    assert "1 head0 / none, 2 head1 / none, 3 head2 / none, 4" in tradeoff._corners(cells, "flops")


def test_a_protocol_of_few_costs_has_no_panel(tmp_path):
    cells = [f"actors-tiny-{a}-lstm-{p}" for p in ("clean", "paper") for a in ("none", "cbam", "l2pa")]
    results = Results(synthetic.write(tmp_path, dict.fromkeys(cells[:5], (0.5,) * 3)), cells[:5])
    found = tradeoff.draw(results)
    assert set(found) == {"top1_flops_actors", "top1_parameters_actors"}
    spec = found["top1_flops_actors"].chart.to_dict()
    assert spec["title"] == "clean" and "concat" not in spec
    points = rows(spec, "attention")
    costs = [results.records[cell][0]["flops"] for cell in cells[:3]]
    assert [point["cost"] for point in points] == pytest.approx(costs, rel=1e-4)


def test_protocols_are_drawn_where_half_of_the_models_have_them(tmp_path):
    both = ("lstm", "lstm_attention", "uniform_lstm")
    heads = {"clean": (*both, "mean_linear"), "paper": both, "thesis_clean": both[:1]}
    cells = [f"actors-tiny-none-{head}-{name}" for name, found in heads.items() for head in found]
    results = Results(synthetic.write(tmp_path, dict.fromkeys(cells, (0.5,) * 3)), cells)
    shown = rows(protocols.draw(results)["protocols_actors"].chart.to_dict(), "model")
    assert {row["model"] for row in shown} == {f"{name} / tiny" for name in both}
    assert {row["protocol"].partition(":")[0] for row in shown} == {"clean", "paper"}


def test_protocols_name_the_data_set_and_how_much_their_numbers_rest_on(tmp_path):
    cells = [f"actors-tiny-none-{head}-{name}" for name in ("clean", "paper") for head in ("lstm", "image")]
    results = Results(synthetic.write(tmp_path, dict.fromkeys(cells, (0.5,) * 3)), cells)
    synthetic.write(tmp_path, {cells[0]: (0.5,) * 3}, seeds=2)  # 24 groups and classes, 2 clips, 3 folds
    spec = protocols.draw(results)["protocols_actors"].chart.to_dict()
    said = ["clean: n 144 to 288, 3 to 6 runs", "paper: n 144, 3 runs"]
    encoding = next(layer["encoding"] for layer in layers(spec) if "shape" in layer["encoding"])
    assert encoding["shape"]["scale"]["domain"] == said and encoding["x"]["title"] == "top-1 on actors"
    assert {"model", "top1", "interval", "n", "runs"} <= {tip["field"] for tip in encoding["tooltip"]}


def test_learning_curves_say_how_many_runs_are_still_in_the_mean(tmp_path):
    cell = "actors-tiny-none-lstm-clean"
    results = Results(synthetic.write(tmp_path, {cell: (0.5,) * 3}), [cell])
    for record, length in zip(results.records[cell], (6, 4, 6)):
        record["history"]["val_top1"] = record["history"]["val_top1"][:length]
    spec = learning_curves.draw(results)["learning_curves_actors_clean"].chart.to_dict()
    points = rows(spec, "epoch")
    assert [row["epoch"] for row in points if row["part"] == "whole"] == [1, 2, 3, 4]
    assert [row["epoch"] for row in points if row["part"] == "tail"] == [4, 5, 6]
    assert [row["left"] for row in points if "left" in row] == ["2"]
    fourth = [record["history"]["val_top1"][3] for record in results.records[cell]]
    assert points[3]["value"] == pytest.approx(sum(fourth) / 3, rel=1e-4)
    legends = [
        layer["encoding"]["stroke"]["legend"] for layer in layers(spec) if "stroke" in layer["encoding"]
    ]
    assert legends and set(legends) == {None}  # of a single line


def test_numbers_at_the_ends_of_lines_are_joined_where_they_would_overlap():
    def end(panel, epoch, value, left):
        return {"panel": panel, "epoch": epoch, "value": value, "left": left}

    points = [{"panel": "a", "epoch": 1, "value": 0.0}, {"panel": "a", "epoch": 20, "value": 1.0}]
    ends = [end("a", 20, 0.80, 6), end("a", 20, 0.81, 1), end("a", 10, 0.80, 3), end("b", 20, 0.80, 2)]
    learning_curves._join([*points, *ends])
    assert [point.get("left") for point in ends] == [None, "1, 6", "3", "2"]
    ends = [end("a", epoch, 0.8, count) for count, epoch in enumerate((4, 8, 12, 16, 20), 1)]
    learning_curves._join([*points, *ends])  # 50 pixels apart, they stay
    assert [point.get("left") for point in ends] == ["1", "2", "3", "4", "5"]


def test_no_two_numbers_overlap_after_they_were_joined():
    rng = np.random.default_rng(0)
    for _ in range(50):
        ends = [
            {"panel": "a", "epoch": int(epoch), "value": float(value), "left": int(left)}
            for epoch, value, left in zip(rng.integers(1, 31, 8), rng.random(8), rng.integers(1, 31, 8))
        ]
        points = [{"panel": "a", "epoch": 30, "value": value} for value in (0.0, 1.0)]
        before = {end["left"] for end in ends}
        learning_curves._join([*points, *ends])
        shown = sorted((end for end in ends if "left" in end), key=lambda end: end["epoch"])
        assert {int(text) for end in shown for text in end["left"].split(", ")} == before
        pixel = 30 / learning_curves.PANEL, 1 / (0.6 * learning_curves.PANEL)
        for a, b in itertools.combinations(shown, 2):
            beside = (b["epoch"] - a["epoch"]) / pixel[0] >= 6 * len(a["left"])
            assert beside or abs(a["value"] - b["value"]) / pixel[1] >= 10


def test_models_without_attention_stand_in_one_panel_a_backbone():
    heads = [f"head{i}" for i in range(learning_curves.CROWD)]
    rows_ = [("d", "tiny", "none", head, "clean", 1, 0.5, 3) for head in heads]
    frame = pd.DataFrame(rows_, columns=[*learning_curves.COORDINATES, "epoch", "value", "runs"])
    points = rows(learning_curves.learning_curves(frame).to_dict(), "epoch")
    assert {point["panel"] for point in points} == {"tiny / none"}
    assert {point["name"] for point in points} == set(heads)
    spec = learning_curves.learning_curves(frame, pd.concat([frame] * 3)).to_dict()
    looks = next(
        e["stroke"]["scale"]["range"] for e in (x["encoding"] for x in layers(spec)) if "stroke" in e
    )
    assert looks == [style.look(number)["stroke"] for number in range(len(heads))]
    more = pd.concat([frame, frame.iloc[:1].assign(architecture="another")])
    points = rows(learning_curves.learning_curves(more).to_dict(), "epoch")
    assert len({point["panel"] for point in points}) == len(heads) + 1
    alone = pd.concat([frame.iloc[:1], frame.iloc[:1].assign(backbone="wide")])
    points = rows(learning_curves.learning_curves(alone).to_dict(), "epoch")
    assert {point["panel"] for point in points} == {"tiny / head0", "wide / head0"}  # named by what it is


def test_a_name_has_one_mark_in_every_figure():
    assert style.numbered(["cbam", "none"], ["none", "se", "cbam"]) == {"cbam": 2, "none": 0}
    assert style.numbered(["cbam", "own"], ["none", "cbam"]) == {"cbam": 1, "own": 2}
    every = pd.concat([costly("clean", (1, 2, 3)), costly("paper", (1, 2, 3))])
    few = tradeoff.tradeoff(every.iloc[1:3], "flops", every).to_dict()
    shape = next(layer["encoding"]["shape"] for layer in few["layer"] if "shape" in layer["encoding"])
    assert shape["scale"] == {"domain": ["head1", "head2"], "range": list(style.SHAPES[1:3])}


def test_learning_curves_of_many_attentions_have_a_panel_each(tmp_path):
    names = ["none", *(f"a{i}" for i in range(learning_curves.CROWD))]
    runs = itertools.product(names, ("lstm", "image"), (1, 2))
    rows_ = [["actors", "tiny", attention, head, "clean", epoch, 0.5, 2] for attention, head, epoch in runs]
    frame = pd.DataFrame(rows_, columns=[*COORDINATES, "epoch", "value", "runs"])
    points = rows(learning_curves.learning_curves(frame).to_dict(), "epoch")
    lines = {(point["panel"], point["name"], point["part"]) for point in points}
    panels = Counter(panel for panel, _, _ in lines)  # beside their controls
    assert panels == {f"tiny / {name}": 2 if name == "none" else 4 for name in names}
    few = learning_curves.learning_curves(frame[frame["attention"] != "a0"]).to_dict()
    assert list(dict.fromkeys(point["panel"] for point in rows(few, "epoch"))) == [
        "tiny / lstm",
        "tiny / image",
    ]


def test_a_change_has_one_colour_in_both_panels_of_the_saturation():
    cases = {"made up": ["as published, VGG", "input times 1/7"], "real": ["input times 1/T", "as published"]}
    steps = [
        [features, case, 10, step, 0.5, 1.0]
        for features in cases
        for case in cases[features]
        for step in (0, 1)
    ]
    columns = ["features", "change", "width", "step", "beyond_2_5", "loss"]
    spec = saturation.saturation(pd.DataFrame(steps, columns=columns)).to_dict()
    assert [panel.get("title") for panel in spec["concat"]] == ["made up", "real", None, None]
    looks = []
    for panel in spec["concat"][:2]:
        scale = next(layers(panel))["encoding"]["stroke"]["scale"]
        looks.append(
            {name.partition(",")[0].split(" 1/")[0][:8]: colour for name, colour in zip(*scale.values())}
        )
    assert looks[0] == looks[1] and len(set(looks[0].values())) == 2


def test_the_critical_difference_has_its_ranks_and_bars_by_hand():
    """Four attentions over 14 runs, 1.25: ranks 1, 2, 2.5 and 4 give the bars 1 to 2 and 2 to 2.5."""
    found = pd.Series({"a": 1.0, "b": 2.0, "c": 2.5, "d": 4.0})
    spec = ranks.critical_difference(found, 14).to_dict()
    assert {row["name"]: row["rank"] for row in rows(spec, "rank")} == found.to_dict()
    assert [row["label"] for row in rows(spec, "rank")] == ["a 1.00", "b 2.00", "2.50 c", "4.00 d"]
    bars = [(row["first"], row["last"]) for row in rows(spec, "last") if "place" in row]
    assert bars == [(0.97, 2.03), (1.97, 2.53)]
    (least,) = [row for row in rows(spec, "last") if "label" in row]
    assert least["last"] - least["first"] == pytest.approx(1.25, abs=0.005)


def test_the_leakage_probe_is_no_model_among_models(tmp_path):
    """Above all models under the paper's protocol and below them under the clean one."""
    rates = {"lstm-paper": 0.5, "lstm-clean": 0.5, "nearest-paper": 0.95, "nearest-clean": 0.2}
    cells = {f"actors-tiny-none-{name}": (rate,) * 3 for name, rate in rates.items()}
    results = Results(synthetic.write(tmp_path, cells), list(cells))
    defects = {"leaks": {"groups": 4}, "protocol": {"kind": "paper", "colour": "bgr"}}
    defects["protocol"]["defects"] = ["random clip split shares groups", "red and blue swapped"]
    frame = results.predictions("actors-tiny-none-lstm-paper").query("fold == 1")
    synthetic.write_run(tmp_path, "actors-tiny-none-lstm-paper", 1, 0, frame.iloc[:, :6], **defects)
    published = synthetic.GOLDEN.parents[1] / "results" / "published"
    shutil.copytree(published, tmp_path / "published")
    tables.write(["protocols"], Results(tmp_path, list(cells)), tmp_path / "tables", {})
    model, probe = findings.protocols(tmp_path / "tables", Results(tmp_path, list(cells)))
    assert (
        (model[4], probe[4]) == ("1", "1-NN probe")
        and "to" not in model[2]
        and model[5:] == ["3 and 3", "colour"]
    )
    assert float(probe[2].split()[0]) > 50
    lines = summarise(Results(tmp_path, list(cells)), {})["actors, protocol paper"]
    assert any(x.startswith("The highest top-1 is") and "lstm" in x for x in lines)
    assert any(x.startswith("1-NN leakage probe (nothing is trained), reported separately: ") for x in lines)
    assert any("which can make them lower: red and blue swapped." in x for x in lines)


def test_a_half_run_suite_is_shown_as_such(results):
    """Its data set without any record is named; cells and suites that were never run are counted."""
    other, image = "cifar100-tiny-none-image-clean", "actors-tiny-se-lstm-clean"
    cells = {"half": [*synthetic.CELLS, other, image], "never": [other], "whole": synthetic.CELLS}
    suites = {
        name: dict.fromkeys(ids, {(1, 0), (1, 7)}) for name, ids in cells.items()
    }  # no record has seed 7
    count = len(synthetic.CELLS)
    assert findings.extents(results, suites, {CELLS[0]: "stale"}) == [
        ["half", str(count + 2), str(count), f"{count} of {2 * count + 4}", "cifar100 1, actors 1", "1"],
        ["never", "1", "0", "0 of 2", "cifar100 1", "0"],
        ["whole", str(count), str(count), f"{count} of {2 * count}", "none", "1"],
    ]
    versus = against_controls.versus(results, comparisons.against_none(results))
    (block,) = sentences.summarise(results, versus, pd.DataFrame(), suites)
    assert block["sentences"][0].startswith(f"{count} of {count + 2} cells were run")  # one is MISSING


def test_pictures_are_called_images(tmp_path):
    cells = {f"imagenette-tiny-{a}-image-clean": (0.5,) * 3 for a in ("none", "cbam")}
    lines = summarise(Results(synthetic.write(tmp_path, cells), list(cells)), {})[
        "imagenette, protocol clean"
    ]
    assert "13,394 images" in lines[0] and "not significantly different from none" in " ".join(lines)
    assert not any("clips" in line for line in lines)


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (
            (0.5, 0.5, 0.2),
            "The highest top-1 is 50.0 %, of 2 cells alike (tiny / a / lstm, tiny / b / lstm).",
        ),
        ((0.5, 0.5, 0.5), "The highest top-1 is 50.0 %, of all 3 cells alike."),
        (
            (0.25, 0.25, 0.25),
            "No cell is above chance, one of 4 classes: the highest top-1 is 25.0 %, of all 3 cells alike.",
        ),
        (
            (0.25, 0.2, 0.2),
            "No cell is above chance, one of 4 classes: the highest top-1 is 25.0 %, of tiny / a / lstm.",
        ),
        ((0.26, 0.2, 0.2), "The highest top-1 is 26.0 %, of tiny / a / lstm."),
    ],
)
def test_of_equal_cells_none_is_called_the_highest_and_chance_is_called_so(rates, said):
    part = pd.DataFrame(
        {"dataset": "d", "backbone": "tiny", "attention": list("abc"), "architecture": "lstm"}
    )
    part = part.assign(protocol="p", top1=rates, top1_low=np.nan, top1_high=np.nan)
    given = SimpleNamespace(records=dict.fromkeys(sentences._ids(part), [{"classes": list("wxyz")}]))
    facts = sentences._best(given, part)
    assert captions.sentences("block.txt", {"extent": {}, "trained": [], **facts})[1:] == [said]


def test_findings_are_plain_text_beside_the_page(page):
    text = page.with_name("findings.md").read_text()
    assert text.startswith("# What is attention worth?") and "## All comparisons" in text
    assert "&lt;" not in text and "{'cell'" not in text and "significant" in text.split("##")[0]
    rules = [line for line in text.splitlines() if line.startswith("| ---")]
    assert len(rules) == text[: text.index("## All")].count("\n## ") > 0


@pytest.mark.parametrize(
    ("shown", "key"),
    [
        ("2,160", "2160"),
        ("<0.001", "0.001"),
        ("+10.1 points [+7.8, +12.4]", "+10.1"),
        ("-35.0 points [-40.3, -29.7]", "-35.0"),
        ("3 of 3", "3 of 3"),
        ("-", ""),
    ],
)
def test_findings_sort_by_the_numbers_that_they_show(shown, key):
    assert report._read(shown) == key


def test_names_are_explained_by_their_files():
    cells = ["actors-tiny-cbam-lstm-clean", "ucf101_12_arrow-none-l2pa_dot-c3d-clean"]
    rows = {row[0]: row[1:] for row in names.table(load.load(), cells)["rows"]}
    assert len(rows) == 8 and rows["cbam"][1].startswith("CBAM: convolutional block attention module")
    assert rows["actors"][0] == "data set" and "score dot" in rows["l2pa_dot"][2]
