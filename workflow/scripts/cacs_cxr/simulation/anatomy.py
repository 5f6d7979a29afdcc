"""The chest to be drawn: its measures in millimetres, derived from what the radiograph shows of a person.

The midline is x = 0, the patient's left lies at positive x (the right of the image), y grows downwards from the upper
edge of an upright detector of 430 mm. Lungs, heart, aorta and habitus follow the visible burden and the traces of age,
sex and BMI, never age, sex or score themselves: the burden and the traces are all that a radiograph can tell.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

DETECTOR_MM = 430.0


@dataclass(frozen=True)
class Chest:
    """Measures of one chest and of its position before the detector; millimetres unless said otherwise.

    Attributes:
        shift_x, shift_y, tilt, scale: position on the detector; tilt in radians, scale without unit.
        half_width: half the greatest inner width of the rib cage.
        apex: y of the lung apices.
        dome_right, dome_left: y of the domes of the diaphragm.
        costophrenic: how much deeper than the dome the lateral angle lies.
        depth: greatest thickness of the trunk along the beam; fat: thickness of the wall beside the ribs.
        shoulder: slope of the shoulders, dy/dx.
        heart_left, heart_right: distance of the heart's borders from the midline; heart_top: y of its upper end.
        knob: radius of the aortic knob; knob_y: y of its centre; aorta: radius of the descending aorta.
        unfolding: displacement of the unfolded aorta to the left (descending) and right (ascending).
        hilum: size of the hilar shadow, relative; vessels: prominence of the lung's vessels, relative.
        bone: mineral density, relative; rib_pitch: distance of the ribs; rib_slope: fall of the ribs towards the sides.
        scoliosis: lateral amplitude of the spine.
        breast: size of the breast shadow, 0 for none; breast_y: y of its lower fold.
        bubble: radius of the gas in the stomach.
        arch_calcium, coronary_calcium, cartilage_calcium: mineral in flecks, mm of bone equivalent.
        blades: how far the shoulder blades lie over the lungs.
    """

    shift_x: float
    shift_y: float
    tilt: float
    scale: float
    half_width: float
    apex: float
    dome_right: float
    dome_left: float
    costophrenic: float
    depth: float
    fat: float
    shoulder: float
    heart_left: float
    heart_right: float
    heart_top: float
    knob: float
    knob_y: float
    aorta: float
    unfolding: float
    hilum: float
    vessels: float
    bone: float
    rib_pitch: float
    rib_slope: float
    scoliosis: float
    breast: float
    breast_y: float
    bubble: float
    arch_calcium: float
    coronary_calcium: float
    cartilage_calcium: float
    blades: float

    @property
    def heart_bottom(self) -> float:
        """y of the heart's lower end, below the left dome."""
        return self.dome_left + 14.0


CHEST_COLUMNS = tuple(item.name for item in fields(Chest))


