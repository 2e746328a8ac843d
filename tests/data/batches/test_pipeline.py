import threading
import time

import numpy as np
import pytest
from clips import write_dataset

from vidattn.data.batches import pipeline
from vidattn.data.extract import flow, frames
from vidattn.data.shards import format as shards


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    store = tmp_path_factory.mktemp("pipeline")
    write_dataset(store, "set", 10)
    return {
        "rgb": shards.open(frames.extract("set", store, frames=6, size=16, workers=1)),
        "flow": shards.open(flow.extract("set", store, "farneback", 6, 16, bound=4, workers=1)),
    }


def collect(streams, **options):
    ids = streams["rgb"].ids
    options = {"batch": 4, "flow_length": 2} | options
    return list(pipeline.batches(streams, np.arange(10), ids, **options))


def test_evaluation_is_ordered_and_complete(streams):
    out = collect(streams)
    assert [len(labels) for _, labels in out] == [4, 4, 2]
    assert np.concatenate([labels for _, labels in out]).tolist() == list(range(10))
    assert out[0][0]["rgb"].shape == (4, 6, 16, 16, 3) and out[0][0]["rgb"].dtype == np.float32
    assert out[0][0]["flow"].shape == (4, 4, 16, 16, 4)
    raw = streams["rgb"].read(streams["rgb"].ids)
    assert np.allclose(out[2][0]["rgb"], raw[8:] / 127.5 - 1, atol=1e-6)
    assert len(collect(streams, drop_remainder=True)) == 2


def test_same_seed_same_batches_and_streams_of_one_row(streams):
    one, two = collect(streams, shuffle=True, seed=3), collect(streams, shuffle=True, seed=3)
    raw = streams["rgb"].read(streams["rgb"].ids) / np.float32(127.5) - 1
    stacks = (flow.stack(streams["flow"].read(streams["rgb"].ids), 2).astype("float32") - 128) / 127
    for (x, labels), (again, same) in zip(one, two):
        assert (labels == same).all() and all((x[name] == again[name]).all() for name in x)
        assert np.allclose(x["rgb"], raw[labels], atol=1e-6)
        assert np.allclose(x["flow"], stacks[labels], atol=1e-6)
    every = np.concatenate([labels for _, labels in one])
    assert sorted(every) == list(range(10)) and every.tolist() != list(range(10))
    other = np.concatenate([labels for _, labels in collect(streams, shuffle=True, seed=3, epoch=1)])
    assert other.tolist() != every.tolist()


def test_colour_and_preprocessing_by_hand():
    pixel = np.array([[[[[255, 0, 102]]]]], np.uint8)
    assert np.allclose(pipeline.finish("rgb", pixel), [1, -1, -0.2], atol=1e-6)
    assert np.allclose(pipeline.finish("rgb", pixel, colour="bgr"), [-0.2, -1, 1], atol=1e-6)
    assert pipeline.finish("rgb", pixel, preprocess="none").ravel().tolist() == [255, 0, 102]
    caffe = [102 - 103.939, 0 - 116.779, 255 - 123.68]  # to BGR, less the means
    assert np.allclose(pipeline.finish("rgb", pixel, preprocess="caffe").ravel(), caffe, atol=1e-3)
    defect = [255 - 103.939, 0 - 116.779, 102 - 123.68]  # BGR fed to a function that expects RGB
    assert np.allclose(pipeline.finish("rgb", pixel, "bgr", "caffe").ravel(), defect, atol=1e-3)
    with pytest.raises(ValueError, match="bgr, rgb"):
        pipeline.finish("rgb", pixel, colour="grb")
    with pytest.raises(ValueError, match="caffe, none, tf"):
        pipeline.finish("rgb", pixel, preprocess="torch")


def test_labels_must_match(streams):
    with pytest.raises(ValueError, match="10 clips came with 3 labels"):
        next(pipeline.batches(streams, [0, 1, 2], streams["rgb"].ids, 2))


