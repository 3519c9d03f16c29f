"""The laws that the engine looks at while it works. One that is broken is a bug, and pages a person."""

from enum import StrEnum


class Invariant(StrEnum):
    QUOTA_OVERRUN = "quota_overrun"
    STEP_SENT_TWICE = "step_sent_twice"
    WRITTEN_TO_AFTER_NO = "written_to_after_no"
