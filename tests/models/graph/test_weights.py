"""Weights of backbones: folded ones made trainable, files by variable path, and what is frozen."""

import keras
import numpy as np
import pytest

from vidattn.models import build
from vidattn.models.graph import calibration, weight_files, weights

RNG = np.random.default_rng(3)
FOLDED = "mobilenet_v2/mobilenet_v2_1.0_224_notop_folded.npz"


def tiny(size=32):
    return build.module("backbone", "tiny").backbone((size, size, 3))


def folded(model):
    """Drawn arrays for every convolution of a model, as folded files name them."""
    arrays = {}
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            arrays[f"{layer.name}/kernel"] = RNG.normal(0, 0.1, layer.kernel.shape).astype("float16")
            arrays[f"{layer.name}/bias"] = RNG.normal(0, 0.1, layer.output.shape[-1]).astype("float16")
    return arrays


def refused(model, path, arrays, message):
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        weight_files.load(model, path)


def nearest_mean(features, labels, known, known_labels):
    """Share of pictures whose class has the nearest mean feature."""
    means = np.stack([known[known_labels == k].mean(0) for k in np.unique(known_labels)])
    distance = ((features[:, None] - means) ** 2).sum(-1)
    return (distance.argmin(1) == labels).mean()


def pictures(folder, side, count, size):
    """Pictures (N, H, W, 3) in [-1, 1] and their class numbers, classes mixed."""
    images, labels = [], []
    for k, place in enumerate(sorted((folder / side).iterdir())):
        for path in sorted(place.iterdir())[:count]:
            picture = keras.utils.load_img(path, target_size=(size, size), interpolation="bilinear")
            images.append(np.asarray(picture, "float32") / 127.5 - 1)
            labels.append(k)
    mixed = np.random.default_rng(0).permutation(len(labels))
    return np.stack(images)[mixed], np.array(labels)[mixed]


@pytest.mark.slow
def test_folded_weights_become_trainable_ones_on_real_pictures(shared):
    """The same features at inference; in training mode classes stay apart, where they collapsed before."""
    size, module = 96, build.module("backbone", "mobilenet_v2")
    known, known_labels = pictures(shared / "imagenette96", "train", 10, size)
    asked, labels = pictures(shared / "imagenette96", "val", 10, size)
    before = weights.stock(module, (size, size, 3), str(shared / FOLDED))
    after = weights.stock(module, (size, size, 3), str(shared / FOLDED), pictures=known)

    def features(model, images, training):
        maps = [model(images[i : i + 50], training=training) for i in range(0, len(images), 50)]
        return np.concatenate(maps).mean((1, 2))

    def accuracy(model, training):
        found = features(model, asked, training)
        return found, nearest_mean(found, labels, features(model, known, training), known_labels)

    found, inference = accuracy(after, False)
    np.testing.assert_allclose(found, features(before, asked, False), atol=1e-4)
    assert inference > 0.6
    assert accuracy(after, True)[1] > inference - 0.03
    assert accuracy(before, True)[1] < inference - 0.3


def test_calibration_by_hand():
    """One 1x1 convolution z = 2 x on x of 1 and 3: mean 4, variance 4; scale 1 and shift 5 are kept."""
    image = keras.Input((1, 2, 1))
    z = keras.layers.Conv2D(1, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, keras.layers.BatchNormalization(epsilon=0.25, name="bn")(z))
    norm = model.get_layer("bn")
    model.get_layer("conv").set_weights([np.full((1, 1, 1, 1), 2.0)])
    norm.set_weights([np.sqrt([1.25]), np.array([5.0]), np.zeros(1), np.ones(1)])
    x = np.array([1.0, 3.0], "float32").reshape(1, 1, 2, 1)
    calibration.calibrate(model, x)
    np.testing.assert_allclose(np.ravel(norm.get_weights()), [np.sqrt(4.25), 9, 4, 4], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(model(x)), [7, 11], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(model(x, training=True)), [7, 11], rtol=1e-6)


def test_folded_weights_of_any_backbone_compute_what_folding_means(tmp_path):
    """Convolution and bias, in 16 bits: the norm after it does nothing else."""
    model = tiny()
    arrays = folded(model)
    np.savez(tmp_path / "a.npz", **arrays)
    weight_files.load(model, tmp_path / "a.npz")
    first = keras.Model(model.input, model.get_layer("conv1_bn").output)
    x = RNG.normal(size=(1, 32, 32, 3)).astype("float32")
    plain = keras.ops.conv(x, arrays["conv1/kernel"].astype("float32"), strides=4, padding="same")
    np.testing.assert_allclose(first(x), plain + arrays["conv1/bias"].astype("float32"), atol=1e-5)


