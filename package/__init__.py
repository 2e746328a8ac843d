"""What attention is worth in video classification, measured; the command line is `vidattn`."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidattn.bench.deploy.classifier import Classifier

__version__ = version("vidattn")


def load(folder: str | Path) -> "Classifier":
    """The model that `vidattn export` wrote into a folder: `load("model").predict("video.mp4")`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # no notes of TensorFlow's; as on the command line
    from vidattn.bench.deploy.classifier import load as load_model

    return load_model(Path(folder))
