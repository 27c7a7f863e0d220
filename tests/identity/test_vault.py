"""Identifiers at rest: readable with the ring only, found by their hash, bound to their row."""

import base64
import json

import pytest

from identity.domain.identifiers import Identifier
from identity.errors import Unreadable
from identity.vault import Vault
from journey_runtime.errors import BadSettings

ANN = Identifier("email", "ann@example.org")


def ring(active: str, **keys: int) -> str:
    return json.dumps(
        {"active": active, "keys": {n: base64.b64encode(bytes([k]) * 32).decode() for n, k in keys.items()}}
    )


def test_a_value_comes_back_also_after_the_active_key_changed() -> None:
    old = Vault(ring("k1", k1=1), b"l" * 32)
    sealed = old.seal(ANN, old.hash_of(ANN))
    new = Vault(ring("k2", k1=1, k2=2), b"l" * 32)
    assert b"ann" not in sealed
    assert new.open(sealed, "k1", new.hash_of(ANN)) == ANN.value
    assert sealed != old.seal(ANN, old.hash_of(ANN))


def test_a_value_is_bound_to_its_row_and_key() -> None:
    vault = Vault(ring("k1", k1=1), b"l" * 32)
    sealed = vault.seal(ANN, vault.hash_of(ANN))
    with pytest.raises(Unreadable):
        vault.open(sealed, "k1", vault.hash_of(Identifier("phone", ANN.value)))
    with pytest.raises(Unreadable):
        vault.open(sealed, "k0", vault.hash_of(ANN))


def test_the_hash_depends_on_namespace_value_and_lookup_key() -> None:
    one, other = Vault(ring("k1", k1=1), b"l" * 32), Vault(ring("k1", k1=1), b"m" * 32)
    assert one.hash_of(ANN) == one.hash_of(ANN)
    assert len({one.hash_of(ANN), other.hash_of(ANN), one.hash_of(Identifier("user_id", ANN.value))}) == 3


@pytest.mark.parametrize("broken", ["", "{}", "[]", '{"active":"k","keys":{}}', '{"active":"k","keys":{"k":"AAAA"}}'])
def test_a_broken_ring_stops_the_start(broken: str) -> None:
    with pytest.raises(BadSettings):
        Vault(broken, b"l" * 32)
