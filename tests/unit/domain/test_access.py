import hashlib
from itertools import product

import pytest

from camd.domain.access import SECRET_BYTES, Scope, token_hash, token_text


def test_a_scope_includes_itself_and_those_before_it() -> None:
    order = [Scope.READ, Scope.OPERATE, Scope.ADMIN]
    for (place, scope), (needed_place, needed) in product(enumerate(order), repeat=2):
        assert scope.includes(needed) is (place >= needed_place)


def test_a_token_is_known_by_its_prefix_and_holds_the_whole_secret() -> None:
    secret = bytes(range(SECRET_BYTES))
    assert token_text(secret) == f"camd_{secret.hex()}"


def test_no_token_is_made_of_fewer_than_32_bytes() -> None:
    with pytest.raises(AssertionError):
        token_text(bytes(31))


def test_a_token_is_kept_as_its_sha256() -> None:
    assert token_hash("camd_00") == hashlib.sha256(b"camd_00").hexdigest()
