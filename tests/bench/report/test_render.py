"""Frames become csv, markdown and LaTeX."""

import numpy as np
import pandas as pd
import pytest

from vidattn.bench.report import render


@pytest.fixture
def frame():
    columns = {"attention": ["none", "gated_grid"], "top1": [0.5, np.nan], "top1_low": [0.4123456789, np.nan]}
    columns |= {"top1_high": [0.6, np.nan], "top1_difference": [np.nan, 0.01], "p": [0.0001, 0.5]}
    return pd.DataFrame({**columns, "n": [1200, None], "parameters": [23943933, None]})


def test_csv_is_raw_and_missing_is_empty(frame):
    assert render.csv(frame) == (
        "attention,top1,top1_low,top1_high,top1_difference,p,n,parameters\n"
        "none,0.5,0.412346,0.6,,0.0001,1200,23943933\n"
        "gated_grid,,,,0.01,0.5,,\n"
    )


def test_markdown_folds_intervals_and_marks_what_is_missing(frame):
    lines = render.markdown(frame).splitlines()
    assert [x.strip() for x in lines[0].strip("|").split("|")] == [
        *("attention", "top1", "top1_difference", "p", "n", "parameters")
    ]
    cells = [[x.strip() for x in line.strip("|").split("|")] for line in lines[2:]]
    assert cells == [
        ["none", "0.500 [0.412, 0.600]", "-", "<0.001", "1,200", "23,943,933"],
        ["gated_grid", "-", "+0.010", "0.500", "-", "-"],
    ]


def test_markdown_lets_no_name_end_a_cell_or_begin_a_tag():
    odd = pd.DataFrame({"clip": ["a|b", "<script>x</script>", "<0.001"], "n": [1, 2, 3]})
    rows = render.markdown(odd).splitlines()[2:]
    cells = [line.rpartition("|")[0].rpartition("|")[0].strip("| ") for line in rows]
    assert cells == [r"a\|b", "&lt;script>x&lt;/script>", "<0.001"]


def latex(frame, folder):
    """What is written as LaTeX, as papers take it."""
    render.write(frame, folder, "table")
    return (folder / "table.tex").read_text()


def test_latex_is_booktabs_and_escaped(frame, tmp_path):
    text = latex(frame, tmp_path)
    assert r"\toprule" in text and r"\bottomrule" in text and r"gated\_grid" in text


def test_markdown_and_latex_fill_their_columns_to_one_width(tmp_path):
    """A column is as wide as its widest cell, or two more than its name; numbers stand on the right."""
    frame = pd.DataFrame({"a_b": ["x&y", "a long name"], "top1": [0.5, 0.25], "note": ["<1 ~", None]})
    assert render.markdown(frame) == (
        "| a_b         |   top1 | note   |\n"
        "|:------------|-------:|:-------|\n"
        "| x&y         |  0.500 | <1 ~   |\n"
        "| a long name |  0.250 | -      |\n"
    )
    assert latex(frame, tmp_path) == (
        "\\begin{tabular}{lrl}\n\\toprule\n"
        " a\\_b         &   top1 & note   \\\\\n\\midrule\n"
        " x\\&y         &  0.500 & \\ensuremath{<}1 \\textasciitilde{}   \\\\\n"
        " a long name &  0.250 & -      \\\\\n\\bottomrule\n\\end{tabular}\n"
    )
    assert render.markdown(frame.iloc[:0]) == "| a_b   | top1   | note   |\n|-------|--------|--------|\n"


def test_no_rows_are_said(tmp_path):
    assert render.markdown(pd.DataFrame()) == "(no rows)\n"
    render.write(pd.DataFrame(columns=["a"]), tmp_path, "empty")
    assert (tmp_path / "empty.csv").read_text() == "a\n"


def test_a_small_number_is_not_printed_as_nothing():
    assert [render.number(v) for v in (1e-5, 0.00049, 0.0005, 0.0, -2e-4)] == [
        "1e-05",
        "0.00049",
        "0.001",
        "0.000",
        "-0.0002",
    ]
    assert render.number(1e-4, "top1_difference") == "+0.0001"
    assert render.number(3e-17, "top1_difference") == "+0.000"
    assert render.number(9.5e-6, "max_difference") == "9.5e-06"


def test_what_all_rows_share_is_said_above_the_table_and_stays_in_the_csv(tmp_path):
    columns = {"cell": ["a", "b"], "protocol": "p_1", "latency_ms": np.nan, "top1": [0.5, 0.6]}
    bounds = {"top1_low": [0.4, 0.5], "top1_high": 0.7, "p": [0.1, 0.2], "tiny": [1e-8, 2e-8]}
    frame = pd.DataFrame({**columns, **bounds})
    render.write(frame, tmp_path, "t", ["What `it` is, 100 %."], left_out=("p",))
    text, tex = ((tmp_path / f"t.{kind}").read_text() for kind in ("md", "tex"))
    above, table = text.split("|", 1)
    assert above.startswith("What `it` is, 100 %.\n\n")
    assert "In every row: protocol p_1. Missing in every row: latency_ms." in above
    assert "Only in the csv: p." in above and "other training runs" in above
    assert [x.strip() for x in table.splitlines()[0].strip("|").split("|")] == ["cell", "top1", "tiny"]
    assert r"\caption{What it is, 100 \%." in tex and r"protocol p\_1" in tex and r"\end{table}" in tex
    assert (
        (tmp_path / "t.csv")
        .read_text()
        .startswith("cell,protocol,latency_ms,top1,top1_low,top1_high,p,tiny\n")
    )
    assert render.shared(frame.iloc[:1]) == {}


def test_counts_with_gaps_are_whole_numbers():
    text = render.markdown(pd.DataFrame({"frames": [8.0, np.nan], "updates_max": [None, 1234.0]}))
    assert "8.0" not in text and "1,234 |" in text