def draw_persons_chest(people: pd.DataFrame, *, generator: np.random.Generator) -> pd.DataFrame:
    """Draw each person's anatomy, which all of the person's radiographs share.

    Args:
        people: columns burden, trace_age, trace_sex, trace_bmi (standardised) and height_cm.
        generator: source of randomness.

    Returns:
        The measures of `Chest` except its position and the shoulder blades, one row a person, indexed as `people`.
    """
    number = len(people)
    burden = people["burden"].to_numpy()
    age, sex, bmi = (people[f"trace_{name}"].to_numpy() for name in ("age", "sex", "bmi"))
    height = (people["height_cm"].to_numpy() - 164.5) / 8.0

    def vary(spread: float) -> Array:
        return generator.normal(0.0, spread, number)

    half_width = np.clip(137 + 4.5 * sex + 2.5 * bmi + 2.0 * height + vary(4.0), 112, 160)
    dome_right = 298 + 5 * height - 3 * bmi - 3 * age + 3 * sex + vary(7)
    cardiothoracic = np.clip(0.455 + 0.030 * burden + 0.008 * bmi + vary(0.028), 0.36, 0.64)
    heart_right = half_width * (0.32 + vary(0.018))
    knob = np.clip(20.5 + 3.6 * burden + vary(3.0), 11, 38)
    calcium = np.exp(0.9 * burden + vary(0.5))
    chest = {
        "half_width": half_width,
        "apex": 62 + 3 * age - 2 * height + vary(4),
        "dome_right": dome_right,
        "dome_left": dome_right + 12 + vary(4),
        "costophrenic": 44 + vary(5),
        "depth": np.clip(212 + 14 * bmi + 6 * sex + 5 * age + vary(7), 165, 330),
        "fat": np.clip(25 + 8 * bmi - 3 * sex + vary(3), 9, 60),
        "shoulder": np.clip(0.36 + 0.03 * age + vary(0.05), 0.2, 0.6),
        "heart_left": 2 * half_width * cardiothoracic - heart_right,
        "heart_right": heart_right,
        "heart_top": 152 + vary(5) - 2 * burden,
        "knob": knob,
        "knob_y": 122 + vary(5) - 2.0 * burden,
        "aorta": np.clip(11.5 + 1.1 * burden + vary(1.2), 7, 18),
        "unfolding": np.clip(7.0 + 4.5 * burden + vary(4.2), 0, 30),
        "hilum": np.clip(1.0 + vary(0.12), 0.6, 1.5),
        "vessels": np.clip(1.0 + vary(0.15), 0.5, 1.6),
        "bone": np.clip(1.0 - 0.06 * age + 0.06 * sex + vary(0.08), 0.6, 1.4),
        "rib_pitch": np.clip(27.5 + 1.0 * height + vary(0.8), 23, 32),
        "rib_slope": np.clip(52 + 5 * age + vary(6), 30, 80),
        "scoliosis": vary(3.5),
        "breast": np.clip(0.42 - 0.42 * sex + 0.15 * bmi + vary(0.12), 0, 1.6),
        "breast_y": 276 + 6 * age + vary(9),
        "bubble": np.clip(17 + vary(7), 0, 34),
        "arch_calcium": 0.9 * calcium,
        "coronary_calcium": 1.0 * calcium * np.exp(vary(0.3)),
        "cartilage_calcium": np.exp(0.5 * age + vary(0.4)),
    }
    return pd.DataFrame(chest, index=people.index)


def draw_position(views: "pd.Series[str]", *, generator: np.random.Generator) -> pd.DataFrame:
    """Draw how each patient stood and breathed in.

    Before the detector with the back to the tube (PA) the shoulders are rolled off the lungs. In front of it (AP), most
    of them in bed, patients breathe in less, the heart lies farther from the detector, and the shoulder blades lie over
    the lungs.

    Args:
        views: ``"PA"``, ``"AP"`` or ``"lateral"``.
        generator: source of randomness.

    Returns:
        shift_x, shift_y (mm), tilt (radians), scale, inspiration (rise of the domes, mm), magnification (of the
        heart) and blades (mm of the shoulder blades over the lungs).
    """
    number = len(views)
    supine = (views == "AP").to_numpy()
    return pd.DataFrame(
        {
            "shift_x": np.clip(generator.normal(0, 6, number), -18, 18),
            "shift_y": np.clip(generator.normal(12, 7, number), -16, 24),
            "tilt": np.radians(np.clip(generator.normal(0, 1.3, number), -4, 4)),
            "scale": generator.normal(1.14, 0.025, number),
            "inspiration": generator.normal(0, 5, number) + np.where(supine, 16.0, 0.0),
            "blades": np.clip(generator.normal(4, 6, number), -6, 20) + np.where(supine, 34.0, 0.0),
            "magnification": np.where(supine, 1.0 + np.clip(generator.normal(0.13, 0.03, number), 0.05, 0.2), 1.0),
        },
        index=views.index,
    )


