"""Addresses of our own in messages: clicks, opens, the way out."""

from dispatcher.outgoing import Outgoing
from dispatcher.tokens import Tokens


class Urls:
    """Makes them for one public address."""

    def __init__(self, public_url: str, tokens: Tokens) -> None:
        self._public = public_url.rstrip("/")
        self._tokens = tokens

    def click(self, item: Outgoing, number: int) -> str:
        """Counts a click on the `number`-th link and leads on."""
        token = self._tokens.sign("c", item.command_id, item.command.message_version, str(number))
        return f"{self._public}/c/{token}"

    def opened(self, item: Outgoing) -> str:
        """The picture that tells of an opening."""
        return f"{self._public}/o/{self._tokens.sign('o', item.command_id)}.gif"

    def unsubscribe(self, item: Outgoing) -> str:
        """One click ends the message topic on this channel; where there is none, all of the channel."""
        command = item.command
        token = self._tokens.sign(
            "u", item.profile_id, item.send.address.hash, item.send.channel, command.topic or "", command.command_id,
            command.user_id or "",
        )  # fmt: skip
        return f"{self._public}/u/{token}"

    def token_of(self, command_id: str) -> str:
        """What a provider echoes."""
        return self._tokens.sign("m", command_id)
