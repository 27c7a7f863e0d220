"""Payloads at rest are readable only with a key of the key ring; addresses are found by a keyed hash."""

import hmac
import json
import os
from base64 import b64decode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dispatcher.errors import Unreadable
from journey_runtime.errors import BadSettings

_NONCE = 12
_HASH_DIGITS = 16


class Vault:
    """AES-256-GCM under the ring's active key. `pepper` makes address hashes worthless outside."""

    def __init__(self, keyring: str, pepper: str) -> None:
        """`keyring` is the JSON of WAYPOST_KEYRING. Raises `BadSettings`."""
        try:
            ring = json.loads(keyring)
            self._keys = {name: AESGCM(b64decode(key, validate=True)) for name, key in ring["keys"].items()}
            self._active = self._keys[ring["active"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fault = 'WAYPOST_KEYRING: not {"active": "k1", "keys": {"k1": "<base64 of 32 bytes>"}}'
            raise BadSettings(fault) from error
        self.active_id: str = ring["active"]
        self._hash = hmac.new(b"waypost addresses\0" + pepper.encode(), digestmod="sha256")

    def address_hash(self, channel: str, value: str) -> str:
        """16 hex digits of an address, alike for ways of writing it that lead to the same place."""
        normal = value.strip()
        if channel == "email":
            local, _, domain = normal.rpartition("@")
            normal = f"{local.lower()}@{domain.lower()}"
        mac = self._hash.copy()
        mac.update(f"{channel}\0{normal}".encode())
        return mac.hexdigest()[:_HASH_DIGITS]

    def seal(self, payload: bytes, command_id: str) -> bytes:
        """Encrypt under the active key, bound to the command."""
        nonce = os.urandom(_NONCE)
        return nonce + self._active.encrypt(nonce, payload, command_id.encode())

    def open(self, sealed: bytes, key_id: str, command_id: str) -> bytes:
        """The payload. Raises `Unreadable`."""
        key = self._keys.get(key_id)
        if key is None:
            raise Unreadable(f"key {key_id} is not in the key ring")
        try:
            return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], command_id.encode())
        except InvalidTag as error:
            raise Unreadable from error
