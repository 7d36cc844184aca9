"""What tests of mapping and of matching share."""

import pytest

from mapping.matching.tests.model_server import ModelServer


@pytest.fixture
def model():
    server = ModelServer()
    yield server
    server.close()
