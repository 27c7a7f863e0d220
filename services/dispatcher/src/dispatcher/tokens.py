"""Signed tokens in links: they carry ids, and nobody can change them."""

import base64
import hashlib
import hmac
from typing import Literal

import msgspec

from dispatcher.errors import BadToken

Purpose = Literal["c", "o", "u", "m"]

_VERSION = b"1"
_MAC = 16
_payload = msgspec.msgpack.Decoder(list[str])


class Tokens:
    """Signs with HMAC-SHA256 under one secret, cut to 16 bytes; the purpose is signed along.

    `c`: command id, version, link number. `o`, `m`: command id. `u`: profile id, address hash, channel, message topic,
    command id, user id.
    """

    def __init__(self, secret: str) -> None:
        key = hashlib.sha256(b"waypost dispatcher tokens\0" + secret.encode()).digest()
        self._mac = hmac.new(key, digestmod="sha256")

    def sign(self, purpose: Purpose, *parts: str) -> str:
        """A token for a link; it never expires."""
        body = _VERSION + purpose.encode() + msgspec.msgpack.encode(parts)
        return base64.urlsafe_b64encode(body + self._signature(body)).rstrip(b"=").decode()

    def read(self, purpose: Purpose, token: str) -> list[str]:
        """The parts. Raises `BadToken`."""
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise BadToken from error
        body, signature = raw[:-_MAC], raw[-_MAC:]
        if not hmac.compare_digest(signature, self._signature(body)) or body[:2] != _VERSION + purpose.encode():
            raise BadToken
        return _payload.decode(body[2:])

    def _signature(self, body: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(body)
        return mac.digest()[:_MAC]
