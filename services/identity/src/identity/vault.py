"""How identifiers are stored: found by a keyed hash, readable only with a key of the key ring."""

import hmac
import json
import os
from base64 import b64decode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identity.domain.identifiers import Identifier
from identity.errors import Unreadable
from journey_runtime.errors import BadSettings

_NONCE = 12


class Vault:
    """AES-256-GCM under the ring's active key, and HMAC-SHA256 under the lookup key."""

    def __init__(self, keyring: str, lookup_key: bytes) -> None:
        """`keyring` is the JSON of WAYPOST_KEYRING. Raises `BadSettings`."""
        try:
            ring = json.loads(keyring)
            self._keys = {name: AESGCM(b64decode(key, validate=True)) for name, key in ring["keys"].items()}
            self._active = self._keys[ring["active"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            fault = 'WAYPOST_KEYRING: not {"active": "k1", "keys": {"k1": "<base64 of 32 bytes>"}}'
            raise BadSettings(fault) from error
        self.active_id: str = ring["active"]
        self._lookup = hmac.new(lookup_key, digestmod="sha256")

    def hash_of(self, identifier: Identifier) -> bytes:
        """What a stored identifier is found by."""
        mac = self._lookup.copy()
        mac.update(f"{identifier.namespace}\0{identifier.value}".encode())
        return mac.digest()

    def check(self, namespace: bytes) -> bytes:
        """Tells namespace UUID and lookup key apart from all others, and reveals neither."""
        mac = self._lookup.copy()
        mac.update(b"waypost identity namespace\0" + namespace)
        return mac.digest()

    def seal(self, identifier: Identifier, value_hash: bytes) -> bytes:
        """The value, encrypted under the active key and bound to its row."""
        nonce = os.urandom(_NONCE)
        return nonce + self._active.encrypt(nonce, identifier.value.encode(), value_hash)

    def open(self, sealed: bytes, key_id: str, value_hash: bytes) -> str:
        """The value. Raises `Unreadable`."""
        key = self._keys.get(key_id)
        if key is None:
            raise Unreadable(f"key {key_id} is not in the key ring")
        try:
            return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], value_hash).decode()
        except InvalidTag as error:
            raise Unreadable from error
