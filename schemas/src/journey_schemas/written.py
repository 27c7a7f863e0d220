"""What all that people write has in common: frozen, closed to unknown keys, lists of one without brackets."""

from typing import Annotated, Any, TypeVar  # Any: values before they are checked

from pydantic import BaseModel, BeforeValidator, ConfigDict

Scalar = bool | int | float | str
T = TypeVar("T")


class Written(BaseModel):
    """Base of every model of the language; `model_dump(mode="json", by_alias=True, exclude_unset=True)` reads back."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=False)


def _as_tuple(value: Any) -> Any:
    """A single thing as a list of one."""
    if value is None or isinstance(value, list | tuple):
        return value
    return [value]


#: A list in which one needs no brackets.
Many = Annotated[tuple[T, ...], BeforeValidator(_as_tuple)]


def body_of(model: BaseModel) -> dict[str, Any]:
    """The JSON of a definition's model, as it travels in a `Definition`; the same model reads it back."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)