def chest_wall(chest: Chest, y: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Half the inner width of the rib cage at height y (mm): a dome from the apices down to the widest level."""
    depth = np.clip((y - chest.apex + 8) / (0.66 * (chest.dome_right + 50 - chest.apex)), 0, 1)
    return np.asarray(chest.half_width * np.sqrt(1 - (1 - depth) ** np.float32(3.0)), dtype=np.float32)


def heart_borders(chest: Chest, y: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """x of the heart's right and left borders at height y (mm), meaningful between heart_top and heart_bottom."""
    level = np.clip((y - chest.heart_top) / (chest.heart_bottom - chest.heart_top), 0, 1)
    waist = 26.0
    left = waist + (chest.heart_left - waist) * np.sin(np.pi * 0.5 * np.clip(level / 0.82, 0, 1)) ** np.float32(1.7)
    left = left * (1 - 0.35 * np.clip((level - 0.82) / 0.18, 0, 1) ** 2)
    right = -(18 + (chest.heart_right - 18) * np.sin(np.pi * np.clip(0.08 + 0.85 * level, 0, 1)) ** np.float32(0.8))
    return right, left


def arch_arc(chest: Chest, angles: Array) -> tuple[Array, Array]:
    """x and y (mm) of points of the aortic arch's wall; angle 0 points to the patient's left, growing downwards."""
    radius = 0.88 * chest.knob
    return knob_x(chest) + radius * np.cos(angles), chest.knob_y + radius * np.sin(angles)


def knob_x(chest: Chest) -> float:
    """x of the centre of the aortic knob (mm)."""
    return 13.0 + 0.35 * chest.knob + 0.2 * chest.unfolding


def coronary_course(chest: Chest, along: Array) -> tuple[Array, Array]:
    """x and y (mm) along the left main and anterior descending artery; `along` runs from 0 at its origin to 1."""
    span = chest.heart_bottom - chest.heart_top
    x = 12 + (0.78 * chest.heart_left - 12) * along**0.85
    y = chest.heart_top + span * (0.20 + 0.52 * along**1.25)
    return x, y


def to_detector(chest: Chest, x: Array, y: Array) -> tuple[Array, Array]:
    """Millimetres on the detector (from its centre in x, from its upper edge in y) of points of the chest."""
    middle = DETECTOR_MM / 2
    cosine, sine = np.cos(chest.tilt), np.sin(chest.tilt)
    dx, dy = x * chest.scale, (y - middle) * chest.scale
    return chest.shift_x + cosine * dx - sine * dy, middle + chest.shift_y + sine * dx + cosine * dy


def landmark_boxes(chest: Chest, *, width_mm: float, height_mm: float) -> dict[str, float]:
    """Boxes of thorax, arch calcification and coronary calcification in the image, as shares of its width and height.

    Args:
        chest: the chest.
        width_mm, height_mm: size of the detector in use, centred on the upright square of 430 mm.

    Returns:
        ``{thorax,arch,coronary}_{left,top,right,bottom}``: from 0 to 1 inside the image.
    """
    along = np.linspace(0, 1, 25)
    levels = np.linspace(chest.apex, chest.dome_left + chest.costophrenic, 25)
    wall = np.asarray(chest_wall(chest, levels.astype(np.float32)), dtype=float)
    outlines = {
        "thorax": (np.concatenate([-wall, wall]), np.concatenate([levels, levels])),
        "arch": arch_arc(chest, -2.6 + 3.6 * along),
        "coronary": coronary_course(chest, along),
    }
    boxes = {}
    for name, (x, y) in outlines.items():
        across, down = to_detector(chest, x, y)
        margin = 0.0 if name == "thorax" else 4.0
        boxes[f"{name}_left"] = float(across.min() - margin) / width_mm + 0.5
        boxes[f"{name}_right"] = float(across.max() + margin) / width_mm + 0.5
        boxes[f"{name}_top"] = (float(down.min() - margin) - DETECTOR_MM / 2) / height_mm + 0.5
        boxes[f"{name}_bottom"] = (float(down.max() + margin) - DETECTOR_MM / 2) / height_mm + 0.5
    return boxes
