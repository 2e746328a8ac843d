"""Captions and sentences of findings, report and measured tables: their words are in templates/."""

import tomllib
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

TEXTS = tomllib.loads((Path(__file__).parent / "templates" / "captions.toml").read_text(encoding="utf-8"))
INTERVAL: str = TEXTS["interval"]
DEVICES: str = TEXTS["devices"]

PLAIN = Environment(loader=PackageLoader("vidattn.bench.report"), trim_blocks=True, lstrip_blocks=True)


def sentences(template: str, facts: dict[str, Any]) -> list[str]:
    """The sentences that a template makes of facts, one a line."""
    text = PLAIN.get_template(template).render(facts)
    return [line.strip() for line in text.splitlines() if line.strip()]
