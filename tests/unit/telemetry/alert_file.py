"""The alert rules, read without a YAML library: one value a line, as they are written."""

import re
from dataclasses import dataclass
from pathlib import Path

RULES = Path(__file__).parents[3] / "systemd" / "alerts" / "camd.rules.yml"
CASES = RULES.with_name("camd.rules.test.yml")
_BEGINS = re.compile(r"^ {6}- alert: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Alert:
    name: str
    severity: str
    event: str | None
    what_to_do: str
    expression: str


def alerts() -> list[Alert]:
    _, *blocks = _BEGINS.split(RULES.read_text())
    return [_alert(block) for block in blocks]


def _alert(block: str) -> Alert:
    expression = re.search(r"^ {8}expr: (?:>-\n)?(.*?)\n {8}\w", block, re.MULTILINE | re.DOTALL)
    assert expression, block
    name = block.partition("\n")[0]
    severity, what_to_do = _value(block, "severity"), _value(block, "what_to_do")
    assert severity, name
    assert what_to_do, name
    return Alert(name, severity, _value(block, "event"), what_to_do, expression[1])


def _value(block: str, key: str) -> str | None:
    found = re.search(rf'^ +{key}: "?(.*?)"?$', block, re.MULTILINE)
    return found[1] if found else None
