"""The pages of docs/ and the README: what they name is there, and what they say to type can be typed."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from vidattn.bench.cli.options import repeated
from vidattn.bench.cli.parser import SEVERAL, vidattn
from vidattn.bench.config.cell import Cell
from vidattn.bench.config.load import load

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").rglob("*.md"))
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))  # each becomes a page of the site
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
PARAMS = load(ROOT / "params.yaml")
SITE = yaml.load((ROOT / "mkdocs.yml").read_text(), yaml.SafeLoader)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(page: Path) -> list[str]:
    """What the blocks of shell of a page say to type."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.S)
    lines = [line.split(" #")[0] for block in blocks for line in block.splitlines()]
    steps = [step.strip() for line in lines for step in line.split("&&")]
    return [step for step in steps if re.match(r"(vidattn|make) ", step) and "--help" not in step]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_is_to_be_typed_is_understood(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    targets = set(re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text()))
    for line in typed(page):
        tool, name, *rest = shlex.split(line)
        if tool == "make":
            suites = {word.partition("=")[2] for word in rest}
            assert name in targets and suites <= {*PARAMS.suites, "mine"}, line
            continue
        # Raises where the command would refuse.
        context = vidattn.commands[name].make_context(name, repeated(rest, SEVERAL))
        for cell in re.findall(r"\bactors-(?!tiny-mine)[\w-]+", line):
            Cell.parse(cell, PARAMS)
        suites = {context.params.get("suite"), context.params.get("select")} - {None}
        assert suites <= {*PARAMS.suites, "mine"}, line


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_in_sentences_have_the_options_that_they_are_said_to_have(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for line in re.findall(r"`vidattn ([a-z][^`]+)`", text):
        name, *rest = line.split()
        options = {option for param in vidattn.commands[name].params for option in param.opts}
        assert {word for word in rest if word.startswith("--")} <= options, line


def pages_of(tree: list | dict | str) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    return [page for part in (tree.values() if isinstance(tree, dict) else tree) for page in pages_of(part)]


def test_every_page_stands_in_the_menu():
    pages = [page.relative_to(ROOT / "docs").with_suffix(".md") for page in (*DOCS, *NOTEBOOKS)]
    assert sorted(pages_of(SITE["nav"])) == sorted(map(str, pages))


@pytest.mark.parametrize("page", DOCS, ids=named)
def test_what_a_page_shows_is_there(page):
    text = page.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    made = {book.with_suffix(".md") for book in NOTEBOOKS}
    copied = re.findall(r"(?m)^cp (\S+) docs/$", (ROOT / "requirements/docs.sh").read_text())
    made |= {ROOT / "docs" / Path(file).name for file in copied if (ROOT / file).is_file()}
    assert [link for link in links if not ((page.parent / link).exists() or page.parent / link in made)] == []
    assert [name for name in re.findall(r'--8<-- "(.+)"', text) if not (ROOT / name).is_file()] == []
    modules = [name.replace(".", "/") for name in re.findall(r"(?m)^::: vidattn\.([\w.]+)", text)]
    assert [name for name in modules if not ((ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file())] == []


def test_every_flaw_of_a_protocol_is_described():
    rows = re.findall(r"(?m)^\| ([^|]+) \| `", (ROOT / "docs" / "protocols.md").read_text())
    assert set(rows) == {defect for protocol in PARAMS.protocols.values() for defect in protocol.defects}


def test_what_studies_wrote_stands_in_the_readme_of_results():
    listed = (ROOT / "results" / "README.md").read_text()
    measured = sorted(path.name for path in (ROOT / "results" / "benchmarks").glob("*.csv"))
    assert [name for name in measured if f"| `benchmarks/{name}` |" not in listed] == []


def test_suites_that_pages_name_are_there():
    tables = [
        table for page in PAGES for table in re.findall(r"\| suite \|.*\n((?:\|.*\n)+)", page.read_text())
    ]
    rows = [line.split("|")[1] for table in tables for line in table.splitlines()[1:]]
    names = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(tables) > 2 and names <= set(PARAMS.suites)


@pytest.mark.parametrize("page", [*PAGES[:1], *DOCS], ids=named)
def test_numbers_that_are_typed_are_said_to_be_invented(page):
    """Measured ones are included from tables: typed, they would go stale."""
    paragraphs = re.sub(r"```.*?```", "", page.read_text(), flags=re.S).split("\n\n")
    measured = [part for part in paragraphs if re.search(r"\[[-+]?\d*\.\d+, [-+]?\d*\.\d+\]", part)]
    assert [part for part in measured if "invented" not in part.lower()] == []