def test_augmentation_is_one_draw_a_clip_whatever_the_batch(streams):
    options = {"augment": {}, "seed": 5, "shuffle": True}
    four, three = collect(streams, **options), collect(streams, batch=3, **options)
    for name in ("rgb", "flow"):
        a, b = (np.concatenate([x[name] for x, _ in out]) for out in (four, three))
        assert (a == b).all() and np.abs(a).max() <= 1
    plain = collect(streams, seed=5, shuffle=True)
    assert (plain[0][0]["rgb"] != four[0][0]["rgb"]).any()


def test_image_stream_shows_one_frame(streams):
    clips = streams["rgb"].read(streams["rgb"].ids)
    (x, _), *_ = pipeline.batches({"image": streams["rgb"]}, [0] * 10, streams["rgb"].ids, 10)
    assert np.allclose(x["image"], clips[:, 3] / 127.5 - 1, atol=1e-6)
    options = {"one_frame": True, "seed": 2}
    (x, _), *_ = pipeline.batches({"image": streams["rgb"]}, [0] * 10, streams["rgb"].ids, 10, **options)
    matches = (np.abs(x["image"][:, None] - (clips / 127.5 - 1)) < 1e-6).all((2, 3, 4))
    assert matches.any(1).all() and len(set(matches.argmax(1))) > 2


def test_one_random_frame_or_stack_of_each_clip_whatever_the_batch(streams):
    every, *_ = collect(streams, batch=10)
    options = {"one_frame": True, "shuffle": True, "seed": 2}
    found = {}
    for epoch in (0, 1):
        made = [collect(streams, epoch=epoch, batch=size, **options) for size in (4, 3)]
        for name, count in (("rgb", 6), ("flow", 4)):
            four, three = (np.concatenate([x[name] for x, _ in out]) for out in made)
            assert four.shape[:2] == (10, 1) and (four == three).all()
            clips = every[0][name][np.concatenate([labels for _, labels in made[0]])]
            matches = (np.abs(four - clips) < 1e-6).all((2, 3, 4))
            assert matches.any(1).all()
            found[name, epoch] = matches.argmax(1)
            assert 2 < len(set(found[name, epoch])) <= count
    assert found["rgb", 0].tolist() != found["rgb", 1].tolist()


def test_prefetch_gives_the_same_and_passes_errors_on(streams):
    now, ahead = collect(streams, prefetch=0), collect(streams, prefetch=3)
    assert all((a[0]["flow"] == b[0]["flow"]).all() for a, b in zip(now, ahead))
    broken = pipeline.batches(streams, [0, 0], ["c000", "gone"], 1)
    next(broken)
    with pytest.raises(KeyError, match="gone"):
        next(broken)


def test_prefetch_thread_ends_with_its_reader(streams):
    before = threading.active_count()
    reader = pipeline.batches(streams, np.arange(10), streams["rgb"].ids, 1)
    next(reader)
    reader.close()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert threading.active_count() == before


def test_a_run_reads_the_stacks_its_flow_asks_for(streams):
    from types import SimpleNamespace

    from vidattn.bench.train.fold_data import Inputs

    ids = streams["rgb"].ids
    fold = SimpleNamespace(test=ids)
    settings = {"batch": 10, "shuffle": False, "augment": {}, "colour": "rgb", "train_frames": None}
    protocol = SimpleNamespace(**settings, drop_remainder=False)
    one = {"flow": streams["flow"]}
    for kind in ("consecutive", "trajectory"):
        read = Inputs(one, dict.fromkeys(ids, 0), {}, ("a",), fold, 6, None, 2, stack=kind)
        ((made, _),) = read.batches("test", protocol)
        raw = streams["flow"].read(ids)
        expected = pipeline.finish("flow", pipeline.stack(raw, 2, kind, bound=4))
        np.testing.assert_array_equal(made["flow"], expected)
    assert not np.array_equal(pipeline.stack(raw, 2), pipeline.stack(raw, 2, "trajectory", bound=4))
