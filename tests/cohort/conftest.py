from pathlib import Path

import pytest
from small_site import SmallStudy

from cacs_cxr.pseudonyms import KEY_VARIABLE


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return SmallStudy(tmp_path)
