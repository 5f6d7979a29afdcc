import numpy as np
import pandas as pd
import pytest

from cacs_cxr.simulation.anatomy import CHEST_COLUMNS, Chest, draw_persons_chest, draw_position, landmark_boxes
from cacs_cxr.simulation.frontal import frontal_paths
from cacs_cxr.simulation.population import PEOPLE, draw_people
from cacs_cxr.simulation.radiograph import Processing, draw_radiograph

SIZE = 128
PROCESSING = Processing(quanta=30_000, sharpening=0.5, equalisation=0.4, gamma=1.0)


def chest_of(**latent):
    person = pd.DataFrame(
        [{"burden": 0.0, "trace_age": 0.0, "trace_sex": 0.0, "trace_bmi": 0.0, "height_cm": 164.5, **latent}]
    )
    measures = draw_persons_chest(person, generator=np.random.default_rng(1)).iloc[0].to_dict()
    position = {"shift_x": 0.0, "shift_y": 10.0, "tilt": 0.0, "scale": 1.1, "blades": 4.0}
    return Chest(**{name: float({**measures, **position}[name]) for name in CHEST_COLUMNS})


def draw(chest, *, view="PA", noise=3, format_mm=(430.0, 430.0), marker=""):
    return draw_radiograph(
        chest,
        view=view,
        marker=marker,
        processing=PROCESSING,
        size=SIZE,
        format_mm=format_mm,
        person=np.random.default_rng(2),
        exposure=np.random.default_rng(noise),
    )


def mean_in(image, *, x, y):
    """Mean grey level in a box given in shares of the image."""
    rows, columns = image.shape
    return image[round(y[0] * rows) : round(y[1] * rows), round(x[0] * columns) : round(x[1] * columns)].mean()


def test_a_frontal_radiograph_looks_like_a_chest():
    image = draw(chest_of())
    spine = mean_in(image, x=(0.48, 0.52), y=(0.5, 0.6))
    right_lung = mean_in(image, x=(0.2, 0.35), y=(0.35, 0.55))
    left_lung = mean_in(image, x=(0.68, 0.8), y=(0.35, 0.5))
    liver = mean_in(image, x=(0.2, 0.4), y=(0.86, 0.95))
    outside = mean_in(image, x=(0.0, 0.04), y=(0.85, 0.98))
    assert outside < 0.15
    assert outside + 0.1 < right_lung < liver - 0.2
    assert abs(left_lung - right_lung) < 0.12
    assert spine > 0.8
    # The heart's apex lies on the patient's left, the right of the image.
    assert mean_in(image, x=(0.58, 0.64), y=(0.6, 0.7)) > mean_in(image, x=(0.36, 0.42), y=(0.6, 0.7)) + 0.1


def test_noise_is_the_exposures_and_the_anatomy_is_the_persons():
    chest = chest_of()
    np.testing.assert_array_equal(draw(chest, noise=3), draw(chest, noise=3))
    difference = draw(chest, noise=3) - draw(chest, noise=4)
    assert 0.001 < difference.std() < 0.03


def test_burden_widens_heart_and_aorta_and_adds_calcium():
    lean, laden = chest_of(burden=-1.5), chest_of(burden=1.5)
    assert laden.heart_left - lean.heart_left > 20
    assert laden.knob - lean.knob > 8
    planes = [
        frontal_paths(chest, columns=SIZE, rows=SIZE, pixel_mm=430 / SIZE, generator=np.random.default_rng(1)).bone
        for chest in (lean, laden)
    ]
    box = landmark_boxes(laden, width_mm=430, height_mm=430)
    arch = [
        plane[
            round(box["arch_top"] * SIZE) : round(box["arch_bottom"] * SIZE),
            round(box["arch_left"] * SIZE) : round(box["arch_right"] * SIZE),
        ].mean()
        for plane in planes
    ]
    assert arch[1] > arch[0] + 0.2


def test_flecks_of_calcium_lie_inside_the_boxes_of_the_truth():
    chest = chest_of(burden=1.0)
    with_calcium, without = (
        frontal_paths(
            Chest(
                **{**chest.__dict__, "tilt": 0.05, "shift_x": 9.0, "arch_calcium": mineral, "coronary_calcium": mineral}
            ),
            columns=SIZE,
            rows=SIZE,
            pixel_mm=430 / SIZE,
            generator=np.random.default_rng(5),
        ).bone
        for mineral in (8.0, 0.0)
    )
    flecks = with_calcium - without
    box = landmark_boxes(Chest(**{**chest.__dict__, "tilt": 0.05, "shift_x": 9.0}), width_mm=430, height_mm=430)
    inside = np.zeros_like(flecks, dtype=bool)
    for name in ("arch", "coronary"):
        rows = slice(int(box[f"{name}_top"] * SIZE), int(np.ceil(box[f"{name}_bottom"] * SIZE)))
        inside[rows, int(box[f"{name}_left"] * SIZE) : int(np.ceil(box[f"{name}_right"] * SIZE))] = True
    assert flecks.sum() > 5
    assert flecks[inside].sum() > 0.97 * flecks.sum()


