"""Gets a data set: generates it, or says how to."""

from pathlib import Path

from vidattn.data.datasets import load


def fetch(name: str, store: Path, params: dict) -> None:
    """Fills `store/<name>/` with a data set's files.

    Args:
        name: Data set.
        store: The store folder.
        params: The data set's own parameters.
    """
    dataset = load(name)
    if dataset.generate:
        dataset.generate(Path(store) / name, params)
    else:
        raise NotImplementedError(dataset.how)
