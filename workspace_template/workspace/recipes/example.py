"""A recipe: an estimator of your own, to compete with the built-in candidates.

Name it in a model definition as `recipes/example.py:build`. It receives what the table encoder
made of your columns (a two-dimensional array of numbers, where a missing number is NaN), so it
needs no preprocessing of its own. Return anything with scikit-learn's `fit` and `predict`
(and `predict_proba` for classification). Same seed, same model: pass it on.
"""

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline


def build(seed: int):
    """An unfitted classifier; called once for every training run."""
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        ExtraTreesClassifier(n_estimators=200, min_samples_leaf=5, random_state=seed),
    )
