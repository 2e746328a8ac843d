"""The report says what the numbers say, stands alone, and works in a browser."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import synthetic

from vidattn.bench import captions, headline, report, sentences, summary, tables
from vidattn.bench.figures import protocols, ranks, tradeoff
from vidattn.bench.results import Results

CELLS = [*synthetic.CELLS, synthetic.MISSING]
FOLDS = {"folds": 3, "seeds": 1, "runs": 3}
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def results():
    """With the missing cell first, so that sorting has to move it."""
    return Results(synthetic.GOLDEN / "results", [synthetic.MISSING, *synthetic.CELLS])


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    tables.write(["demo_grid", "grid"], results, folder / "tables", synthetic.OPTIONS)
    return report.write(results, folder / "tables", folder / "report.html", synthetic.OPTIONS)


def summarise(results, options=synthetic.OPTIONS):
    versus = summary.versus(results, summary.against_none(results))
    blocks = sentences.summarise(results, versus, summary.contrasts(results, options))
    return {block["title"]: block["sentences"] for block in blocks}


def test_each_contrast_gets_its_verdict(results):
    lines = summarise(results)["actors, protocol clean"]
    flow = next(line for line in lines if line.startswith("flow stream"))
    assert "classes: shown for these trainings only, the intervals do not overlap" in flow
    assert "paired difference +54.2 points [" in flow
    assert any("NOT shown" in line for line in lines if line.startswith("spatial attention (L2PA)"))
    assert any("two intervals overlap" in line for line in lines if line.startswith("spatial attention,"))
    assert f"Not run: {synthetic.MISSING}." in lines


def test_a_contrast_that_was_not_run_says_so(results):
    contrast = {**synthetic.OPTIONS["contrasts"][0], "cell": synthetic.MISSING}
    lines = summarise(results, {**synthetic.OPTIONS, "contrasts": [contrast]})["actors, protocol clean"]
    assert any("on the appearance classes: not run (" in line for line in lines)


def test_a_clear_attention_is_told_from_an_unclear_one(tmp_path):
    cells = {CELLS[0]: (0.5,) * 3, CELLS[1]: (0.9,) * 3, CELLS[2]: (0.5,) * 3}
    lines = summarise(Results(synthetic.write(tmp_path, cells, groups=10)), {})["actors, protocol clean"]
    cbam, l2pa = (next(x for x in lines if x.startswith(name)) for name in ("cbam", "l2pa"))
    assert re.search(r"cbam against none: \+\d+\.\d points \[\+\d.* on tiny / frame_average \(p", cbam)
    assert "not distinguishable from none" in l2pa and "could have shown about" in l2pa


def test_leaks_and_lost_clips_are_said(tmp_path):
    frame = Results(synthetic.GOLDEN / "results").predictions(CELLS[0]).query("fold == 1")
    frame = frame.drop(columns=["fold", "seed", "run"])
    leaks = {"clips": 0, "groups": 4, "duplicates": 0}
    synthetic.write_run(tmp_path, CELLS[0], 1, 0, frame, leaks=leaks, quarantined=2, n_official=50)
    lines = summarise(Results(tmp_path), {})["actors, protocol clean"]
    assert any("Up to 4 test clips have a clip of their own group" in x for x in lines)
    assert any("Up to 2 unreadable" in x for x in lines)
    assert any("of 50 official" in x for x in lines)


def test_the_page_loads_nothing_and_escapes_what_it_quotes(page, results, tmp_path):
    text = page.read_text()
    assert not re.search(r'(?:src|href)="(?!data:|#)', text) and "@import" not in text
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "odd.csv").write_text("name\n<script>alert(1)</script>\n")
    odd = report.write(results, folder, tmp_path / "odd.html").read_text()
    assert "<script>alert" not in odd and "&lt;script&gt;alert" in odd


def test_the_same_results_give_the_same_bytes(page, results, tmp_path):
    again = report.write(results, page.parent / "tables", tmp_path / "report.html", synthetic.OPTIONS)
    assert again.read_bytes() == page.read_bytes()
    for path in (page.parent / "figures").iterdir():
        assert path.read_bytes() == (tmp_path / "figures" / path.name).read_bytes(), path.name


def test_a_report_of_nothing_stands(tmp_path):
    (tmp_path / "tables").mkdir()
    page = report.write(Results(tmp_path, []), tmp_path / "tables", tmp_path / "report.html")
    assert "Nothing was run yet" in page.read_text()


def test_what_all_rows_share_is_said_once_and_what_was_not_run_is_folded(page, results, tmp_path):
    text = page.read_text()
    assert "In every row: dataset actors, backbone tiny, protocol clean" in text
    assert "<code>detectable</code> is the smallest difference" in text
    assert '<th scope="col" tabindex="0">dataset</th>' not in text and "<details>" not in text
    (tmp_path / "tables").mkdir()
    rows = "\n".join(f"actors,tiny,{a},lstm,clean," for a in ("none", "cbam"))
    names = "dataset,backbone,attention,architecture,protocol,top1"
    (tmp_path / "tables" / "absent.csv").write_text(f"{names}\n{rows}\n")
    absent = report.write(results, tmp_path / "tables", tmp_path / "absent.html").read_text()
    assert "Nothing of this was run: 2 rows" in absent and "<details>" in absent


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


def costly(protocol, flops):
    """Cells that lie as close as a front can, all on it."""
    rows = [(protocol, "tiny", f"head{i}", "none", x, 0.4 + i / 100) for i, x in enumerate(flops)]
    frame = pd.DataFrame(rows, columns=["protocol", "backbone", "architecture", "attention", "flops", "top1"])
    return frame.assign(top1_low=frame["top1"] - 0.2, top1_high=frame["top1"] + 0.2, encoder="trained")


@pytest.mark.parametrize("flops", [(1e6, 1.01e6, 1.02e6, 2e6), (1e4, 9.8e6, 9.9e6, 1e7), (1, 1.2, 1.4, 2)])
def test_labels_of_a_front_never_overlap(flops):
    figure = tradeoff.tradeoff(pd.concat([costly("clean", flops), costly("paper", flops)]), "flops")
    figure.canvas.draw()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts] + [axes.xaxis.label.get_window_extent()]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert axes.xaxis.label.get_text().count("head") == 4
        shown = ", ".join(text.get_text() for text in axes.texts)
        assert sorted(shown.split(", ")) == ["1", "2", "3", "4"]


def test_a_protocol_of_few_costs_has_no_panel(tmp_path):
    cells = [f"actors-tiny-{a}-lstm-{p}" for p in ("clean", "paper") for a in ("none", "cbam", "l2pa")]
    results = Results(synthetic.write(tmp_path, dict.fromkeys(cells[:5], (0.5,) * 3)), cells[:5])
    found = tradeoff.draw(results)
    assert set(found) == {"top1_flops_actors", "top1_parameters_actors"}
    panels = [axes.get_title() for axes in found["top1_flops_actors"].figure.axes]
    assert panels == ["clean"]


def test_protocols_are_drawn_where_half_of_the_models_have_them(tmp_path):
    both = ("lstm", "lstm_attention", "uniform_lstm")
    heads = {"clean": (*both, "mean_linear"), "paper": both, "thesis_clean": both[:1]}
    cells = [f"actors-tiny-none-{head}-{name}" for name, found in heads.items() for head in found]
    results = Results(synthetic.write(tmp_path, dict.fromkeys(cells, (0.5,) * 3)), cells)
    (axes,) = protocols.draw(results)["protocols_actors"].figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"{name} / tiny" for name in both]
    assert {line.get_label() for line in axes.get_lines()} & set(heads) == {"clean", "paper"}


def test_the_page_says_first_what_attention_is_worth(page):
    versus = pd.DataFrame({"dataset": "d", "protocol": "p", "attention": "cbam", "difference": [0.2, -0.1]})
    versus = versus.assign(difference_low=[0.1, -0.3], difference_high=[0.3, 0.1], p_holm=[0.01, 0.2])
    versus = versus.assign(backbone="tiny", architecture=["lstm", "image"], n=[90, 1200], **FOLDS)
    versus["p_trainings"] = 0.04
    ends = "-10.0 points [-30.0, +10.0] to +20.0 points [+10.0, +30.0]"
    rests = ["tiny / lstm, image", "90 to 1,200", "3 folds x 1 seed"]
    assert headline.attention(versus) == [["cbam", "d, p", *rests, ends, "1", "0", "none", "2"]]
    (row,) = headline.attention(versus.assign(p_trainings=0.3))
    assert row[6:] == ["0", "0", "1 higher", "2"]
    text = page.read_text()
    assert text.index("What is attention worth?") < text.index("<nav") < text.index("<h2>Summary")


def test_one_training_a_side_shows_nothing_clearly(tmp_path):
    """The interval holds the noise of the test clips only; from three trainings on a difference counts."""
    cells = {CELLS[0]: (0.3,) * 3, CELLS[1]: (0.9,) * 3}
    single = Results(synthetic.write(tmp_path / "one", cells, folds=1, groups=12))
    versus = summary.versus(single, summary.against_none(single))
    assert versus["p_holm"].item() < 0.05 and not summary.clear(versus).any()
    assert versus["improvement"].isna().all()
    (row,) = headline.attention(versus)
    assert row[4] == "1 fold x 1 seed" and row[6:] == ["-", "-", "1 higher", "1"]
    (line,) = [x for x in summarise(single, {})["actors, protocol clean"] if x.startswith("cbam against")]
    assert "but on 1 training a side" in line
    contrast = {"name": "cbam", "cell": CELLS[1], "control": CELLS[0]}
    (asked,) = headline.questions(summary.contrasts(single, {"contrasts": [contrast]}))
    assert asked[-2:] == ["1 fold x 1 seed", "shown on 1 training a side"]


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("disjoint", "shown for these trainings only, the intervals do not overlap."),
        (
            "higher",
            "higher by the paired difference for these trainings only, but the two intervals overlap.",
        ),
        ("lower", "NOT shown, it is lower than its control for these trainings only."),
        ("not shown", "NOT shown."),
    ],
)
def test_a_reserve_stands_with_the_clause_that_it_limits(results, verdict, said):
    contrasts = summary.contrasts(
        results, {**synthetic.OPTIONS, "contrasts": synthetic.OPTIONS["contrasts"][:1]}
    )
    row = contrasts.iloc[0].copy()
    row["verdict"], row["runs"], row["p_trainings"] = verdict, 3, 0.2
    assert f"on the appearance classes: {said} " in sentences._contrast(row)


def test_the_noise_of_training_is_read_from_the_table_of_the_gate(tmp_path):
    assert captions.noise(tmp_path) == ""
    columns = "quantity,trials,cell,n,top1,top1_min,top1_max"
    (tmp_path / "gate.csv").write_text(
        f"{columns}\na,20,x-y,1234,0.84,0.815,0.88\nb,10,x-y,1234,0.84,0.815,0.88\n"
    )
    text = captions.noise(tmp_path)
    assert "x-y, trained under 21 seeds" in text
    assert "from 81.5 % to 88.0 % (mean 84.0 %; 1,234 predictions a seed" in text


def test_questions_and_protocols_are_said_in_their_own_numbers(results, tmp_path):
    cell, ends = "actors-tiny-none-lstm-clean", ("difference", "difference_low", "difference_high")
    row = {"name": "order", "family": "timing", "cell": cell, "p": 0.0004, "n": 1234, "verdict": "higher"}
    row |= {**FOLDS, "p_trainings": 0.01}
    asked = pd.DataFrame([row | dict(zip(ends, (0.1, 0.05, 0.15))), row | {"verdict": "not run"}])
    change = "+10.0 points [+5.0, +15.0]"
    line = [
        "order, on the timing classes",
        "actors, clean",
        change,
        "<0.001",
        "1,234",
        "3 folds x 1 seed",
        "shown",
    ]
    assert headline.questions(asked) == [line]
    (unsure,) = headline.questions(asked.assign(p_trainings=0.2))
    assert unsure[-1] == "shown for these trainings only"
    (equal,) = headline.questions(asked.assign(p_trainings=0.2).replace("higher", "not shown"))
    assert equal[-1] == "not shown"
    model = {"backbone": "tiny", "attention": "none", "architecture": "other"}
    sides = pd.DataFrame({**model, "dataset": "d", "protocols": "paper - clean", "difference": [0.1, None]})
    sides = sides.assign(n=9)
    sides.assign(difference_low=0.05, difference_high=0.15).to_csv(tmp_path / "protocols.csv", index=False)
    effects = [
        "leakage: lstm",
        "attention before: gain",
        "recurrence and dense layer",
        "attention after: attention itself",
    ]
    told = {"effect": effects, "dataset": "d", "protocol": "q", "p_holm": 0.5, "n": [7, 1234, 1, 2]}
    told |= {
        "p_trainings": 0.3,
        "cell": CELLS[1],
        "control": CELLS[0],
        "backbone": "tiny",
        "attention": "none",
    }
    told = pd.DataFrame(told).assign(top1_difference=0.1, top1_difference_low=0.05, top1_difference_high=0.15)
    told.to_csv(tmp_path / "icip_explained.csv", index=False)
    leaks = "leakage alone: clean - clean"
    shown = [
        ["paper - clean", "d", change, "9", "1", "0 and 0", ""],
        [leaks, "d", change, "7", "1", "0 and 0", ""],
    ]
    assert headline.protocols(tmp_path, results) == shown
    found = headline.over_time(tmp_path, results)
    assert found == [
        [effects[3], "d, q", change, "0.500", "2", "3 folds x 1 seed"],
        [effects[1], "d, q", change, "0.500", "1,234", "3 folds x 1 seed"],
    ]
    pd.DataFrame(told).assign(p_holm=0.01, control="a-b-c-d-e").to_csv(
        tmp_path / "icip_explained.csv", index=False
    )
    assert headline.over_time(tmp_path, results)[0][3] == "0.010 on 0 trainings a side"
    pd.DataFrame(told).assign(p_holm=0.01).to_csv(tmp_path / "icip_explained.csv", index=False)
    assert headline.over_time(tmp_path, results)[0][3] == "0.010 for these trainings only"
    for table in (headline.protocols, headline.over_time):
        assert table(tmp_path / "empty", results) == []


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
    model, probe = headline.protocols(tmp_path / "tables", Results(tmp_path, list(cells)))
    assert (
        (model[4], probe[4]) == ("1", "1-NN probe")
        and "to" not in model[2]
        and model[5:] == ["3 and 3", "colour"]
    )
    assert float(probe[2].split()[0]) > 50
    lines = summarise(Results(tmp_path, list(cells)), {})["actors, protocol paper"]
    assert any(x.startswith("The highest top-1 is") and "lstm" in x for x in lines)
    assert any(x.startswith("1-NN leakage probe (nothing is trained): ") for x in lines)
    assert any("which can make them lower: red and blue swapped." in x for x in lines)


def test_a_half_run_suite_is_shown_as_such(results):
    """Its data set without any record is named, and cells that were never run are counted."""
    other, image = "cifar100-tiny-none-image-clean", "actors-tiny-se-lstm-clean"
    suites = {"half": [*synthetic.CELLS, other, image], "never": [other], "whole": synthetic.CELLS}
    count = len(synthetic.CELLS)
    assert headline.extents(results, suites) == [
        ["half", str(count + 2), str(count), "cifar100 1, actors 1"],
        ["whole", str(count), str(count), "none"],
    ]
    versus = summary.versus(results, summary.against_none(results))
    (block,) = sentences.summarise(results, versus, pd.DataFrame(), suites)
    assert block["sentences"][0].startswith(f"{count} of {count + 2} cells were run")  # one is MISSING


def test_pictures_are_called_images(tmp_path):
    cells = {f"imagenette-tiny-{a}-image-clean": (0.5,) * 3 for a in ("none", "cbam")}
    lines = summarise(Results(synthetic.write(tmp_path, cells), list(cells)), {})[
        "imagenette, protocol clean"
    ]
    assert "13,394 images" in lines[0] and "these images could" in " ".join(lines)
    assert not any("clips" in line for line in lines)


def test_findings_are_plain_text_beside_the_page(page):
    text = page.with_name("findings.md").read_text()
    assert text.startswith("# What is attention worth?") and "## All comparisons" in text
    assert "&lt;" not in text
    rules = [line for line in text.splitlines() if line.startswith("| ---")]
    assert len(rules) == text[: text.index("## All")].count("\n## ") > 0


PROBE = """
<script>
const table = document.querySelector("#table-demo_grid table"), names = [];
const visible = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);
const heads = [...table.tHead.rows[0].cells];
const column = (name) => heads.findIndex((head) => head.textContent === name);
const shown = () => visible().map((row) => row.cells[column("architecture")].textContent);
heads[column("top1")].click(); names.push(shown().join(","));
heads[column("top1")].click(); names.push(shown().join(","));
const input = document.querySelector("#table-demo_grid input");
input.value = "none LSTM"; input.dispatchEvent(new Event("input")); names.push(shown().join(","));
input.value = ""; input.dispatchEvent(new Event("input"));
document.querySelector("#table-demo_grid .chips button[data-word='attention=cbam']").click();
names.push(shown().length);
table.tBodies[0].rows[1].cells[column("top1")].click();
names.push(document.querySelector("#provenance").hidden, document.querySelector("#provenance").textContent);
names.push(document.documentElement.scrollWidth <= window.innerWidth);
document.body.innerHTML = ""; document.body.textContent = "PROBE|" + names.join("|") + "|END";
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or google-chrome on the path")
@pytest.mark.parametrize("width", [1280, 500])
def test_sorting_filtering_and_provenance_in_a_browser(page, tmp_path, width):
    probe = tmp_path / "probe.html"
    probe.write_text(page.read_text().replace("</body>", PROBE + "</body>"))
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'user'}",
    ]
    command += [f"--window-size={width},900", "--virtual-time-budget=5000", "--dump-dom", probe.as_uri()]
    text = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"PROBE\|(.*)\|END", text, re.S)
    assert found, text[-500:]
    down, up, filtered, chosen, hidden, provenance, fits = found.group(1).split("|")
    assert down.split(",")[0] == "lstm_attention" and down.split(",")[-1] == "two_stream"
    assert up.split(",")[0] == "frame_average" and up.split(",")[-1] == "two_stream"
    assert filtered.split(",") == ["lstm", "lstm_attention"] and chosen == "2"
    assert hidden == "false" and "results/records/actors-tiny" in provenance and "git_commit" in provenance
    assert fits == "true"