def test_a_network_is_built_on_folded_weights_that_its_training_pictures_make_trainable(tmp_path):
    """What `freeze: none` needs, through the whole build: the norms hold the statistics of the pictures."""
    np.savez(tmp_path / "a.npz", **folded(tiny()))
    x = RNG.uniform(-1, 1, (8, 32, 32, 3)).astype("float32")
    model = build.build(
        backbone="tiny",
        attention="none",
        architecture="image",
        classes=2,
        frames=1,
        size=32,
        backbone_params={"weights": str(tmp_path / "a.npz")},
        pictures={"image": x},
    )
    norm = next(layer for layer in model.layers if layer.name == "conv1_bn")
    z = np.asarray(keras.Model(model.input, norm.input)({"image": x}))
    np.testing.assert_allclose(norm.moving_mean, z.mean((0, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, z.var((0, 1, 2)), rtol=1e-3)


def test_weights_by_variable_path_load_whatever_number_keras_gives_a_layer(tmp_path):
    """Two builds in one process: the automatic names of the second start higher."""

    def network():
        x = image = keras.Input((4, 4, 3))
        for width in (2, 5):
            x = keras.layers.BatchNormalization()(keras.layers.Conv2D(width, 1)(x))
        return keras.Model(image, keras.layers.Conv2D(2, 1, name="last")(x))

    first, second = network(), network()
    for weight in first.weights:
        weight.assign(RNG.uniform(0.5, 1, weight.shape).astype("float16"))
    arrays = {w.path: np.asarray(w, "float16") for w in reversed(first.weights)}
    np.savez(tmp_path / "a.npz", **arrays)
    assert [w.path for w in first.weights] != [w.path for w in second.weights]
    weight_files.load(second, tmp_path / "a.npz")
    for ours, theirs in zip(second.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    name = next(name for name in arrays if name.endswith("gamma"))
    refused(second, tmp_path / "a.npz", {**arrays, name: np.ones(9)}, rf"{name} is \(9,\), the model's is")
    arrays.pop(name)
    refused(second, tmp_path / "a.npz", arrays, r"1 \(batch_normalization\[1\]/gamma\) missing, 0 unknown")


def test_xception_gives_the_recorded_features(shared):
    """ImageNet weights by variable path, in 16 bits, of two pictures, in a process that built others."""
    folder = shared / "xception"
    params = {"weights": str(folder / "xception_notop_fp16.npz")}
    tiny()
    model = build.features("xception", size=224, backbone_params=params)
    check = np.load(folder / "check_features.npz")
    images = [keras.utils.load_img(shared / str(name), target_size=(224, 224)) for name in check["files"][:2]]
    features = model(np.stack([np.asarray(i, "float32") for i in images]) / 127.5 - 1)
    np.testing.assert_allclose(features, check["features"][:2], atol=2e-3)


def test_folded_weights_that_do_not_fit_are_refused(tmp_path):
    model, path = tiny(), tmp_path / "a.npz"
    arrays = folded(model)
    first = {name: array for name, array in arrays.items() if name.startswith("conv1/")}
    missing = r"a\.npz .*weights of tiny: 8 \(conv2/bias, conv2/kernel, .*, \.\.\.\) missing, 0 unknown"
    refused(model, path, first, missing)
    refused(model, path, {**arrays, "conv9/kernel": np.zeros(1)}, r"0 missing, 1 \(conv9/kernel\) unknown")
    wrong = {**arrays, "conv1/kernel": np.zeros((5, 5, 3, 8))}
    refused(model, path, wrong, r"conv1/kernel .*5, 5, 3, 8.*5, 5, 3, 16.*alpha")


@pytest.mark.parametrize(("freeze", "trained"), [("none", 15), ("norms", 5), ("trunk", 0)])
@pytest.mark.parametrize("attention", ["none", "cbam"])
def test_what_is_frozen_is_not_trained_and_its_norms_infer(tmp_path, freeze, trained, attention):
    """Tiny has five kernels and as many norms of two weights each; attention and head are always trained."""
    tiny(64).save_weights(tmp_path / "a.weights.h5")
    options = {"classes": 3, "size": 64, "backbone_params": {"weights": str(tmp_path / "a.weights.h5")}}
    model = build.build("tiny", attention, "image", freeze=freeze, **options)
    own = [w for w in model.trainable_weights if "conv" in w.path and "cbam" not in w.path]
    assert len(own) == trained
    assert len(model.trainable_weights) - trained == {"none": 2, "cbam": 2 + 3 * 6}[attention]
    x = {"image": RNG.normal(size=(4, 64, 64, 3)).astype("float32")}
    same = np.allclose(model(x, training=True), model(x, training=False), atol=1e-6)
    assert same == (freeze != "none")


def test_freezing_random_weights_is_refused():
    with pytest.raises(ValueError, match="freeze: norms would keep random weights.* use freeze: none"):
        build.build("tiny", "none", "image", classes=3, size=32, freeze="norms")