@pytest.mark.parametrize("format_mm", [(350.0, 430.0), (430.0, 350.0)])
def test_other_formats_show_the_same_chest_cropped(format_mm):
    chest = chest_of()
    full = frontal_paths(chest, columns=SIZE, rows=SIZE, pixel_mm=430 / SIZE, generator=np.random.default_rng(1)).soft
    columns, rows = (round(length / 430 * SIZE) for length in format_mm)
    part = frontal_paths(
        chest, columns=columns, rows=rows, pixel_mm=430 / SIZE, generator=np.random.default_rng(1)
    ).soft
    top, left = (SIZE - rows) // 2, (SIZE - columns) // 2
    np.testing.assert_allclose(part, full[top : top + rows, left : left + columns], atol=1e-3)


def test_the_lead_letter_lies_on_the_side_it_names():
    chest = chest_of()
    plain = draw(chest)
    right, left = (np.abs(draw(chest, marker=letter) - plain) for letter in "RL")
    assert right[:40, :30].max() > 0.5
    assert left[:40, -30:].max() > 0.5


def test_a_lateral_view_has_its_spine_at_one_side():
    image = draw(chest_of(), view="lateral")
    columns = image[round(0.3 * SIZE) : round(0.45 * SIZE)].mean(axis=0)
    behind = slice(round(0.56 * SIZE), round(0.80 * SIZE))
    spine = behind.start + int(np.argmax(columns[behind]))
    assert 0.60 < spine / SIZE < 0.73
    assert columns[spine] > columns[round(0.56 * SIZE)] + 0.06
    # The heart lies in front and below, and the space behind it is dark.
    assert mean_in(image, x=(0.32, 0.45), y=(0.62, 0.72)) > mean_in(image, x=(0.56, 0.6), y=(0.5, 0.6)) + 0.1


def test_views_differ_as_in_life():
    """In front of the detector patients lie or sit: larger heart, higher diaphragm, shoulder blades over the lungs."""
    views = pd.Series(["PA"] * 200 + ["AP"] * 200)
    position = draw_position(views, generator=np.random.default_rng(4))
    supine = (views == "AP").to_numpy()
    assert (position["magnification"][~supine] == 1).all()
    assert position["magnification"][supine].between(1.05, 1.2).all()
    assert position["inspiration"][supine].mean() - position["inspiration"][~supine].mean() > 12
    assert position["blades"][supine].mean() - position["blades"][~supine].mean() > 25


def test_shoulder_blades_lie_over_the_lungs_of_those_in_front_of_the_detector():
    chest = chest_of()
    bones = [
        frontal_paths(
            Chest(**{**chest.__dict__, "blades": blades}),
            columns=SIZE,
            rows=SIZE,
            pixel_mm=430 / SIZE,
            generator=np.random.default_rng(1),
        ).bone
        for blades in (0.0, 38.0)
    ]
    added = bones[1] - bones[0]
    assert mean_in(added, x=(0.22, 0.30), y=(0.2, 0.4)) > 0.5
    assert np.abs(mean_in(added, x=(0.4, 0.6), y=(0.2, 0.9))) < 1e-6


def test_no_two_people_have_the_same_ribs_and_no_side_mirrors_the_other():
    chest = chest_of()
    one, two = (
        frontal_paths(chest, columns=SIZE, rows=SIZE, pixel_mm=430 / SIZE, generator=np.random.default_rng(seed)).bone
        for seed in (1, 2)
    )
    lungs = np.s_[45:80, 20:50]
    assert np.abs(one - two)[lungs].mean() > 0.3
    assert np.abs(one - one[:, ::-1])[lungs].mean() > 0.3


@pytest.mark.slow
def test_a_coarse_picture_tells_the_burden_to_a_linear_model():
    people = draw_people(240, people=PEOPLE["development"], generator=np.random.default_rng(10))
    chests = draw_persons_chest(people, generator=np.random.default_rng(11))
    position = {"shift_x": 0.0, "shift_y": 10.0, "tilt": 0.0, "scale": 1.1, "blades": 4.0}
    pictures = []
    for number, measures in enumerate(chests.to_dict("records")):
        chest = Chest(**{name: float({**measures, **position}[name]) for name in CHEST_COLUMNS})
        image = draw_radiograph(
            chest,
            view="PA",
            marker="",
            processing=PROCESSING,
            size=64,
            format_mm=(430.0, 430.0),
            person=np.random.default_rng(number),
            exposure=np.random.default_rng(1000 + number),
        )
        pictures.append(np.clip(image, 0, 1).reshape(16, 4, 16, 4).mean(axis=(1, 3)).ravel())
    values = np.array(pictures)
    seen, unseen = slice(0, 160), slice(160, None)
    values = (values - values[seen].mean(axis=0)) / (values[seen].std(axis=0) + 0.01)
    burden = people["burden"].to_numpy()
    weights = np.linalg.solve(values[seen] @ values[seen].T + 100 * np.eye(160), burden[seen] - burden[seen].mean())
    predicted = values[unseen] @ (values[seen].T @ weights)
    assert np.corrcoef(predicted, burden[unseen])[0, 1] > 0.55
