"""What both ICIP tables cost in full, from measured CPU rates; GPU-hours are missing: none were measured."""

import pandas as pd

from vidattn.bench.results import study_code
from vidattn.bench.results.reader import Results

# Clips of the set, those on the training side of the random 70/30 split, frames a clip that a head reads.
CLIPS = {"ucf101": 13_320, "sports1m99": 18_319}
TRAINED = {"ucf101": 9324, "sports1m99": 12823}
FRAMES = 7
# Frames of a clip of UCF101 at one a second, before the tail is dropped: from a public table of all lengths.
SAMPLED = 103_600 / 13_320
# No durations are published for Sports-1M-99 (all under 20 s), and many of its links are dead.
ASSUMED = {"ucf101": "", "sports1m99": "all clips there, as long as those of UCF101"}
EPOCHS, DRAWS, BYTES = 60, 5, 2
SHAPE_OF = {"vgg19": "vgg16", "xception": "resnet50"}  # heads of the same size
BACKBONES = ("vgg16", "vgg19", "inception_v3", "resnet50", "xception")
COLUMNS = [
    "dataset",
    "backbone",
    "architecture",
    "features",
    "frames",
    "assumed",
    "batch",
    "steps",
    "cpu_seconds_a_step",
    "cpu_hours_a_run",
    "draws",
    "cpu_hours",
    "encode_cpu_hours",
    "feature_gb",
    "gpu_hours",
    "n",
    "device",
]


def table(results: Results, options: dict) -> pd.DataFrame:
    """One row per data set, backbone and head on flat features at 224.

    `cpu_hours_a_run` = `steps` x `cpu_seconds_a_step` / 3600 with steps = 60 x (training clips // batch);
    `cpu_hours` = that x `draws`. Encoding and storage are once a data set and backbone: sampled frames x
    seconds a frame, and x width x 2 bytes. Rates were measured at 7 frames a clip, the mean of UCF101;
    `assumed` says what else a row takes for granted. No rate was measured on a GPU: `gpu_hours` is missing.
    """
    rates = results.rates
    if rates.empty:
        return pd.DataFrame(columns=COLUMNS)
    steps = rates[rates["what"] == "step"].set_index(["backbone", "architecture"])
    frames = rates[(rates["what"] == "frame") & (rates["size"] == 224)].set_index("backbone")
    heads = steps.index.get_level_values("architecture").unique()
    rows = [
        _row(
            dataset, backbone, head, steps.loc[(SHAPE_OF.get(backbone, backbone), head)], frames.loc[backbone]
        )
        for dataset in TRAINED
        for backbone in BACKBONES
        for head in heads
    ]
    return study_code.marked(pd.DataFrame(rows, columns=[*COLUMNS, study_code.COLUMN]), "rates")


def _row(dataset: str, backbone: str, head: str, step: pd.Series, frame: pd.Series) -> dict:
    count, sampled = EPOCHS * (TRAINED[dataset] // step["batch"]), CLIPS[dataset] * SAMPLED
    hours = count * step["cpu_seconds"] / 3600
    row = {"dataset": dataset, "backbone": backbone, "architecture": head, "features": step["width"]}
    row |= {"frames": FRAMES, "assumed": ASSUMED[dataset], "batch": step["batch"], "steps": count}
    row |= {"cpu_seconds_a_step": step["cpu_seconds"], "draws": DRAWS}
    row |= {"cpu_hours_a_run": hours, "cpu_hours": DRAWS * hours}
    row |= {"encode_cpu_hours": sampled * frame["cpu_seconds"] / 3600}
    row |= {"feature_gb": sampled * frame["width"] * BYTES / 1e9}
    return {**row, "n": step["n"], "device": step["device"], study_code.COLUMN: step.get(study_code.COLUMN)}
