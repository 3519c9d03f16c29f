"""One code path for every command: it asks a client, whether a daemon answers or an engine is opened for it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from camd.cli.grammar import session

if TYPE_CHECKING:
    from camd.client import CamdClient

T = TypeVar("T")


def ask(work: "Callable[[CamdClient], Awaitable[T]]", *, may_open: bool = True) -> T:
    """What `work` answers. Raises what `camd.daemon.reach.reach` does, and the client's `ApiError`."""
    import anyio

    from camd.daemon.reach import reach

    config_file = session().config_file

    async def main() -> T:
        async with reach(config_file, may_open=may_open) as client:
            return await work(client)

    return anyio.run(main)
