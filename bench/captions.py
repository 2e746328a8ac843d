"""Captions of the first tables of findings and report and of measured tables; the noise of training.

The corrected paired t test is that of Nadeau and Bengio (`stats.corrected_t`).
"""

from pathlib import Path

import pandas as pd

TABLES = {
    "coverage": "Simulated: how often intervals cover, tests reject what is equal, the gate catches.",
    "gate": "Real trainings of one cell under many seeds: how often the gate fails, what it catches.",
}
INTERVAL = (
    "Brackets are 95 % intervals over the source groups of the test clips: they do not include differences "
    "between repeated trainings."
)
ATTENTION = (
    "Top-1 with an attention minus top-1 of the same model without, on the same test clips, in percentage "
    "points: the smallest difference to the largest of the models named, each with its own interval. n "
    "counts the predictions of one side of a comparison, trainings those of each model on each side. Clearly "
    "higher or lower means p < 0.05 over the test clips, after Holm's correction within data set and "
    "protocol, and p < 0.05 over at least 3 trainings a side (corrected paired t). What fails the second "
    "speaks of these trainings only and is counted apart. The others cannot be told from no attention."
)
QUESTIONS = (
    "One comparison each, as params.yaml names it: paired on the same clips. Shown means that the interval "
    "lies above zero; for these trainings only, that a corrected paired t test over the trainings does not "
    "say so too. p is of this comparison alone, over clips. n counts the predictions of one side."
)
TIME = (
    "The heads of You and Korhonen, attention after or before the LSTM: top-1 minus that of the LSTM "
    "alone (gain), and minus that of the control that holds all but the attention alike (itself). "
    "icip_paper is the published protocol but for pooled features, icip_flat (where it stands) that with "
    "flat features as published, icip_leaky is clean with a random split. p is over clips, corrected within "
    "data set and protocol; where a corrected paired t test over trainings has p of 0.05 or more, other "
    "trainings may say otherwise. n counts the predictions of one side. Leakage of a gain is the gain under "
    "icip_leaky less that under icip_clean, on the n clips that both tested; its p is corrected with those "
    "of the heads, and no test over trainings says whether others would show it."
)
PROTOCOLS = (
    "Top-1 under a published protocol minus top-1 under the clean one, the same models, on the n clips "
    "that both tested: the smallest difference to the largest, each with its own interval. icip_paper is the "
    "published protocol but for pooled features. Protocols differ in many settings at once, which are named "
    "(tables settings and training). Leakage is what the random split alone is worth: all else is equal "
    "there. The 1-NN probe trains nothing and stands apart. Trainings are those of a model under the one "
    "and under the other."
)
SPREAD = (
    "Top-1 of single trainings of one model, over folds and seeds: where they lie far apart, a comparison of "
    "few trainings is one of luck. Most apart is the model with the greatest gap between its best and its "
    "worst training; the other number is the median gap over models. Folds have other test clips, so that a "
    "part of each gap is theirs. Where the last epoch is reported, a run ended in a spike if its loss is "
    "more than 20 times that of the epoch before: its accuracy is a lottery."
)
SUITES = (
    "How much of the suites of params.yaml was run, of those that have any record: cells with at least one "
    "record, and cells without by data set. A cell may be in several suites."
)


def noise(tables: Path) -> str:
    """What training again under other seeds did to one cell: of tables/gate.csv, empty without it."""
    path = Path(tables) / "gate.csv"
    frame = pd.read_csv(path) if path.is_file() else pd.DataFrame()
    if frame.empty:
        return ""
    row, seeds = frame.iloc[0], int(frame["trials"].max()) + 1  # the others, and the first
    low, high, mean = (f"{100 * row[name]:.1f} %" for name in ("top1_min", "top1_max", "top1"))
    return (
        f"How large these can be: {row['cell']}, trained under {seeds} seeds and alike in all else, has "
        f"top-1 from {low} to {high} (mean {mean}; {row['n']:,} predictions a seed; table gate)."
    )
