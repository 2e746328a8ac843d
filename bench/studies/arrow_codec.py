"""Is it the codec that gives away in which direction a clip plays? The same probe on frames coded one by one.

Video codecs predict a frame from others, and errors grow from key frame to key frame, which might be read in
place of what happens. Here every stored frame is coded alone as JPEG, coarsely enough to bury such traces;
and clips of which the original files are at hand are read from these too, which another codec made.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from vidattn.bench.config.cell import Cell
from vidattn.bench.config.errors import ParamsError
from vidattn.bench.config.schema import Params
from vidattn.bench.plan import cell_data, cell_inputs
from vidattn.bench.results import study_code
from vidattn.bench.train import reproducible
from vidattn.data.batches import folds
from vidattn.data.batches.pipeline import finish
from vidattn.data.extract import frames
from vidattn.data.files import atomic
from vidattn.data.media import decode, probe
from vidattn.data.shards import format as shards

CELL = Cell("ucf101_12_arrow", "mobilenet_v2", "none", "lstm", "arrow_clean")  # whose frames are read
QUALITIES = (90, 50, 20)  # of JPEG
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # C of the probe, chosen on validation groups
AT_ONCE = 8  # clips
ORIGINALS = "original files"

Features = dict[str, np.ndarray]  # clip -> (T, D)


def write(params: Params, path: Path, originals: Path | None, tell: Callable[[str], None]) -> pd.DataFrame:
    """Probe every kind of frames on every fold, and write one row each.

    Args:
        params: Settings; the frames and features of suite `arrow` are in their store.
        path: The csv.
        originals: Folder with original files of some clips, named as these; None leaves them out.
        tell: Takes a line of progress.
    """
    where, settings = cell_inputs.feature_store(CELL, params)
    stored = shards.open(where)
    encode = _encoder(params, settings["colour"])
    kinds = {"as stored": lambda clip: clip}
    kinds |= {f"JPEG {quality}, frame by frame": _recoder(quality) for quality in QUALITIES}
    features: dict[str, Features] = {}
    for kind, recode in kinds.items():
        tell(f"frames {kind}: {len(stored.ids)} clips are encoded")
        features[kind] = encode((clip, recode(pictures)) for clip, pictures in _clips(stored))
    if originals:
        features[ORIGINALS] = encode(_originals(Path(originals), stored))
    frame = pd.DataFrame(_rows(features, params))
    frame = study_code.stamped(frame, "arrow")
    atomic.write(path, frame.to_csv(index=False, float_format="%.4f", lineterminator="\n"))
    return frame


def _rows(features: dict[str, Features], params: Params) -> Iterator[dict]:
    """Accuracy of the probe by kind of frames and fold; for original files it is trained on stored ones."""
    dataset = cell_data.dataset(CELL, params)
    for number in range(1, dataset.folds + 1):
        fold = folds.fold(dataset.stored, Path(params.store), number=number)
        for kind, clips in features.items():
            trained = features["as stored"] if kind == ORIGINALS else clips
            train, held = (moments(trained, getattr(fold, role)) for role in ("train", "validation"))
            hits = direction_hits(train, held, moments(clips, fold.test))
            yield {"frames": kind, "fold": number, "accuracy": hits.mean(), "n": len(hits)}


def moments(clips: Features, ids: Sequence[str]) -> np.ndarray:
    """What turns its sign as a clip turns: slope over time and second half less first, `(N, 2 D)`."""
    x = np.stack([clips[clip] for clip in ids if clip in clips]).astype(np.float32)  # (N, T, D)
    x /= np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-6)
    time = np.arange(x.shape[1]) - (x.shape[1] - 1) / 2
    half = x.shape[1] // 2
    slope = np.tensordot(time / (time**2).sum(), x, (0, 1))
    return np.concatenate([slope, x[:, -half:].mean(axis=1) - x[:, :half].mean(axis=1)], axis=1)


def direction_hits(train: np.ndarray, held: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Whether a linear probe tells the direction of each test clip, `(N,)` bool.

    Trained on every clip in both directions, without intercept: what it says of one direction is the opposite
    of what it says of the other, so that both are right or both are wrong.
    """
    from sklearn.linear_model import LogisticRegression

    scale = np.maximum(np.sqrt((train**2).mean(axis=0)), 1e-8)
    both, labels = np.concatenate([train, -train]) / scale, np.repeat([1, 0], len(train))
    models = [
        LogisticRegression(C=penalty, fit_intercept=False, max_iter=1000).fit(both, labels)
        for penalty in PENALTIES
    ]
    best = max(models, key=lambda model: (model.decision_function(held / scale) > 0).mean())
    return best.decision_function(test / scale) > 0


def _encoder(params: Params, colour: str) -> Callable[[Iterator], Features]:
    """From clips of frames (T, H, W, 3) uint8 to features by clip, with the backbone of `CELL`."""
    reproducible.quiet_keras()
    from vidattn.models import build

    size, options = cell_inputs.size(CELL, params), cell_inputs.backbone_params(CELL, params)
    model = build.features(CELL.backbone, size=size, backbone_params=options)

    def encode(clips: Iterator[tuple[str, np.ndarray]]) -> Features:
        return {
            clip: np.asarray(model.predict_on_batch(finish("rgb", pictures, colour=colour)))
            for clip, pictures in clips
        }

    return encode


def _clips(stored: shards.Clips) -> Iterator[tuple[str, np.ndarray]]:
    for start in range(0, len(stored.ids), AT_ONCE):
        ids = stored.ids[start : start + AT_ONCE]
        yield from zip(ids, stored.read(ids))


def _recoder(quality: int) -> Callable[[np.ndarray], np.ndarray]:
    """Codes each frame of a clip alone."""

    def recode(clip: np.ndarray) -> np.ndarray:
        files = [cv2.imencode(".jpg", f[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for f in clip]
        decoded = (np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR)) for file in files)
        return np.stack([frame[..., ::-1] for frame in decoded])

    return recode


def _originals(folder: Path, stored: shards.Clips) -> Iterator[tuple[str, np.ndarray]]:
    """The clips of the store that the folder has a file of, sampled as the store is."""
    files = [path for path in sorted(folder.rglob("*.*")) if path.stem in stored.ids]
    if not files:
        raise ParamsError(f"{folder} has no file named as a clip of {stored.path}, e.g. {stored.ids[0]}.avi.")
    choice, size = stored.settings, stored.settings["size"]
    for path in files:
        found = probe.probe(path)
        source = frames.Source(path, found.frames, found.fps, found.digest)
        yield path.stem, decode.read(path, frames.indices(source, choice), size)
