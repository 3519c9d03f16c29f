"""Invented people, whom the simulators of vendors know, each in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass

_FIRST = ("Mara", "Tomas", "Ines", "Jonas", "Clara", "Pavel", "Nadia", "Hugo", "Lena", "Oskar", "Zoe", "Emil", "Rosa")
_LAST = ("Linden", "Novak", "Okafor", "Berger", "Sato", "Moreau", "Keller", "Rossi", "Dahl", "Quist", "Varga")
_TITLES = ("Head of Operations", "Fleet Manager", "Managing Director", "Chief Financial Officer", "Buyer")


@dataclass(frozen=True, slots=True)
class Person:
    """`apollo_id` has 24 hexadecimal digits."""

    number: int
    first_name: str
    last_name: str
    title: str
    company: str
    domain: str
    email: str
    linkedin: str
    country: str
    apollo_id: str

    @property
    def masked(self) -> str:
        return f"{self.last_name[:2]}***{self.last_name[-1]}"


def person(number: int) -> Person:
    """Always the same one; each works at a company of their own."""
    first = _FIRST[number % len(_FIRST)]
    last = f"{_LAST[number // len(_FIRST) % len(_LAST)]}-{_letters(number)}"
    domain = f"company{number}.example"
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        title=_TITLES[number % len(_TITLES)],
        company=f"Company {number}",
        domain=domain,
        email=f"{first}.{last}@{domain}".lower(),
        linkedin=f"https://www.linkedin.com/in/{first}-{last}-{number}".lower(),
        country="France",
        apollo_id=f"{0x66F0C1A2B3D4E5F600000000 + number:024x}",
    )


def population(count: int) -> Sequence[Person]:
    return [person(number) for number in range(count)]


def _letters(number: int) -> str:
    """A name has no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).title()
