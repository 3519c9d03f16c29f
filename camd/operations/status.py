"""The instance at a glance; every figure of leads is a tally, none of them is counted."""

from camd.domain import tally
from camd.domain.campaign import CampaignStatus, Channel
from camd.domain.lead import LeadStatus
from camd.operations import mailboxes, providers, recovery, switches
from camd.operations.desk import Desk
from camd.pipeline import overdue
from camd.ports.records import TouchStatus
from camd.ports.store import Tx
from camd.schema.status import Status, Waiting


async def status(desk: Desk) -> Status:
    context = desk.context
    settings = context.settings

    def query(tx: Tx) -> Status:
        campaigns, tallies = tx.campaigns.by_status(), tx.leads.all_tallies()
        killed = tx.instance.kill_switch()
        return Status(
            version=desk.version,
            started_at=desk.started_at,
            dry_run=settings.engine.dry_run,
            ready=desk.is_ready(),
            gate=switches.gate(desk),
            recovery=recovery.view(tx),
            kill_switch=switches.view(killed),
            campaigns={status: campaigns.get(status, 0) for status in CampaignStatus},
            leads={status: tallies.get(tally.status_name(status), 0) for status in LeadStatus},
            mailboxes=mailboxes.states(tx, desk),
            providers=providers.states(tx, desk),
            waiting=Waiting(
                approvals=tx.touches.count(TouchStatus.PLANNED, Channel.EMAIL),
                inbox=tx.inbox.count_waiting(),
                unknown=tx.touches.count(TouchStatus.UNKNOWN),
            ),
            machine=desk.machine(),
            overdue_replanned=tx.counters.total(overdue.COUNTER),
        )

    return await desk.read(query)
