"""Serving the page of a run while it is trained, on this machine's own address alone."""

from __future__ import annotations

import json
import os
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from nnscratch.core.errors import NNError
from nnscratch.runs import Run
from nnscratch.runs.manifest import FILE
from nnscratch.viewer.document import Narrator, news
from nnscratch.viewer.page import live_page

LOOPBACK = "127.0.0.1"
NAMES = (LOOPBACK, "localhost")
"""What a browser here may call it. Another name that leads here is that of a page elsewhere."""


class Version(NamedTuple):
    """How much of a run somebody knows."""

    begun: int
    """When its manifest was written, which is once."""
    checkpoint: int
    steps: int
    epochs: int

    @classmethod
    def of(cls, run: Run) -> Version:
        """What there is by now."""
        begun = (run.folder / FILE).stat().st_mtime_ns
        return cls(begun, run.checkpoints[-1], len(run.steps), len(run.epoch_ends))

    def __str__(self) -> str:
        return "-".join(map(str, self))


class Watch:
    """A run that is read again and again.

    Args:
        folder: where it is recorded.

    Raises:
        RunError: there is none.
        ReportError: Plotly is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self._version = Version.of(Run.open(self.folder))
        self._narrator = Narrator(replay=False)
        self._busy = threading.Lock()
        self.page = live_page(self.folder.resolve().name).encode()

    def since(self, known: str) -> tuple[Version, str] | None:
        """What is new to somebody who knows a version, as JSON; None where nothing is.

        That is everything where there is a new checkpoint, else what is known of every step.

        Raises:
            NNError, OSError: the run cannot be read, or not at this moment.
        """
        with self._busy:
            run = Run.open(self.folder)
            now = Version.of(run)
            if str(now) == known:
                return None
            if now.begun != self._version.begun:
                self._narrator = Narrator(replay=False)
            self._version = now
            told = news(run)
            if known.split("-")[:2] != str(now).split("-")[:2]:
                told |= self._narrator.view(run)
            return now, json.dumps(told, allow_nan=False)


class Server(ThreadingHTTPServer):
    """Serves a watch at "/", and what is new at "/document?version=...", to this machine alone.

    Args:
        watch: what is served.
        port: 0 takes one that is free.

    Raises:
        OSError: the port is taken.
    """

    daemon_threads = True

    def __init__(self, watch: Watch, port: int = 0):
        self.watch = watch
        super().__init__((LOOPBACK, port), Handler)

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def do_GET(self) -> None:
        """The page, or what is new."""
        target = urlsplit(self.path)
        if self.headers.get("Host") not in {f"{name}:{self.server.server_port}" for name in NAMES}:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"only from this machine's own name")
        elif target.path == "/":
            self._answer(HTTPStatus.OK, "text/html", self.server.watch.page)
        elif target.path == "/document":
            self._tell(parse_qs(target.query).get("version", [""])[0])
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"there is nothing here")

    def _tell(self, known: str) -> None:
        """What is new to somebody who knows a version."""
        try:
            found = self.server.watch.since(known)
        except (NNError, OSError) as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", str(error).encode())
            return
        if found is None:
            self._answer(HTTPStatus.NO_CONTENT)
            return
        version, document = found
        self._answer(HTTPStatus.OK, "application/json", document.encode(), str(version))

    def _answer(
        self, status: HTTPStatus, kind: str = "text/plain", body: bytes = b"", version: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Version", version)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not told."""
