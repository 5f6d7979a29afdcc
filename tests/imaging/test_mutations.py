from pathlib import Path

import pytest
from element_spans import element_spans
from mutated_reading import MEMORY, read_examples
from mutations import EVERY, MUTATIONS, examples, originals

from cacs_cxr.imaging.refusals import REMEDIES


def test_spans_of_elements_follow_each_other_to_the_end_of_every_file() -> None:
    for name, content in originals().items():
        spans = element_spans(content)
        if name.startswith("PNG") or name == "JPEG":
            assert spans == []
            continue
        assert [start for start, _, _ in spans] == [132, *(end for _, _, end in spans[:-1])]
        assert spans[-1][2] == len(content)


def test_the_same_seed_makes_the_same_files() -> None:
    made = list(examples(count=60, seed=3))
    assert made == list(examples(count=60, seed=3))
    assert [example.mutation for example in made[::EVERY]] == [""] * len(made[::EVERY])
    assert made != list(examples(count=60, seed=4))


@pytest.mark.slow
def test_damaged_files_cost_no_good_one(tmp_path: Path) -> None:
    results = list(read_examples(examples(count=1500, seed=1), tmp_path))
    assert len(results) == 1500
    assert [result.example.origin for result in results if not result.right] == []
    assert {result.verdict for result in results} <= {"read", *REMEDIES}
    assert max(result.peak_bytes for result in results) < MEMORY
    # Every kind of damage is there, and some of it is found.
    done = {name for result in results for name in result.example.mutation.split()}
    assert done == set(MUTATIONS)
    assert sum(result.verdict != "read" for result in results) > 500
