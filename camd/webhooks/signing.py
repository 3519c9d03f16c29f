"""Signatures of Standard Webhooks 1.0.0, symmetric (`v1`): a receiver shows by them that camd sent these very bytes.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime


def signed(keys: Sequence[bytes], event_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers of one attempt; without a key two of them. `at` is the attempt's instant, `event_id` that of
    every attempt. With several keys any one of the signatures suffices, so that a secret can be changed.
    """
    assert "." not in event_id, "the signed text would be ambiguous"
    timestamp = str(int(at.timestamp()))
    headers = {"webhook-id": event_id, "webhook-timestamp": timestamp}
    text = b".".join((event_id.encode(), timestamp.encode(), body))
    if signatures := [_signature(key, text) for key in keys]:
        headers["webhook-signature"] = " ".join(signatures)
    return headers


def _signature(key: bytes, text: bytes) -> str:
    return f"v1,{base64.b64encode(hmac.digest(key, text, 'sha256')).decode()}"
