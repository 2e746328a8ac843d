"""Names, errors, inputs and maps of built models, on the smallest backbone."""

import keras
import numpy as np
import pytest

from vidattn.models import build
from vidattn.models.graph import inspection


def small(attention="none", architecture="frame_average", **options):
    return build.build("tiny", attention, architecture, **{"classes": 5, "size": 32, "frames": 7, **options})


def test_names_are_file_names():
    assert {"tiny", "mobilenet_v2"} <= set(build.names("backbone"))
    assert {"none", "cbam", "l2pa"} <= set(build.names("attention"))
    assert "two_stream" in build.names("architecture")


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(
        ValueError, match="Unknown attention 'cmab'. Expected one of: .*none.* Did you mean 'cbam'"
    ):
        small("cmab")


def test_unknown_parameter_suggests_the_nearest():
    with pytest.raises(ValueError, match="parameter of 'cbam' 'form_'.*Did you mean 'form'"):
        small("cbam", attention_params={"form_": "original"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"frames": None}, "give the number of frames"),
        ({"architecture": "two_stream", "frames": 5}, "no stack of 5 flow fields"),
        ({"architecture": "two_stream", "from_features": 8}, "cannot start from stored features"),
        ({"attention": "cbam", "from_features": 8}, "stored features have passed"),
    ],
)
def test_impossible_combination_says_why(change, reason):
    with pytest.raises(ValueError, match=reason):
        small(**change)


def test_same_seed_same_weights_other_seed_other_weights():
    first, second, other = (small("cbam", seed=s).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_maps_of_a_reloaded_model_are_those_of_the_first(tmp_path):
    model = small("cbam", "two_stream")
    model.save(tmp_path / "model.keras")
    clips = {name: np.random.default_rng(0).normal(size=(2, *t.shape[1:])) for name, t in model.input.items()}
    first = inspection.maps(model).predict(clips, verbose=0)
    second = inspection.maps(keras.models.load_model(tmp_path / "model.keras")).predict(clips, verbose=0)
    assert first["flow_early_cbam_spatial_map"].shape == (2, 2, 4, 4, 1)
    assert len(first) == 12
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_model_without_attention_has_no_maps():
    with pytest.raises(ValueError, match="no attention maps"):
        inspection.maps(small())


def test_summary_names_parts_and_maps():
    text = inspection.summary(small("l2pa", "two_stream"))
    assert "flow_encoder" in text and "early_l2pa_map" in text and "(B, 4, 4) in [0.0, 1.0]" in text


def test_feature_extractor_pools_or_flattens():
    assert build.features("tiny", size=32).output.shape == (None, 64)
    assert build.features("tiny", size=64, pool="flat").output.shape == (None, 2 * 2 * 64)
