"""Run with the JAX backend: loads weights and clips from a folder, writes outputs, trains one step."""

import sys
from pathlib import Path

import keras
import numpy as np

from vidattn.bench import gradcam
from vidattn.models import build, cost

CELLS = [
    ("tiny", "cbam", "image"),
    ("tiny", "l2pa", "lstm_attention"),
    ("tiny", "gated_grid", "frame_average"),
    ("tiny", "se", "i3d"),
]
SMALL = {"lstm_attention": {"units": 4, "dense": 8}}


def model(cell: tuple[str, str, str], seed: int) -> keras.Model:
    """A small model of a cell."""
    return build.build(
        *cell, classes=3, size=32, frames=6, architecture_params=SMALL.get(cell[2], {}), seed=seed
    )


def cam(built: keras.Model, clips: dict) -> np.ndarray:
    """Grad-CAM of the last class."""
    return gradcam.maps(built, clips, gradcam.layer(built, "tiny"), np.array([2, 2]))


def main(folder: Path) -> None:
    """Answers every cell of the folder."""
    assert keras.backend.backend() == "jax"
    for number, cell in enumerate(CELLS):
        built = model(cell, seed=9)
        with np.load(folder / f"{number}.npz") as arrays:
            built.set_weights([arrays[f"w{i}"] for i in range(len(built.weights))])
            clips = {name: arrays[name] for name in built.input}
        output = keras.ops.convert_to_numpy(built(clips, training=False))
        np.savez(folder / f"{number}-jax.npz", output=output, flops=cost.cost(built).total)
        if number == 0:
            np.save(folder / "cam.npy", cam(built, clips))
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            built.compile("sgd", loss, jit_compile=False)
            built.train_on_batch(clips, np.arange(len(output)))
            built.save(folder / "model.keras")
            again = keras.models.load_model(folder / "model.keras")
            np.testing.assert_array_equal(again(clips), built(clips))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
