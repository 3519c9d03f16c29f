"""Settings of every test."""

from hypothesis import settings

# A time limit for each example would be an assertion on the machine's speed.
settings.register_profile("camd", deadline=None)
settings.load_profile("camd")
