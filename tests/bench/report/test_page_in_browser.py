"""The page in headless Chromium, as wide as a telephone and as a desk: sorted, filtered, read by keyboard."""

import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import synthetic

from vidattn.bench.analysis import comparisons
from vidattn.bench.config import load as settings
from vidattn.bench.report import names, tables
from vidattn.bench.report import page as report
from vidattn.bench.results.reader import Results

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium or google-chrome on the path")
WIDTHS = (390, 1300)
LONG = "a description of many words " * 40 + "x" * 400


def axe_core() -> Path | None:
    """The rules of accessibility: those that VIDATTN_AXE names, or of the package `axe_core_python`."""
    package = importlib.util.find_spec("axe_core_python")
    brought = Path(package.origin).with_name("axe.min.js") if package and package.origin else None
    return Path(os.environ["VIDATTN_AXE"]) if "VIDATTN_AXE" in os.environ else brought


AXE_CORE = axe_core()
PROBE = (Path(__file__).parent / "probe.js").read_text()
FRAME = """<body><iframe src="{page}" width="{width}" height="900"></iframe><script>
const wait = () => {{
  const text = document.querySelector("iframe").contentDocument?.body?.textContent ?? "";
  if (text.startsWith("{{")) document.body.replaceChildren("PROBE" + text + "END"); else setTimeout(wait, 50);
}};
wait();
</script></body>"""

AXE = """<script src="axe.min.js"></script><script>addEventListener("load", async () => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const figures = [...document.querySelectorAll(".plot")];
  const drawn = () => figures.every((figure) => figure.querySelector("svg"));
  while (!drawn()) await new Promise((done) => setTimeout(done, 20));
  axe.run().then((told) => {
    const where = (rule) => [rule.id, rule.nodes.map((node) => node.html.slice(0, 200))];
    const violations = told.violations.map(where);
    document.body.replaceChildren(JSON.stringify({ violations }));
  });
});</script>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page with a table of a very long cell."""
    folder = tmp_path_factory.mktemp("page")
    cells = [synthetic.MISSING, *synthetic.CELLS]
    results = Results(synthetic.GOLDEN / "results", cells, compare=synthetic.COMPARE)
    tables.write(["demo_grid"], results, folder / "tables")
    (folder / "tables" / "long.csv").write_text(f"name,described\na,{LONG}\nb,{LONG}2\n")
    options = {"names": names.table(settings.load(), synthetic.CELLS)}
    page = report.write(results, folder / "tables", folder / "report.html", options)
    (folder / "probe.html").write_text(ending(page, f"<script>{PROBE}</script>"))
    return folder


def ending(page, script):
    """The page with a script at its end; Vega's own has the same tag in it."""
    before, _, after = page.read_text().rpartition("</body>")
    return f"{before}{script}</body>{after}"


def looked_at(folder, page: str, width: int) -> str:
    """What a page leaves as its only text; a frame has the width of a telephone, which no window can have."""
    frame = folder / f"frame_{width}_{page}"
    frame.write_text(FRAME.format(page=page, width=width))
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    command += [f"--user-data-dir={folder / 'user'}", "--virtual-time-budget=20000", "--dump-dom"]
    text = subprocess.run([*command, frame.as_uri()], capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"PROBE(.*)END", text, re.S)
    assert found, text[-500:]
    return found.group(1)


@pytest.fixture(scope="module", params=WIDTHS)
def seen(request, folder):
    """What the probe saw."""
    return json.loads(looked_at(folder, "probe.html", request.param))


@pytest.mark.skipif(AXE_CORE is None, reason="needs axe-core: axe_core_python, or VIDATTN_AXE")
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_violation(folder, width):
    """Contrast, names, roles and order of everything on the page, all of it unfolded."""
    (folder / "axe.min.js").write_text(AXE_CORE.read_text(encoding="utf-8"))
    (folder / "axe.html").write_text(ending(folder / "report.html", AXE))
    assert json.loads(html.unescape(looked_at(folder, "axe.html", width))) == {"violations": []}


