import pytest

LONGEST = ("test_workflow.py", "test_real_studies.py", "test_processes.py", "test_foreign_archive.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole studies first: where tests run on several cores, none of these starts when all others have ended."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
