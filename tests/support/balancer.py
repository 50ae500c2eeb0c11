"""A real nginx before several web nodes: in turn, and what one does not take goes to the next (docker/nginx does the same)."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support import services
from tests.support.server import Server, stop


@contextmanager
def balancer(ports: Sequence[int]) -> Iterator[Server]:
    """It listens on a port of its own, and is asked like a server.

    Args:
        ports: of the nodes, on 127.0.0.1.

    Raises:
        NotInstalled: nginx is missing.
    """
    program, own = services.find_program("nginx", "nginx-light"), services.free_port()
    with tempfile.TemporaryDirectory(prefix="gatehouse-balancer-") as name:
        folder = Path(name)
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # A node that was away is asked again at once: of two, the other one may be next to go.
        nodes = "".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{ worker_connections 1024; }}"
            f"http {{ access_log off; {paths} upstream nodes {{ {nodes} }} server {{ listen 127.0.0.1:{own};"
            "location / { proxy_pass http://nodes; proxy_set_header Host $http_host; } } }"
        )
        command = [program, "-p", name, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            services.wait_for(lambda: services.answers(own), "nginx", process)
            yield Server(own, process, folder / "error.log")
        finally:
            stop(process)
