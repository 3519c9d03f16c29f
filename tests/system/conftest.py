"""One Postfix for all tests of a module that share its settings."""

from collections.abc import Iterator

import pytest

from tests.system.postfix_server import Postfix, running_postfix


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with running_postfix() as running:
        yield running
