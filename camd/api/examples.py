"""Bodies that say how a route is meant, by the route's name. Each is one that the route takes."""

from collections.abc import Mapping
from types import MappingProxyType

EXAMPLES: Mapping[str, object] = MappingProxyType(
    {
        "create_campaign": {
            "name": "Dental practices, autumn",
            "target_niche": "Dental practices in Austria",
            "target_clients": 10,
            "target_mrr": 5000,
            "mrr_per_client": 500,
            "currency": "EUR",
            "daily_email_limit": 20,
            "timezone": "Europe/Vienna",
            "language": "en",
            "icp": {"titles": ["Owner"], "countries": ["AT"]},
            "window": {"days": ["mon", "tue", "wed", "thu"], "start": "09:00", "end": "17:00"},
            "steps": [
                {"subject": "{{ company }}'s appointments", "body": "Good day {{ first_name }},\n\nhow do you …\n"},
                {"wait_days": 3, "body": "Did you have the time to look at it?\n"},
            ],
            "autonomy": {"mode": "approve", "approve_first": 10},
        },
        "check_draft": {
            "campaign": {
                "name": "Dental practices, autumn",
                "steps": [
                    {"subject": "{{ company }}'s appointments", "body": "Good day {{ first_name }},\n\nhow do you …\n"}
                ],
            },
            "lead": {"email": "anna.huber@example.com", "first_name": "Anna", "company": "Huber Dental"},
            "leads": 250,
        },
        "change_campaign": {"daily_email_limit": 30, "window": {"end": "16:00"}, "target_mrr": None},
        "send_test": {"to": "office@example.com"},
        "add_lead": {
            "email": "anna.huber@example.com",
            "first_name": "Anna",
            "last_name": "Huber",
            "title": "Owner",
            "company": "Huber Dental",
            "country": "AT",
            "tags": ["fair"],
            "custom": {"met_at": "Vienna"},
            "source": "fair",
        },
        "change_lead": {"title": "Managing partner", "phone": None},
        "import_leads": "email,first_name,company\nanna.huber@example.com,Anna,Huber Dental\n",
        "check_import": "email,first_name,company\nanna.huber@example.com,Anna,Huber Dental\n",
        "qualify": {"note": "Asked for an offer"},
        "won": {"mrr": 450.5, "note": "Signed today"},
        "lost": {"reason": "operator", "note": "Has a supplier"},
        "hold": {"reason": "Asked to be called in May", "until": "2027-05-03T08:00:00Z"},
        "release": {"reason": "operator"},
        "approve_many": {"ids": ["01890a5d-ac96-774b-bcce-b302099a8057"]},
        "resolve": {"as": "sent"},
        "cancel": {"reason": "They are a client already"},
        "classify": {"class": "out_of_office", "until": "2027-01-31"},
        "add_suppression": {"value": "example.org", "reason": "do_not_contact", "note": "A client's competitor"},
        "import_suppressions": "value\nexample.org\nno-more@example.net\n",
        "disable_mailbox": {"reason": "The account moves to another provider"},
        "set_kill_switch": {"on": True, "reason": "The sender's address is wrong"},
        "hook": {"action": "won", "email": "anna.huber@example.com", "mrr": 450},
    }
)
