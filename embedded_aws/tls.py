"""A certificate for the embedded AWS, and a bundle of authorities that has it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from werkzeug.serving import generate_adhoc_ssl_pair

HOST = "localhost"


@dataclass(frozen=True)
class Certificate:
    """A new certificate for HOST, which no authority has signed."""

    context: ssl.SSLContext
    """For a server."""
    bundle: Path
    """The usual authorities and this certificate, for ``AWS_CA_BUNDLE``."""


def make_certificate(folder: Path) -> Certificate:
    """Make one. Its files are in ``folder``."""
    certificate, key = generate_adhoc_ssl_pair(HOST)
    public, private, bundle = folder / "cert.pem", folder / "key.pem", folder / "bundle.pem"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    bundle.write_bytes(Path(certifi.where()).read_bytes() + public.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return Certificate(context, bundle)
