"""The whole text of a mail: what previews show, what is planned, tested, approved and sent, to the letter."""

from dataclasses import replace

from camd.domain.campaign import Channel, Definition, Step
from camd.domain.contact import parse_address
from camd.domain.lead import Lead
from camd.domain.opt_out import make_token
from camd.pipeline.context import Context
from camd.pipeline.template_variables import template_variables
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.settings import PublicSettings, SenderSettings, Settings


def compose(
    ctx: Context,
    definition: Definition,
    lead: Lead,
    step: Step,
    *,
    thread: str | None,
    opt_out_url: str | None,
    preview: bool = False,
) -> Rendered | Missing | TemplateProblem:
    """A mail ends with the footer in the campaign's language; a task is for the operator's eyes and has none.

    `thread` is the first subject of the thread that a mail goes on with: it answers to that one, its own is not used.
    A `preview` shows `[sender.company]` where the operator has yet to say who writes; else that is missing.
    """
    sender = _shown(ctx.settings.sender) if preview else ctx.settings.sender
    is_mail = step.channel is Channel.EMAIL
    own = replace(step, subject="") if is_mail and thread is not None else step
    text = ctx.renderer.render(own, template_variables(sender, definition, lead))
    if not is_mail or not isinstance(text, Rendered):
        return text
    match ctx.renderer.footer(definition.language, sender, opt_out_url):
        case Missing(variable):
            return Missing(f"sender.{variable}")
        case Rendered(body=ending):
            return Rendered(text.subject if thread is None else _answer_to(thread), f"{text.body}\n{ending}")
        case problem:
            return problem


def _shown(sender: SenderSettings) -> SenderSettings:
    return replace(
        sender,
        name=sender.name or "[sender.name]",
        company=sender.company or "[sender.company]",
        postal_address=sender.postal_address or "[sender.postal_address]",
    )


def _answer_to(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def opt_out_url(settings: Settings, instance_key: bytes, address: str) -> str | None:
    """This person's own page; none where there is no public one by https. Raises `Invalid` for what is no address."""
    return opt_out_page(settings.public, make_token(instance_key, parse_address(address).key))


def opt_out_page(public: PublicSettings, token: str) -> str | None:
    is_reachable = public.enabled and (public.base_url or "").startswith("https://")
    return f"{public.base_url}/u/{token}" if is_reachable else None
