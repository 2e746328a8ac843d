"""What makes a run the same on every repeat, and quiet: how Keras is imported, and its threads."""

import os
from pathlib import Path


def quiet_keras():
    """Keras, imported without the lines that TensorFlow writes past every log setting while it loads."""
    kept = os.dup(2)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            import keras
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    return keras


def one_thread() -> None:
    """One intra- and one inter-op thread: this, not op determinism, makes CPU runs bit-reproducible."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    keras = quiet_keras()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
