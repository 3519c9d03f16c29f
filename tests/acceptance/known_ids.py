"""Loaded by Schemathesis: most requests go to things that there are, so that they reach more than a 404.

`CAMD_KNOWN` is a JSON object: by the word before a placeholder of a path, the values that may stand there. Under
`DELETE campaigns` stand those campaigns that may be archived.
"""

import json
import os
import re
from itertools import count
from typing import Any

import schemathesis

KNOWN: dict[str, list[str]] = json.loads(os.environ["CAMD_KNOWN"])
PLACEHOLDER = re.compile(r"/([a-z-]+)/\{(\w+)\}")
UNKNOWN_EVERY = 5
"""Each fifth request goes where there is nothing."""
UNKNOWN = "nothing-of-this-name"
_calls = count()


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    number = next(_calls)
    for segment, name in PLACEHOLDER.findall(case.operation.path):
        known = KNOWN.get(f"{case.method} {segment}") or KNOWN.get(segment)
        if known and name in case.path_parameters:
            case.path_parameters[name] = UNKNOWN if number % UNKNOWN_EVERY == 0 else known[number % len(known)]
