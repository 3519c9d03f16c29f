"""Those who got our mails: some write back into the sender's maildir after a while, some press the link, by seed.

A letter that cannot be stored is lost, as in the real world, and the next one is written.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from mailbox import Maildir
from pathlib import Path

import anyio

from camd.ports.clock import Clock
from camd.sandbox.answers import PROGRAMS, answer, note
from camd.sandbox.arrivals import make_maildir
from camd.sandbox.browser import Browser
from camd.sandbox.chance import fraction, one_of
from camd.sandbox.complaint import complaint
from camd.sandbox.delivery_report import delivery_report
from camd.sandbox.post import Deed, Post
from camd.sandbox.reactions import Reaction, reaction_of, seconds_until
from camd.sandbox.received import Received, open_mail
from camd.sandbox.recipients import SEED, Manner, manner_of
from camd.sandbox.smtp_door import SERVER_NAME
from camd.sandbox.words import Words, words_for

BOUNCE_SECONDS = 20.0
"""Late, so that the next step is on its way already."""
_LONGEST_ABSENCE_DAYS = 14


class Correspondents:
    """`inboxes` are the maildirs of senders by address. Every wait is as many times as long as `pace` says."""

    def __init__(
        self, inboxes: Mapping[str, Path], clock: Clock, browser: Browser, *, seed: str = SEED, pace: float = 1.0
    ) -> None:
        for inbox in inboxes.values():
            make_maildir(inbox)
        self._inboxes = {address.lower(): inbox for address, inbox in inboxes.items()}
        self._clock = clock
        self._browser = browser
        self._seed = seed
        self._pace = pace
        self._post = Post(clock)
        self._written: Counter[str] = Counter()

    @property
    def returned(self) -> int:
        """Mails that came back as undeliverable."""
        return self._written[Manner.BOUNCES]

    @property
    def written(self) -> int:
        """Letters of all kinds but those."""
        return self._written.total() - self.returned - self.pressed

    @property
    def pressed(self) -> int:
        """Links by which somebody opted out."""
        return self._written[Reaction.PRESSES_LINK]

    async def run(self) -> None:
        """Until cancelled."""
        await self._post.run()

    def receive(self, sender: str, recipient: str, message: bytes) -> None:
        inbox = self._inboxes.get(sender.lower())
        if inbox is None:
            return
        mail = open_mail(message, sender=sender, recipient=recipient, now=self._clock.now())
        if manner_of(self._seed, recipient) is Manner.BOUNCES:
            self._later(BOUNCE_SECONDS, partial(self._bounce, mail, inbox))
            return
        reaction = reaction_of(self._seed, recipient, mail.step)
        deed = self._deed(reaction, mail, inbox)
        if deed is not None:
            self._later(seconds_until(reaction, self._seed, recipient, mail.step), deed)

    def _later(self, seconds: float, deed: Deed) -> None:
        self._post.add(seconds * self._pace, deed)

    def _deed(self, reaction: Reaction, mail: Received, inbox: Path) -> Deed | None:
        match reaction:
            case Reaction.KEEPS_SILENT:
                return None
            case Reaction.PRESSES_LINK:
                return partial(self._press, mail, inbox)
            case Reaction.COMPLAINS:
                return partial(self._complain, mail, inbox)
            case Reaction.AWAY | Reaction.ACKNOWLEDGES:
                return partial(self._answer_by_machine, reaction, mail, inbox)
            case _:
                return partial(self._answer, reaction, mail, inbox)

    async def _answer(self, reaction: Reaction, mail: Received, inbox: Path) -> None:
        words = words_for(mail.text)
        text = self._sentence(reaction, mail, words)
        program = one_of(PROGRAMS, self._seed, "program", mail.recipient)
        made = answer(mail, words, text, program, message_id=self._id(mail), now=self._clock.now())
        await self._put(reaction, inbox, made)

    async def _answer_by_machine(self, reaction: Reaction, mail: Received, inbox: Path) -> None:
        words = words_for(mail.text)
        subject = words.subjects[reaction].format(subject=mail.subject)
        text = self._sentence(reaction, mail, words)
        made = note(mail, subject, text, message_id=self._id(mail), now=self._clock.now())
        await self._put(reaction, inbox, made)

    async def _press(self, mail: Received, inbox: Path) -> None:
        """Who finds no page says it by mail."""
        if await self._browser.opt_out(mail.text):
            self._written[Reaction.PRESSES_LINK] += 1
        else:
            await self._answer(Reaction.WANTS_OUT, mail, inbox)

    async def _complain(self, mail: Received, inbox: Path) -> None:
        made = complaint(mail, server=SERVER_NAME, now=self._clock.now())
        await self._put(Reaction.COMPLAINS, inbox, made)

    async def _bounce(self, mail: Received, inbox: Path) -> None:
        now = self._clock.now()
        made = delivery_report(mail.source, sender=mail.sender, recipient=mail.recipient, server=SERVER_NAME, now=now)
        await self._put(Manner.BOUNCES, inbox, made)

    def _sentence(self, reaction: Reaction, mail: Received, words: Words) -> str:
        days = 1 + int(_LONGEST_ABSENCE_DAYS * fraction(self._seed, "days", mail.recipient))
        return one_of(words.sentences[reaction], self._seed, "sentence", mail.recipient, str(mail.step)).format(
            us=mail.sender_name.partition(" ")[0],
            me=mail.recipient_name.partition(" ")[0],
            until=words.day(self._clock.now() + timedelta(days=days)),
        )

    def _id(self, mail: Received) -> str:
        throw = fraction(self._seed, mail.recipient, mail.message_id)
        return f"{int(throw * (1 << 48)):012x}@{SERVER_NAME}"

    async def _put(self, kind: str, inbox: Path, letter: bytes) -> None:
        with suppress(OSError):
            # One letter is written at a time: a maildir counts its names for one writer.
            await anyio.to_thread.run_sync(Maildir(inbox).add, letter)
            self._written[kind] += 1
