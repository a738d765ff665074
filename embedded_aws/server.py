"""The HTTP server of the embedded AWS: it parses each call and passes it on to moto."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from .answers import Rewrite
from .tls import HOST, Certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_JSON_ERROR = '{{"__type": "{code}", "message": "{code} in the embedded AWS"}}'
_ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{code} in the embedded "
    "AWS</Message></Error><RequestId>0</RequestId></ErrorResponse>"
)


@dataclass(frozen=True)
class Call:
    """A call of an AWS API, as it arrives."""

    service: str
    name: str
    access_key_id: str
    """The key that it is signed with."""
    parameters: Mapping[str, str]
    user_agent: str
    source: str
    """The IP address that it comes from."""
    in_json: bool

    @property
    def action(self) -> str:
        """As policies name it: ``iam:ListUsers``."""
        return f"{self.service}:{self.name}"


@dataclass(frozen=True)
class Error:
    """An answer with an error."""

    status: str
    """Of HTTP: number and words."""
    code: str
    """AWS's."""


Receive = Callable[[Call], Error | Rewrite | None]
"""Called for each call: returns an error to answer with, or a change to moto's answer, or None."""


@contextmanager
def serving(receive: Receive, certificate: Certificate | None) -> Iterator[str]:
    """Serve on a free port of loopback while entered; yields the URL.

    With a certificate, it is served as AWS is: with TLS, and connections are kept.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(
        HOST if certificate else "127.0.0.1", 0, _application(receive), threaded=True,
        request_handler=_KeepsConnections if certificate else MotoRequestHandler,
        ssl_context=certificate.context if certificate else None,
    )  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://{server.host}:{server.port}"
    finally:
        server.shutdown()
        thread.join()


class _KeepsConnections(MotoRequestHandler):
    protocol_version = "HTTP/1.1"


def _application(receive: Receive) -> WSGIApplication:
    moto = DomainDispatcherApplication(create_backend_app)

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = _parse(environ)
        outcome = receive(call)
        if not isinstance(outcome, Error):
            try:
                answer = Response.from_app(moto, environ, buffered=True)
            except NotImplementedError:
                outcome = Error("501 Not Implemented", "NotImplemented")
            else:
                if outcome:
                    marker = call.parameters.get("Marker", "")
                    answer.set_data(outcome(answer.get_data(as_text=True), marker))
                return answer(environ, start_response)
        text = (_JSON_ERROR if call.in_json else _ERROR).format(code=outcome.code)
        return Response(text, outcome.status, content_type="text/xml")(environ, start_response)

    return application


def _parse(environ: WSGIEnvironment) -> Call:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    # Credential=ID/date/region/service/…
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    credential = authorization.partition("Credential=")[2].split(",")[0].split("/")
    parameters = {k: v[0] for k, v in parse_qs(body.decode("utf-8", "replace")).items()}
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return Call(
        service=credential[3] if len(credential) > 3 else "",
        name=parameters.get("Action") or target or environ["PATH_INFO"],
        access_key_id=credential[0] if len(credential) > 3 else "",
        parameters=parameters,
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        source=environ["REMOTE_ADDR"],
        in_json=bool(target),
    )
