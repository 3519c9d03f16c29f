"""The files an installation keeps beside the program, as the wheel carries them: units, alert rules, proxy snippets.

They are the repository's folder `systemd`, to which `packaged` is a link; a wheel holds the files themselves.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

_FOLDER = "packaged"


def carried() -> Mapping[str, bytes]:
    """Each file by its name below the folder: `camd.service`, `alerts/camd.yml`."""
    return dict(sorted(_files(files("camd.daemon") / _FOLDER, "")))


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
