"""The tree is the standard library's where a message is sound, and bounded where it is not."""

import email
from email.message import EmailMessage, Message

import pytest

from camd.mail.mime_tree import FIELD_BYTES, MOST_FIELDS, MOST_LEVELS, MOST_PARTS, Node, raw_field, tree_of


def multipart(*parts: bytes, kind: bytes = b"mixed", boundary: bytes = b"=_b", end: bytes = b"--") -> bytes:
    lines = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    head = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\r\n\r\n'
    return head + b"preamble\r\n" + lines + b"--" + boundary + end + b"\r\nepilogue\r\n"


PLAIN = b"Content-Type: text/plain\r\n\r\none\r\n"
PAGE = b"Content-Type: text/html\r\n\r\n<p>one\r\n"
RETURNED = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n"
STATUS = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;m\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\n"
    b"Status: 5.1.1\r\n\r\nFinal-Recipient: rfc822; b@x.example\r\n"
)

SOUND = {
    "text": b"Subject: x\r\n\r\nbody\r\n",
    "mbox": b"From a@x.example Mon\nSubject: x\n\nbody\n",
    "mixed": multipart(PLAIN, PAGE),
    "nested": multipart(multipart(PLAIN, PAGE, kind=b"alternative", boundary=b"in"), PLAIN),
    "boundary that begins like another": multipart(multipart(PLAIN, boundary=b"=_bb"), PLAIN),
    "a delimiter within a line": multipart(b"\r\nsee --=_b\r\nand on", PLAIN),
    "no end": multipart(PLAIN, PAGE, end=b""),
    "returned": multipart(PLAIN, RETURNED),
    "digest": multipart(b"\r\nSubject: in a digest\r\n\r\nbody", kind=b"digest"),
    "report": multipart(PLAIN, STATUS, RETURNED, kind=b"report; report-type=delivery-status"),
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\nbody\r\n",
    "boundary that never comes": b"Content-Type: multipart/mixed; boundary=x\r\n\r\nbody\r\n",
    "no blank line": b"Subject: x\r\nthis is no field\r\nTo: y\r\n",
    "empty": b"",
    "only fields": b"Subject: x",
}


def shape(message: Message) -> object:
    payload = message.get_payload()
    inside = [shape(each) for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []
    return message.get_content_type(), [(name, str(value)) for name, value in message.items()], inside


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND.keys())
def test_the_tree_is_the_one_of_the_standard_library(content: bytes) -> None:
    assert shape(tree_of(content).message) == shape(email.message_from_bytes(content))


@pytest.mark.parametrize("content", [each.replace(b"\r\n", b"\n") for each in SOUND.values()], ids=SOUND.keys())
def test_bare_line_feeds_make_the_same_tree(content: bytes) -> None:
    assert shape(tree_of(content).message) == shape(email.message_from_bytes(content))


def leaves(node: Node) -> list[Node]:
    return [leaf for child in node.children for leaf in leaves(child)] if node.children else [node]


def test_a_leaf_ends_where_the_next_delimiter_begins() -> None:
    assert [leaf.body for leaf in leaves(tree_of(multipart(PLAIN, PAGE)))] == [b"one\r\n", b"<p>one\r\n"]


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        (b"base64", b"Z3LDvMOfZQ=="),
        (b"BASE64", b"Z3LD\r\nvMOf ZQ".replace(b" ", b"")),
        (b"quoted-printable", b"gr=C3=BC=C3=\r\n=9Fe"),
        (b"8bit", "grüße".encode()),
        (b"x-unknown", "grüße".encode()),
        (b"base64", "grüße ".encode().strip() + b" plain text all the same"),
    ],
)
def test_a_transfer_encoding_is_undone(encoding: bytes, written: bytes) -> None:
    body = tree_of(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + written).body
    assert body.startswith("grüße".encode())


def test_a_returned_message_that_is_encoded_is_read() -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogaW5uZXINCg0KYm9keQ0K"
    (child,) = tree_of(b"X: y\r\n" + part).children
    assert child.message["subject"] == inner["Subject"]
    assert child.body == b"body\r\n"


def test_of_what_is_no_text_nothing_is_kept() -> None:
    part = b"Content-Type: application/pdf\r\n\r\n" + b"x" * 100
    assert tree_of(part).message.get_payload() == ""


def depth(node: Node) -> int:
    return 1 + max(map(depth, node.children), default=0)


def test_fault_64_2_000_nested_parts_are_read_to_a_depth() -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(2000))
    assert depth(tree_of(nested + b"\r\nhello\r\n")) == MOST_LEVELS + 1
    assert depth(tree_of(b"Content-Type: message/rfc822\n\n" * 2000 + b"hello")) == MOST_LEVELS + 1


def test_more_parts_than_anybody_sends_are_not_read() -> None:
    tree = tree_of(multipart(*[PLAIN] * (MOST_PARTS + 5)))
    assert len(tree.children) == MOST_PARTS


def test_fault_65_50_000_fields_are_not_kept() -> None:
    tree = tree_of(b"".join(b"X-%d: y\r\n" % n for n in range(50_000)) + b"\r\nbody")
    assert len(tree.message.keys()) == MOST_FIELDS
    assert tree.body == b"body"


def test_fault_65_a_field_is_kept_as_far_as_64_kb() -> None:
    tree = tree_of(b"Subject: " + b"x" * 1_200_000 + b"\r\n\r\nbody")
    assert len(raw_field(tree.message, "subject") or "") <= FIELD_BYTES
    assert tree.body == b"body"


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x" * 100_000,
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n" * 100_000,
        b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 50_000,
        b"a: b\n " * 100_000,
        b'Content-Type: text/plain; a="' + b'";' * 100_000,
        bytes(range(256)) * 100,
    ],
)
def test_hostile_bytes_are_some_tree(content: bytes) -> None:
    assert len(leaves(tree_of(content))) <= MOST_PARTS
