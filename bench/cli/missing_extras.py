"""A package that only an extra brings and that is not here: the line that says which."""

EXTRAS = {
    "tensorflow": "cpu",
    "keras_cv": "cpu",
    "tensorflow_datasets": "cpu",
    "mlflow": "mlflow",
    "dvc": "dvc",
    "fsspec": "store",
    "ray": "ray",
    "submitit": "slurm",
}
NAMES = {"tensorflow": "TensorFlow", "keras_cv": "KerasCV", "mlflow": "MLflow", "dvc": "DVC"}


def error_line(error: BaseException) -> str | None:
    """What to install where an import failed for want of an extra; None for every other error."""
    module = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if module not in EXTRAS:
        return None
    gpu = ", or vidattn[cuda] with an NVIDIA GPU" if EXTRAS[module] == "cpu" else ""
    return f"{NAMES.get(module, module)} is not installed. Run: pip install 'vidattn[{EXTRAS[module]}]'{gpu}."
