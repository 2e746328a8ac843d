"""UCF101: 13,320 clips, 101 classes, 25 groups each, three official splits.

K. Soomro, A. R. Zamir, M. Shah, "UCF101: A Dataset of 101 Human Actions Classes From Videos in The Wild",
CRCV-TR-12-01, 2012. Clips of one group are cut from one video; the official splits keep groups together. Some
clips are byte-identical copies of others, one pair of them across groups: folds leave the training copy out.
"""

from pathlib import Path, PurePosixPath

import pandas as pd

from vidattn.data.datasets import Dataset, Item, Sides, Source
from vidattn.data.files import split_lists

CLASSES = """
ApplyEyeMakeup ApplyLipstick Archery BabyCrawling BalanceBeam BandMarching BaseballPitch Basketball
BasketballDunk BenchPress Biking Billiards BlowDryHair BlowingCandles BodyWeightSquats Bowling
BoxingPunchingBag BoxingSpeedBag BreastStroke BrushingTeeth CleanAndJerk CliffDiving CricketBowling
CricketShot CuttingInKitchen Diving Drumming Fencing FieldHockeyPenalty FloorGymnastics FrisbeeCatch
FrontCrawl GolfSwing Haircut Hammering HammerThrow HandstandPushups HandstandWalking HeadMassage
HighJump HorseRace HorseRiding HulaHoop IceDancing JavelinThrow JugglingBalls JumpingJack JumpRope
Kayaking Knitting LongJump Lunges MilitaryParade Mixing MoppingFloor Nunchucks ParallelBars
PizzaTossing PlayingCello PlayingDaf PlayingDhol PlayingFlute PlayingGuitar PlayingPiano
PlayingSitar PlayingTabla PlayingViolin PoleVault PommelHorse PullUps Punch PushUps Rafting
RockClimbingIndoor RopeClimbing Rowing SalsaSpin ShavingBeard Shotput SkateBoarding Skiing Skijet
SkyDiving SoccerJuggling SoccerPenalty StillRings SumoWrestling Surfing Swing TableTennisShot TaiChi
TennisSwing ThrowDiscus TrampolineJumping Typing UnevenBars VolleyballSpiking WalkingWithDog
WallPushups WritingOnBoard YoYo
"""
SITE = "https://www.crcv.ucf.edu/data/UCF101/"
# The clips as TensorFlow Datasets gets them: it states size and checksum of this copy. Nobody states those of
# the publisher's own UCF101.rar, which can be imported.
VIDEOS = "https://storage.googleapis.com/thumos14_files/UCF101_videos.zip"


def place(path: PurePosixPath) -> str | None:
    """Clips by their names, which hold the class; split lists by theirs."""
    if path.name in split_lists.UCF_LISTS:
        return f"splits/{path.name}"
    parsed = split_lists.ucf_clip(path.name, DATASET.classes)
    return f"clips/{parsed.label}/{path.name}" if parsed and path.suffix.lower() == ".avi" else None


def items(home: Path) -> list[Item]:
    """All clips of the official lists, also those that are not on the disk."""
    found = []
    for name in split_lists.ucf_lists(home / "raw" / "splits", 1, DATASET.how).all():
        parsed = split_lists.ucf_clip(PurePosixPath(name).name, DATASET.classes)
        if parsed is None:
            raise ValueError(f"{name!r} in the split lists of ucf101 is no clip of a known class.")
        found.append(Item(parsed.clip, parsed.label, parsed.group, f"raw/clips/{name}"))
    return found


def sides(home: Path, index: pd.DataFrame, number: int) -> Sides:
    """Split `number` of the official lists."""
    lists = split_lists.ucf_lists(home / "raw" / "splits", number, DATASET.how)
    return Sides(*(tuple(sorted(PurePosixPath(name).stem for name in side)) for side in lists))


DATASET = Dataset(
    name="ucf101",
    kind="video",
    classes=tuple(CLASSES.split()),
    folds=3,
    official_size=13320,
    items=items,
    sides=sides,
    how="vidattn data fetch ucf101, or vidattn data import ucf101 <UCF101.rar or UCF-101, then the splits>",
    place=place,
    sources=(
        Source(
            (SITE + "UCF101TrainTestSplits-RecognitionTask.zip",),
            "UCF101TrainTestSplits-RecognitionTask.zip",
            "5c0d1a53b8ed364a2ac830a73f405e51bece7d98ce1254fd19ed4a36b224bd27",
            113943,
        ),
        Source(
            (VIDEOS,),
            "UCF101_videos.zip",
            "dabf56f573cd19c79e096563529fec8126a2a34e18e10c72eb621dd687532b0d",
            6960400115,
        ),
    ),
)
