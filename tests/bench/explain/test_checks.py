"""Sanity and faithfulness on planted cases: an edge detector survives, and what a model uses is found."""

import numpy as np

from vidattn.bench.explain import faithfulness, sanity
from vidattn.bench.explain.every_map import Explainer
from vidattn.models import build


def test_an_edge_detector_survives_random_weights_and_grad_cam_does_not():
    model = build.build("tiny", "none", "image", classes=3, size=32, seed=2)
    x = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    explainer, classes = Explainer(model, "tiny"), np.array([0, 1, 2, 0])

    def explain(streams):
        edges = np.abs(np.diff(streams["image"].mean(axis=-1), axis=1))[:, None]
        even = np.ones((4, 1, 2, 2))
        return {"edges": edges, "even": even, **explainer(streams, classes, guided=False)}

    before = [w.copy() for w in model.get_weights()]
    found = sanity.cascade(explain, model, {"image": x})
    assert found["edges"] == [1.0] * 4 and sanity.survives(found["edges"])
    assert found["even"] == [None] * 4 and not sanity.survives(found["even"])
    assert found["grad_cam_early"][-1] < 0.5 and not sanity.survives(found["grad_cam_early"])
    for mine, theirs in zip(model.get_weights(), before):
        np.testing.assert_array_equal(mine, theirs)


def test_similarity_is_spearmans():
    from scipy.stats import spearmanr

    a, b = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    expected = np.mean([spearmanr(np.abs(x).ravel(), np.abs(y).ravel())[0] for x, y in zip(a, b)])
    np.testing.assert_allclose(sanity.similarity(a, b), expected)


def test_a_map_of_what_the_model_reads_deletes_and_inserts_fast():
    """A model that reads one corner: the map of the corner against the opposite one, and against none."""
    x = np.zeros((2, 2, 16, 16, 1), "float32")
    x[:, :, 4:6, 4:6] = 1.0

    def probability(clips):
        return clips[:, :, 4:6, 4:6].mean(axis=(1, 2, 3, 4))

    right, wrong = np.zeros((2, 2, 2, 4, 4))
    right[..., 1, 1] = wrong[..., 3, 3] = 1.0
    good, bad = (faithfulness.deletion(x, maps, probability) for maps in (right, wrong))
    random = faithfulness.deletion(x, faithfulness.random_cells(right.shape), probability)
    assert (good["deletion"] < bad["deletion"]).all() and (good["insertion"] > bad["insertion"]).all()
    assert (good["deletion"] < random["deletion"]).all() and (good["insertion"] > random["insertion"]).all()
    picture = faithfulness.deletion(x[:, 0], right[:, :1], lambda p: probability(p[:, None]))
    np.testing.assert_allclose(picture["deletion"], good["deletion"], atol=1e-6)


def test_frames_that_matter_are_dropped_by_hand():
    """The model reads frame 1 of four: dropped, frame 0 (the nearest, and the first of two) stands for it."""
    x = np.arange(8.0).reshape(2, 4, 1)
    found = faithfulness.dropped_frames(x, np.array([[0.1, 0.6, 0.2, 0.0]] * 2), lambda c: c[:, 1, 0])
    np.testing.assert_array_equal(found["drop_highest"], [1, 1])
    np.testing.assert_array_equal(found["drop_lowest"], [0, 0])
    assert ((found["drop_random"] >= 0) & (found["drop_random"] <= 1)).all()
