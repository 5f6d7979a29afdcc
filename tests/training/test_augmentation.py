import math

import pytest
import torch

from cacs_cxr.training.augmentation import DRAWN, Augmentation, augment, draw_changes, erased

FULL = Augmentation(rotation_degrees=7, scale=0.1, shift=0.05, brightness=0.1, contrast=0.1)


def images(n: int = 4, side: int = 32) -> torch.Tensor:
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(0))


def changes(n: int = 4, seed: int = 1) -> torch.Tensor:
    return draw_changes(n, generator=torch.Generator().manual_seed(seed))


def change(**values: float) -> torch.Tensor:
    """One radiograph's changes, 0 but for those named."""
    named = {name.replace("_", " "): value for name, value in values.items()}
    assert set(named) <= set(DRAWN)
    return torch.tensor([[named.get(name, 0.0) for name in DRAWN]])


def test_the_same_seed_gives_the_same_radiographs_and_another_seed_others() -> None:
    first = augment(images(), changes(), FULL)
    assert torch.equal(first, augment(images(), changes(), FULL))
    assert not torch.allclose(first, augment(images(), changes(seed=2), FULL))


def test_no_strength_is_the_identity() -> None:
    assert torch.equal(augment(images(), changes(), Augmentation()), images())


def test_no_change_drawn_is_the_identity_at_any_strength() -> None:
    torch.testing.assert_close(augment(images(), torch.zeros(4, len(DRAWN)), FULL), images(), atol=1e-5, rtol=0)


def test_every_radiograph_is_changed_in_its_own_way() -> None:
    same = images(1).repeat(4, 1, 1, 1)
    out = augment(same, changes(), FULL)
    assert all(not torch.allclose(out[0], out[k]) for k in range(1, 4))


def test_a_mark_on_the_left_stays_on_the_left() -> None:
    """Never a flip: over many draws at full strength no mark crosses the midline, horizontally or vertically."""
    marked = torch.zeros(400, 1, 32, 32)
    marked[:, :, 4:9, 4:9] = 1.0
    out = augment(marked, changes(400, seed=3), Augmentation(rotation_degrees=10, scale=0.1, shift=0.05))
    quarter = out[:, 0, :16, :16].sum(dim=(1, 2))
    assert (quarter / out.sum(dim=(1, 2, 3))).min() > 0.99


def test_a_positive_shift_moves_by_its_share_of_the_side() -> None:
    point = torch.zeros(1, 1, 20, 20)
    point[0, 0, 10, 10] = 1.0
    out = augment(point, change(shift_across=1.0), Augmentation(shift=0.1))
    assert out[0, 0, 10, 8] == pytest.approx(1.0, abs=1e-4)


def test_enlarging_spreads_area_by_the_square_and_outside_is_black() -> None:
    square = torch.zeros(1, 1, 64, 64)
    square[0, 0, 22:42, 22:42] = 1.0
    out = augment(square, change(scale=1.0), Augmentation(scale=0.2))
    assert float(out.sum()) == pytest.approx(400 * 1.2**2, rel=0.02)
    shrunk = augment(torch.ones(1, 1, 64, 64), change(scale=-1.0), Augmentation(scale=0.2))
    assert shrunk[0, 0, 0].max() == 0.0


def test_rotation_is_by_the_given_degrees() -> None:
    point = torch.zeros(1, 1, 65, 65)
    point[0, 0, 32, 52] = 1.0
    out = augment(point, change(rotation=1.0), Augmentation(rotation_degrees=30))
    row, column = divmod(int(out.argmax()), 65)
    assert math.degrees(math.atan2(32 - row, column - 32)) == pytest.approx(30, abs=2)


def test_brightness_and_contrast_act_on_grey_values_as_named() -> None:
    grey = torch.tensor([[0.2, 0.4], [0.4, 0.6]]).view(1, 1, 2, 2)
    brighter = augment(grey, change(brightness=1.0), Augmentation(brightness=0.1))
    torch.testing.assert_close(brighter, grey + 0.1)
    harder = augment(grey, change(contrast=1.0), Augmentation(contrast=0.5))
    torch.testing.assert_close(harder.flatten(), torch.tensor([0.1, 0.4, 0.4, 0.7]))


def test_a_rectangle_of_the_drawn_place_and_size_is_set_to_the_mean_grey() -> None:
    image = torch.linspace(0, 1, 100 * 100).view(1, 1, 100, 100)
    # 20 % of the area, as wide as high, to the left of the middle and above it.
    drawn = change(erasure=-1.0, erased_share=1.0, erased_across=-0.4, erased_down=-0.2)
    out = augment(image, drawn, Augmentation(erasing=0.5))
    where = (out != image)[0, 0]
    rows, columns = torch.where(where)
    assert (int(rows.min()), int(rows.max())) == (18, 61)
    assert (int(columns.min()), int(columns.max())) == (8, 51)
    assert float(where.float().mean()) == pytest.approx(0.2, abs=0.01)
    torch.testing.assert_close(out[0, 0][where], image.mean().expand(int(where.sum())))


def test_as_many_are_erased_as_the_probability_says_within_bounds_of_area_and_ratio() -> None:
    drawn = changes(4000, seed=4)
    drawn[:, DRAWN.index("erased across")] = drawn[:, DRAWN.index("erased down")] = 0.0
    where = erased(drawn, side=64, probability=0.3)[:, 0].float()
    share = where.mean(dim=(1, 2))
    assert float((share > 0).float().mean()) == pytest.approx(0.3, abs=0.03)
    some = where[share > 0]
    height, width = some.amax(dim=2).sum(dim=1), some.amax(dim=1).sum(dim=1)
    assert float(share[share > 0].min()) > 0.01
    assert float(share.max()) < 0.23
    assert float((width / height).max()) < 4.0
    assert not erased(drawn, side=64, probability=0.0).any()
