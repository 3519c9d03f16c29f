"""All ways of mail of a world in memory."""

from camd.daemon.wiring import Doors
from camd.ports.channel import MailDoor
from camd.ports.clock import Clock
from camd.ports.settings import Settings
from camd.sim.inbox import LetterReader, MemoryInboxes
from camd.sim.mail import FixedRecords


def memory_doors(settings: Settings, mail: MailDoor, clock: Clock, inboxes: MemoryInboxes | None = None) -> Doors:
    """Without `inboxes` nothing ever comes in."""
    heard = inboxes or MemoryInboxes(settings.mailboxes, clock)
    return Doors(mail, heard, LetterReader(settings.mailboxes), FixedRecords())
