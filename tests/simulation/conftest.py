import pytest

from cacs_cxr.simulation.site import SimulatedSite, simulate_site


@pytest.fixture(scope="session")
def sites() -> dict[str, SimulatedSite]:
    """Both sites at the size of the default study, their radiographs not drawn."""
    return {
        role: simulate_site(site=role, role=role, patients=patients, seed=20250331, thresholds=[])
        for role, patients in (("development", 1000), ("external", 400))
    }
