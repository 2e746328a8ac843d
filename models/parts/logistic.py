"""Logistic regression on stored features, its penalty chosen on validation clips: the floor under heads."""

import warnings

import numpy as np

INVERSE_PENALTIES = 10.0 ** np.arange(-4, 3)  # C of scikit-learn
Clips = tuple[np.ndarray, np.ndarray]  # features (N, D) and labels (N,)


def scores(
    train: Clips, validation: Clips | None, others: dict[str, np.ndarray], classes: int
) -> tuple[dict[str, np.ndarray], dict[str, float | int]]:
    """Logits (M, K) float32 of `others` by role, and facts: `inverse_penalty` and `parameters`.

    The penalty is that of the least loss on validation clips, 1 where there are none. The fit is made in the
    space that the training clips span, N dimensions in the place of D: the minimum lies in it.

    Args:
        train: What is fitted.
        validation: What the penalty is chosen on.
        others: Features (M, D) by role.
        classes: Number of classes K; one without a training clip has the least logit of all.
    """
    from scipy.linalg import qr
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order, so that numbers repeat
        basis, _ = qr(train[0].T.astype("float64"), mode="economic")  # (D, N)
        x, labels = train[0] @ basis, train[1]
        penalties = INVERSE_PENALTIES if validation else [1.0]
        fits = [_fitted(x, labels, c) for c in penalties]
        best = 0
        if validation:
            known = validation[0] @ basis
            best = int(np.argmin([_loss(fit, known, validation[1]) for fit in fits]))
        made = {role: _logits(fits[best], clips @ basis, classes) for role, clips in others.items()}
    return made, {"inverse_penalty": float(penalties[best]), "parameters": classes * (train[0].shape[1] + 1)}


def _fitted(x: np.ndarray, labels: np.ndarray, inverse_penalty: float):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():  # a weak penalty that does not converge loses on validation
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=inverse_penalty, max_iter=1000).fit(x, labels)


def _loss(fit, x: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy; a class that was not trained has the probability 1e-12."""
    columns = {label: column for column, label in enumerate(fit.classes_)}
    probabilities = np.column_stack([fit.predict_proba(x), np.zeros(len(x))])
    true = probabilities[np.arange(len(x)), [columns.get(label, -1) for label in labels]]
    return float(-np.log(np.maximum(true, 1e-12)).mean())


def _logits(fit, x: np.ndarray, classes: int) -> np.ndarray:
    raw = fit.decision_function(x)
    raw = np.stack([-raw / 2, raw / 2], axis=1) if raw.ndim == 1 else raw  # two classes have one logit
    out = np.full((len(x), classes), raw.min() - 1, dtype="float32")
    out[:, fit.classes_] = raw
    return out
