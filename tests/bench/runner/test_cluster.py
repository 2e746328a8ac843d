"""cluster.yaml: what it may say, and how a mistake in it is told."""

import re
from pathlib import Path

import pytest

from vidattn.bench.config.errors import ParamsError
from vidattn.bench.runner import cluster, engines


def test_without_a_file_runs_are_made_here(tmp_path):
    said, engine = cluster.read(tmp_path / "cluster.yaml")
    assert (said.device, engine.name, engine.elsewhere) == ("same", "local", False)


def test_it_names_the_engine_and_whose_runs_count_and_the_command_line_stands_above_it(tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text("engine: local\ndevice: any\n")
    assert cluster.read(path)[0].device == "any"
    for name in engines.names():
        assert cluster.read(path, on=name)[1].name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("engin: local\n", "unknown key 'engin'. Did you mean 'engine'?"),
        ("engine: locl\n", "unknown engine 'locl'. Did you mean 'local'?"),
        ("device: all\n", "unknown device 'all'. Expected one of: any, same."),
        ("- local\n", "holds list, expected sections: engine, device, local"),
        ("local: {gpus_per_run: 2}\n", "local.gpus_per_run: expected less than or equal to 1, got 2"),
        ("local: {gpu_per_run: 1}\n", "Did you mean 'gpus_per_run'?"),
        ("local: 3\n", "local: expected a mapping"),
        ("local: {", "is not valid YAML"),
    ],
)
def test_a_mistake_is_one_line_with_the_place_and_the_nearest_valid_name(tmp_path, text, message):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    with pytest.raises(ParamsError) as told:
        cluster.read(path)
    assert message in str(told.value) and str(path) in str(told.value)
    assert "\n" not in str(told.value)


PAGE = Path(__file__).resolve().parents[3] / "docs" / "tutorials" / "machines.md"


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.S))
def test_what_the_documentation_shows_is_valid(tmp_path, text):
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    said, engine = cluster.read(path)
    assert said.engine == engine.name and engine.settings != engines.engine(engine.name).settings
