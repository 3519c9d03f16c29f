"""What a request looks like on the wire and what an answer means, the same with and without an event loop."""

from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from camd.client.call import Call
from camd.client.errors import ApiError, problem_of
from camd.client.place import CONNECT_SECONDS
from camd.schema.problem import TYPE_PREFIX, Problem

T = TypeVar("T")

PIECE_BYTES = 1 << 18
FOLLOW_SECONDS = 1.0
"""Between two questions for new events."""
PAGE = 500


def request_of(call: Call[Any]) -> dict[str, Any]:
    """httpx's arguments but for the content. Any, because they are spread over a signature with many types."""
    return {
        "method": call.method,
        "url": call.path,
        "params": call.params,
        "headers": call.headers,
        "timeout": httpx.Timeout(call.seconds, connect=CONNECT_SECONDS),
    }


def run_of(response: httpx.Response) -> str | None:
    """Where to ask for the answer of a run that goes on; the server waits a second before it says so again."""
    return response.headers.get("Location") if response.status_code == httpx.codes.ACCEPTED else None


def understood(call: Call[T], response: httpx.Response) -> T:
    """Raises `ApiError` for a refusal, and for an answer that is not this API's."""
    check(response)
    try:
        return call.answer(response.content)
    except ValidationError as error:
        detail = f"The answer has {error.error_count()} field(s) that this client does not know; their versions differ."
        title = "The answer was not understood"
        kind = f"{TYPE_PREFIX}not-understood"
        raise ApiError(Problem(type=kind, title=title, status=response.status_code, detail=detail)) from error


def check(response: httpx.Response) -> None:
    """Raises `ApiError` unless the answer, read by now, is a good one."""
    if not response.is_success:
        raise ApiError(problem_of(response.status_code, response.content))
