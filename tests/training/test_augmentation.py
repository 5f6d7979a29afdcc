import math

import pytest
import torch

from cacs_cxr.training.augmentation import Augmentation, augment, draw_changes

FULL = Augmentation(rotation_degrees=7, scale=0.1, shift=0.05, brightness=0.1, contrast=0.1)


def images(n: int = 4, side: int = 32) -> torch.Tensor:
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(0))


def changes(n: int = 4, seed: int = 1) -> torch.Tensor:
    return draw_changes(n, generator=torch.Generator().manual_seed(seed))


def test_the_same_seed_gives_the_same_radiographs_and_another_seed_others() -> None:
    first = augment(images(), changes(), FULL)
    assert torch.equal(first, augment(images(), changes(), FULL))
    assert not torch.allclose(first, augment(images(), changes(seed=2), FULL))


def test_no_strength_is_the_identity() -> None:
    assert torch.equal(augment(images(), changes(), Augmentation()), images())


def test_no_change_drawn_is_the_identity_at_any_strength() -> None:
    torch.testing.assert_close(augment(images(), torch.zeros(4, 6), FULL), images(), atol=1e-5, rtol=0)


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
    change = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]])
    out = augment(point, change, Augmentation(shift=0.1))
    assert out[0, 0, 10, 8] == pytest.approx(1.0, abs=1e-4)


def test_enlarging_spreads_area_by_the_square_and_outside_is_black() -> None:
    square = torch.zeros(1, 1, 64, 64)
    square[0, 0, 22:42, 22:42] = 1.0
    out = augment(square, torch.tensor([[0.0, 1.0, 0, 0, 0, 0]]), Augmentation(scale=0.2))
    assert float(out.sum()) == pytest.approx(400 * 1.2**2, rel=0.02)
    shrunk = augment(torch.ones(1, 1, 64, 64), torch.tensor([[0.0, -1.0, 0, 0, 0, 0]]), Augmentation(scale=0.2))
    assert shrunk[0, 0, 0].max() == 0.0


def test_rotation_is_by_the_given_degrees() -> None:
    point = torch.zeros(1, 1, 65, 65)
    point[0, 0, 32, 52] = 1.0
    out = augment(point, torch.tensor([[1.0, 0, 0, 0, 0, 0]]), Augmentation(rotation_degrees=30))
    row, column = divmod(int(out.argmax()), 65)
    assert math.degrees(math.atan2(32 - row, column - 32)) == pytest.approx(30, abs=2)


def test_brightness_and_contrast_act_on_grey_values_as_named() -> None:
    grey = torch.tensor([[0.2, 0.4], [0.4, 0.6]]).view(1, 1, 2, 2)
    brighter = augment(grey, torch.tensor([[0.0, 0, 0, 0, 1.0, 0]]), Augmentation(brightness=0.1))
    torch.testing.assert_close(brighter, grey + 0.1)
    harder = augment(grey, torch.tensor([[0.0, 0, 0, 0, 0, 1.0]]), Augmentation(contrast=0.5))
    torch.testing.assert_close(harder.flatten(), torch.tensor([0.1, 0.4, 0.4, 0.7]))
