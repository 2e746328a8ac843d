"""The time that is left of runs, from the lines of their epochs."""

import pytest

from vidattn.bench.runner.time_left import TimeLeft, spoken


def test_the_time_left_is_of_all_runs_and_rates():
    now, told = [0.0], []
    left = TimeLeft(2, 2, told.append, clock=lambda: now[0])

    def epochs(name, *seconds):
        tell = left.run(name)
        for rate in (0.1, 0.01):
            for number, spent in enumerate(seconds, 1):
                now[0] += spent
                tell(f"rate {rate}, epoch {number}/3: loss 1.000")

    left.run("a")("Features of 8 frames.")
    epochs("a", 20, 4, 4)
    epochs("b", 4, 4, 4)
    assert told[0] == "a: Features of 8 frames."
    # after the first, which compiles, nothing is known; then 1 epoch and 3 trainings of 3 are left, 4 s each
    assert told[1] == "a: rate 0.1, epoch 1/3: loss 1.000"
    assert told[2] == "a: rate 0.1, epoch 2/3: loss 1.000; at most 40 s left"
    assert told[-1] == "b: rate 0.01, epoch 3/3: loss 1.000"


def test_a_long_first_epoch_says_how_long_the_others_take():
    now, told = [0.0], []
    tell = TimeLeft(1, 1, told.append, clock=lambda: now[0]).run("a")
    now[0] = 120
    tell("epoch 1/4: loss 1.000")
    assert told == ["a: epoch 1/4: loss 1.000; at most 6 min left"]


def test_a_run_that_goes_on_from_a_checkpoint():
    now, told = [0.0], []
    left = TimeLeft(1, 1, told.append, clock=lambda: now[0])
    tell = left.run("a")
    for number in (7, 8):
        now[0] += 5
        tell(f"epoch {number}/10: loss 1.000")
    assert told == ["a: epoch 7/10: loss 1.000", "a: epoch 8/10: loss 1.000; at most 10 s left"]


@pytest.mark.parametrize(
    "seconds, words", [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5000, "83 min"), (12600, "3.5 h")]
)
def test_times_in_words(seconds, words):
    assert spoken(seconds) == words