def test_the_leaderboard_is_sorted_and_filtered(seen):
    assert len(seen["first"]) == len(synthetic.CELLS)  # the cell that was not run has no row
    assert seen["down"][0] == "lstm_attention" and seen["up"] == seen["down"][::-1]
    assert seen["gaps"][:2] == ["cbam / frame_average", "l2pa / frame_average"]
    assert seen["sorted"][2] == "descending" and not any(seen["sorted"][:2])
    assert seen["cbam"] == ["cbam / frame_average"] and seen["count"] == "1 of 6 models"


def test_accuracy_is_drawn_against_cost_for_one_data_set_and_protocol(seen):
    assert seen["alone"]  # a single model is no comparison
    points = {re.search(r"model: ([^;]+)", label)[1]: (x, y) for x, y, label in seen["points"]}
    assert len(points) == len(synthetic.CELLS)
    (cost, _), (least, _) = points["two_stream"], points["frame_average"]
    assert cost > least and points["lstm_attention"][1] == min(y for _, y in points.values())


def test_the_plot_follows_filter_and_axis(seen):
    assert seen["axis"] == ["FLOPs", "parameters"]
    without = sorted(cell.split("-")[3] for cell in synthetic.CELLS if "-none-" in cell)
    assert sorted(re.search(r"model: ([^;]+)", label)[1] for label in seen["none"]) == without


def test_models_of_one_attention_are_told_apart_by_architecture(seen):
    assert sorted(seen["legend"]) == sorted(
        {cell.split("-")[3] for cell in synthetic.CELLS if "-none-" in cell}
    )


def test_what_was_not_measured_is_said_in_place_of_an_empty_plot(seen):
    count = sum("-none-" in cell for cell in synthetic.CELLS)
    assert seen["unmeasured"] == f"Of {count} of these {count} models this was not measured. "


def test_printing_waits_for_the_figures_of_folded_parts(seen):
    assert seen["printed"] is True


def test_a_point_tells_its_numbers_and_opens_where_they_come_from(seen):
    label, tip = seen["tip"]
    model = re.search(r"model: ([^;]+)", label)[1]
    is_open, cell = seen["clicked"]
    _, _, attention, head, _ = cell.split("-")
    assert is_open and model == (head if attention == "none" else f"{attention} / {head}")
    results = Results(synthetic.GOLDEN / "results", list(synthetic.CELLS))
    row = (
        comparisons.cells(results)
        .set_index("architecture")
        .loc[[head]]
        .query("attention == @attention")
        .iloc[0]
    )
    value, low, high = (100 * row[name] for name in ("top1", "top1_low", "top1_high"))
    assert model in tip and f"{value:.1f} [{low:.1f}, {high:.1f}]" in tip and tip.endswith("runs3")


def test_a_press_on_a_name_of_the_legend_pales_the_others(seen):
    assert seen["pale"] == len(synthetic.CELLS) - 1


def test_figures_are_drawn_when_they_are_seen_and_nothing_comes_from_outside(seen):
    assert seen["before"] == 0 and {"answer", "forest", "top1_flops_actors"} <= set(seen["drawn"])
    assert seen["pictures"] == 0  # the picture of the answer was for pages without script
    assert seen["outside"] == []


def test_the_answer_is_short(seen):
    assert 1 <= len(seen["lines"]) <= 3 and max(seen["lines"]) <= 3


def test_nothing_is_wider_than_the_page(seen):
    assert seen["fits"] and seen["wide"] == [] and seen["spill"] == []


def test_the_menu_is_seen_whole_and_no_mark_of_markdown_is(seen):
    assert seen["menu"] and not seen["marks"]


def test_the_first_column_stays_while_the_others_scroll(seen):
    assert seen["stays"]


def test_a_cell_tells_where_its_numbers_come_from_by_keyboard(seen):
    assert seen["focus"] and seen["unlabelled"] == 0
    is_open, cell, link = seen["panel"]
    assert is_open and cell == "actors-tiny-cbam-frame_average-clean" and link == f"records/{cell}/1-0.json"
    frame = Results(synthetic.GOLDEN / "results").predictions(cell)
    counts = frame.groupby(["label", "prediction"]).size()
    classes = synthetic.CLASSES
    assert seen["matrix"] == [[int(counts.get((a, b), 0)) for b in classes] for a in classes]
