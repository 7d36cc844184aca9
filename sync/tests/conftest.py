import pytest

from connectors import pacing
from sync.tests.world import World


@pytest.fixture
def world(db, tmp_path, settings, monkeypatch):
    """A small builder on both sandboxes. Times are short, so that no test has to wait."""
    settings.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0}
    monkeypatch.setattr(pacing, "USED_SHARE", 50)  # the sandbox does not mind
    world = World(tmp_path, settings)
    yield world
    world.stop()
