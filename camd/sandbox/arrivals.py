"""Every message that the mail world accepted, in a maildir, and how often each one came."""

from collections import Counter
from email.parser import BytesHeaderParser
from mailbox import Maildir
from pathlib import Path

_HEADERS = BytesHeaderParser()


def make_maildir(folder: Path) -> Maildir:
    """With the folders above it; one that is there is kept."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return Maildir(folder)


class Arrivals:
    """Counts what lies in the folder already. A message is the same when its Message-ID and its recipient are."""

    def __init__(self, folder: Path) -> None:
        self._box = make_maildir(folder)
        self._times: Counter[tuple[str, str]] = Counter()
        for key in self._box.keys():  # noqa: SIM118 - a Maildir iterates over its messages
            self._count(self._box.get_bytes(key))

    @property
    def total(self) -> int:
        return self._times.total()

    @property
    def twice(self) -> int:
        """Those that came again, whatever the sender promised."""
        return sum(times > 1 for times in self._times.values())

    def keep(self, sender: str, recipient: str, message: bytes) -> None:
        """Returns once the message is on the disk, under the two headers that a delivery adds. Raises `OSError`."""
        trace = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
        self._box.add(trace + message)
        self._count(trace + message)

    def _count(self, message: bytes) -> None:
        headers = _HEADERS.parsebytes(message)
        self._times[headers["Message-ID"], headers["Delivered-To"]] += 1
