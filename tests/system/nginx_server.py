"""An nginx of the test's own: its settings and files stand in one temporary folder, on loopback alone.

The machine's own nginx is neither used nor touched.
"""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.system.postfix_server import ADDRESS, PATIENCE_SECONDS, free_port

SETTINGS = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {server}
}}
"""
_SERVER = """\
server {{
    listen {address}:{port};
    location / {{
      {location}
    }}
  }}
"""
_LISTENS = b'using the "epoll" event method'


@contextmanager
def running_nginx(location: str) -> Iterator[str]:
    """Its URL; `location` is what its one location says."""
    port = free_port()
    with nginx_with(_SERVER.format(address=ADDRESS, port=port, location=location)):
        yield f"http://{ADDRESS}:{port}"


@contextmanager
def nginx_with(server: str) -> Iterator[None]:
    """`server` is the whole block, of which `nginx -t` has to think well."""
    with TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        file = folder / "nginx.conf"
        file.write_text(SETTINGS.format(folder=folder, server=server))
        command = ["nginx", "-c", str(file), "-e", "stderr"]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        assert "warn" not in checked.stderr, checked.stderr
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                _wait_until_it_listens(process)
                yield
            finally:
                process.kill()


def _wait_until_it_listens(process: "subprocess.Popen[bytes]") -> None:
    assert process.stderr is not None
    said = b""
    while _LISTENS not in said:
        readable, _, _ = select.select([process.stderr], [], [], PATIENCE_SECONDS)
        piece = os.read(process.stderr.fileno(), 1 << 16) if readable else b""
        assert piece, said.decode()
        said += piece
