"""Settings are read once, and what is wrong with them is said without their values."""

from pathlib import Path

import pytest
from pydantic import Field

from journey_runtime.errors import BadSettings
from journey_runtime.settings import RuntimeSettings, load, read


class ShopSettings(RuntimeSettings):
    service = "shop"

    shop_port: int = 8080
    shop_limits: dict[str, int] = Field(default_factory=dict)


def test_settings_are_read_by_their_prefix() -> None:
    given = {"WAYPOST_KAFKA": "k:1", "WAYPOST_SHOP_PORT": "81", "WAYPOST_SHOP_LIMITS": '{"a": 1}'}
    settings = read(ShopSettings, given)
    assert (settings.kafka, settings.shop_port, settings.shop_limits) == ("k:1", 81, {"a": 1})
    assert settings.instance_name == "shop-0"


def test_a_value_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    settings = read(ShopSettings, {"WAYPOST_KAFKA": "k", "WAYPOST_ADMIN_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.admin_token is not None
    assert settings.admin_token.get_secret_value() == "secret"
    assert "secret" not in repr(settings)


def test_faults_are_named_all_at_once_and_without_values() -> None:
    given = {"WAYPOST_KAFKA": "k", "WAYPOST_SHOP_PORT": "hunter2", "WAYPOST_SHOP_PROT": "x", "WAYPOST_OTHER_X": "fine"}
    with pytest.raises(BadSettings) as caught:
        read(ShopSettings, given)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["WAYPOST_SHOP_PROT", "WAYPOST_SHOP_PORT"]
    assert "hunter2" not in str(caught.value)


def test_wrong_settings_end_the_process_with_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAYPOST_SHOP_PROT", "x")
    with pytest.raises(SystemExit) as caught:
        load(ShopSettings)
    assert caught.value.code == 2
    assert "WAYPOST_SHOP_PROT: not a setting of this service" in capsys.readouterr().err
