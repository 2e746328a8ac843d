"""The floor under heads: the fit is that of all dimensions, and its penalty is chosen on validation clips."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from vidattn.models.architectures import logistic_frames, logistic_probe
from vidattn.models.parts import logistic


def clips(count, classes, seed):
    """Noisy features (N, 40) of more dimensions than clips, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    return rng.normal(size=(count, 40)) + np.eye(40)[labels], labels


def test_the_fit_is_that_of_all_dimensions_and_its_penalty_that_of_least_validation_loss():
    train, validation, test = (clips(n, 3, seed) for seed, n in enumerate((30, 15, 9)))
    made, facts = logistic.scores(train, validation, {"test": test[0]}, classes=3)
    fits = {c: LogisticRegression(C=c, max_iter=1000).fit(*train) for c in logistic.INVERSE_PENALTIES}
    best = min(fits, key=lambda c: log_loss(validation[1], fits[c].predict_proba(validation[0])))
    assert facts == {"inverse_penalty": best, "parameters": 3 * 41}
    np.testing.assert_allclose(made["test"], fits[best].decision_function(test[0]), atol=2e-2)


def test_two_classes_and_a_class_without_training_clips_have_logits():
    train, test = clips(20, 2, 0), clips(6, 2, 1)
    made, facts = logistic.scores(train, None, {"test": test[0]}, classes=3)
    fit = LogisticRegression(C=1.0, max_iter=1000).fit(*train)
    assert facts["inverse_penalty"] == 1.0
    np.testing.assert_allclose(
        made["test"][:, 1] - made["test"][:, 0], fit.decision_function(test[0]), atol=2e-2
    )
    assert (made["test"][:, 2] < made["test"][:, :2].min()).all()


def test_padding_counts_in_no_mean():
    x = np.array([[[1.0, 3.0], [3.0, 5.0], [0.0, 0.0]]])
    np.testing.assert_allclose(logistic_probe.vectors(x), [[2.0, 4.0]])
    np.testing.assert_allclose(logistic_frames.vectors(x), [[1, 3, 3, 5, 0, 0]])
