import numpy as np
import pytest
from PIL import Image

from tegaki.lab.audit.pixels import bars
from tegaki.lab.corpus.perturbations import PERTURBATIONS, ROBUST
from tests.conftest import painting, worst_difference

PICTURE = painting(160, 200)

SIZES = {
    "resize-0.75": (120, 150),
    "resize-0.5": (80, 100),
    "resize-1.5": (240, 300),
    "screenshot": (196, 246),  # times 1.25, less 2 pixels on each side
    "crop": (128, 160),
    "bars": (356, 200),  # 16:9
    "square": (160, 160),
    "upsample-2": (320, 400),
    "downsample-2": (80, 100),
}


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_condition_gives_an_rgb_picture_the_same_every_time(name: str) -> None:
    before = PICTURE.tobytes()
    first, second = PERTURBATIONS[name](PICTURE), PERTURBATIONS[name](PICTURE.copy())
    assert first.mode == "RGB"
    assert first.size == SIZES.get(name, PICTURE.size)
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != before
    assert PICTURE.tobytes() == before
    assert PERTURBATIONS[name].description


@pytest.mark.parametrize("name", PERTURBATIONS)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2)])
def test_no_size_is_too_small(name: str, size: tuple[int, int]) -> None:
    assert min(PERTURBATIONS[name](painting(*size)).size) >= 1


def test_what_the_web_does_is_named() -> None:
    assert len(ROBUST) == 17
    assert set(PERTURBATIONS) - set(ROBUST) == {"jpeg-75", "square", "upsample-2", "downsample-2"}


def test_lower_quality_is_further_from_the_picture() -> None:
    noisy = PERTURBATIONS["noise"](PICTURE)

    def distance(name: str) -> float:
        pair = (np.asarray(p, dtype=np.float32) for p in (PERTURBATIONS[name](noisy), noisy))
        return float(np.abs(next(pair) - next(pair)).mean())

    for codec in (("jpeg-90", "jpeg-70", "jpeg-50", "jpeg-30"), ("webp-80", "webp-50")):
        distances = [distance(name) for name in codec]
        assert distances == sorted(distances)
        assert distances[0] > 0.5


def test_flipping_twice_gives_the_picture_back() -> None:
    flip = PERTURBATIONS["flip"]
    assert flip(flip(PICTURE)).tobytes() == PICTURE.tobytes()
    assert worst_difference(flip(PICTURE), PICTURE) > 100


def test_bars_are_black_and_the_picture_is_whole() -> None:
    tall = PERTURBATIONS["bars"](PICTURE)
    assert tall.crop((98, 0, 258, 200)).tobytes() == PICTURE.tobytes()
    assert bars(np.asarray(tall)) == pytest.approx((0, 0, 98 / 356, 98 / 356))
    wide = PERTURBATIONS["bars"](painting(200, 100))
    assert wide.size == (200, 150)
    assert bars(np.asarray(wide)) == pytest.approx((1 / 6, 1 / 6, 0, 0), abs=0.01)


def test_noise_is_of_the_size_that_it_says_and_another_for_another_picture() -> None:
    flat = Image.new("RGB", (200, 200), (128, 128, 128))
    noise = np.asarray(PERTURBATIONS["noise"](flat), dtype=np.float32) - 128
    assert noise.std() == pytest.approx(5, abs=0.1)
    assert abs(noise.mean()) < 0.1
    other = np.asarray(PERTURBATIONS["noise"](Image.new("RGB", (200, 200), (127, 128, 128))))
    assert abs(np.corrcoef(noise[..., 1].ravel(), other[..., 1].ravel())[0, 1]) < 0.05


def test_grey_has_no_colour_and_blur_less_detail() -> None:
    red, green, blue = PERTURBATIONS["grey"](PICTURE).split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    rough = PERTURBATIONS["noise"](PICTURE)
    steps = [
        np.abs(np.diff(np.asarray(p, dtype=int), axis=1)).mean()
        for p in (PERTURBATIONS["blur"](rough), rough)
    ]
    assert steps[0] < steps[1] / 2
