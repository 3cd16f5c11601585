"""The settings and the wiring, which every function imports, load no models of areas."""

import subprocess
import sys

import pytest

LOADED = """
import sys, {modules}
print(*(name for name in sys.modules if name.startswith("groundwork_core.")))
"""
SHARED = {
    "groundwork_core.audit",
    "groundwork_core.clock",
    "groundwork_core.errors",
    "groundwork_core.outbox",
    "groundwork_core.publishing.keep_engagements",
    "groundwork_core.relay.ports",
    "groundwork_core.retention",
    "groundwork_core.unit_of_work",
}
"""Modules, or packages with their modules, that import little."""


def heavy(*modules: str) -> set[str]:
    """Return the modules of core that these modules load and that not every function needs."""
    code = LOADED.format(modules=", ".join(modules))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {one.rpartition(".")[0] for one in SHARED}
    return {
        one
        for one in done.stdout.split()
        if one not in packages and not any(f"{one}.".startswith(f"{known}.") for known in SHARED)
    }


@pytest.mark.parametrize("module", ["groundwork_runtime.settings", "groundwork_runtime.wiring"])
def test_settings_and_wiring_load_no_area(module: str) -> None:
    """Each area costs every cold start up to 0.05 s of CPU."""
    assert heavy(module) == set()


def test_an_area_that_is_loaded_is_seen() -> None:
    found = heavy("groundwork_runtime.settings", "groundwork_core.publishing.ports")
    assert {"groundwork_core.publishing.ports", "groundwork_core.publishing.rows"} <= found
