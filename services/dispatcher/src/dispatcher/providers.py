"""Accounts at providers: deployment, so a file of its own and no part of a release."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dispatcher.errors import WrongProviders
from journey_schemas.written import Name


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SmtpAccount(_Written):
    """A relay that takes our mail. `concurrency`: connections at once; `final_timeout_s`: for its answer to a mail."""

    name: Name
    kind: Literal["smtp"]
    channel: Literal["email"] = "email"
    host: str
    port: int = Field(ge=1, le=65535)
    concurrency: int = Field(default=8, ge=1, le=200)
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool | None = None
    timeout_s: float = Field(default=20, gt=0)
    final_timeout_s: float = Field(default=60, gt=0)


class Target(_Written):
    """A receiver of webhooks. `secret` is of Standard Webhooks (`whsec_...`); two during a rotation."""

    url: HttpUrl
    secret: Annotated[SecretStr, Field(min_length=10)]
    previous_secret: SecretStr | None = None
    allow_private: bool = False


class WebhookAccount(_Written):
    """Our own sender of webhooks, with the targets it may post to."""

    name: Name
    kind: Literal["webhook"]
    channel: Literal["webhook"] = "webhook"
    targets: dict[str, Target] = Field(default_factory=dict)
    concurrency: int = Field(default=8, ge=1, le=200)
    timeout_s: float = Field(default=20, gt=0)


Account = Annotated[SmtpAccount | WebhookAccount, Field(discriminator="kind")]


class Providers(_Written):
    """All accounts; the first of a channel carries it."""

    accounts: tuple[Account, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "Providers":
        if len({account.name for account in self.accounts}) != len(self.accounts):
            fault = "two accounts have one name"
            raise ValueError(fault)
        return self

    def by_channel(self) -> dict[str, tuple[str, ...]]:
        """Names of accounts by channel, first choice first."""
        found: dict[str, tuple[str, ...]] = {}
        for account in self.accounts:
            found[account.channel] = (*found.get(account.channel, ()), account.name)
        return found


def load(path: Path) -> Providers:
    """Read the file. Raises `WrongProviders`, which tells the place and never a value."""
    try:
        return Providers.model_validate(YAML(typ="safe", pure=True).load(path))
    except OSError as error:
        raise WrongProviders(f"{path.name}: cannot be read ({error.strerror})") from None
    except YAMLError:
        raise WrongProviders(f"{path.name}: is no YAML") from None
    except ValidationError as error:
        faults = [
            f"{path.name}: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise WrongProviders("\n".join(faults)) from None
