from email.message import EmailMessage
from email.policy import EmailPolicy

import pytest

from camd.domain.errors import Invalid
from camd.mail.header_probe import header_probe
from camd.mail.message import build
from camd.ports.channel import Handover
from camd.sim.clock import START
from camd.sim.world import mailbox


def handover(**fields: str) -> Handover:
    given = {
        "mailbox": "sales",
        "recipient": "b@x.example",
        "message_id": "t1@us.example",
        "subject": "Hi",
        "body": "x",
    }
    return Handover(**(given | fields))  # type: ignore[arg-type]  # every field that is given is a text


class Lenient(EmailPolicy):
    """What an `email` package without any check would do."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return name, value

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}\r\n"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode()


class Strict(Lenient):
    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        if "\n" in value:
            raise ValueError("a header is one line")
        return name, value


def test_fault_73_the_probe_sees_an_interpreter_that_lets_a_header_in() -> None:
    assert header_probe(Lenient())


def test_fault_73_the_probe_sees_an_interpreter_that_lets_none_in() -> None:
    assert not header_probe(Strict())


def test_fault_73_the_probe_of_this_interpreter_has_an_answer() -> None:
    assert header_probe() in {True, False}


@pytest.mark.parametrize("value", ["a\r\nBcc: eve@x.example", "a\nBcc: eve@x.example", "a\rb", "a\0b"])
def test_fault_73_our_own_check_refuses_what_a_lenient_library_takes(value: str) -> None:
    lenient = EmailMessage(policy=Lenient())
    lenient["Subject"] = value
    for field in ("subject", "recipient", "message_id"):
        with pytest.raises(Invalid):
            build(handover(**{field: value}), mailbox("sales"), START)


def test_fault_73_an_encoded_word_that_hides_a_break_goes_out_as_the_text_it_is() -> None:
    hidden = "=?utf-8?q?x=0D=0ABcc:_eve@x.example?="
    raw = build(handover(subject=hidden), mailbox("sales"), START).as_bytes()
    assert not [line for line in raw.splitlines() if line.startswith(b"Bcc:")]
