"""The variables of a step's templates: the lead's facts by name, its custom fields, `sender` and `campaign`."""

from collections.abc import Mapping
from dataclasses import fields

from camd.domain.campaign import Definition
from camd.domain.facts import Facts
from camd.domain.lead import Lead
from camd.ports.settings import SenderSettings


def template_variables(sender: SenderSettings, definition: Definition, lead: Lead) -> Mapping[str, object]:
    """A fact wins over a custom field of the same name; what is not known is left out, so that it is undefined."""
    custom = dict(lead.facts.custom)
    facts = {field.name: getattr(lead.facts, field.name) for field in fields(Facts)}
    known = {name: value for source in (custom, facts) for name, value in source.items() if value not in (None, "", ())}
    known["custom"] = custom
    known["sender"] = _known(sender, ("name", "company", "postal_address"))
    known["campaign"] = _known(definition, ("name", "description", "target_niche", "service_key", "language"))
    return known


def _known(source: object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name in names if (value := getattr(source, name)) not in (None, "")}
