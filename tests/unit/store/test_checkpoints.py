import pytest

from camd.ports.store_errors import UnsafeDatabase
from camd.store.checkpoints import Version, require_safe_checkpoints


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 0), (3, 51, 2)])
def test_fault_30_an_outside_checkpointer_on_an_affected_sqlite_is_refused_with_the_reason(version: Version) -> None:
    with pytest.raises(UnsafeDatabase, match=r"outside_checkpointer.*3\.51\.3"):
        require_safe_checkpoints(version, outside_checkpointer=True)
    require_safe_checkpoints(version, outside_checkpointer=False)


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 52, 0)])
def test_a_fixed_sqlite_bears_a_second_checkpointer(version: Version) -> None:
    require_safe_checkpoints(version, outside_checkpointer=True)
