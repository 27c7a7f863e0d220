"""What all models of written files share: closed, frozen, the same from YAML and from the JSON of a definition."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


def _written_name(attribute: str) -> str:
    """`if_` is Python's way to spell `if`."""
    return attribute.removesuffix("_")


class Written(BaseModel):
    """Base of what people write. Unknown keys and empty values are errors; lists become tuples."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=_written_name,
        serialize_by_alias=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_empty_values(cls, written: Any) -> Any:  # whatever was written, to be checked here
        if isinstance(written, dict):
            for key, value in written.items():
                if value is None:
                    raise PydanticCustomError("empty_value", "nothing stands after `{key}:`", {"key": str(key)})
        return written


def body_of(model: BaseModel) -> dict[str, Any]:  # any JSON
    """The JSON of a model as its definition's body, which `model_validate` reads back to an equal model.

    Defaults are left out, so that spelling one out is no new version.
    """
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def as_many(written: Any) -> Any:  # whatever was written; the element type checks it
    """A list of one needs no brackets."""
    return written if isinstance(written, list | tuple) else (written,)


#: A name that ids, keys and files are made of: no slash, no space.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]

#: Words for people, and names of events: anything on one line.
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]

Names = Annotated[
    tuple[Name, ...], Field(min_length=1), BeforeValidator(as_many, json_schema_input_type=Name | tuple[Name, ...])
]
Texts = Annotated[
    tuple[Words, ...], Field(min_length=1), BeforeValidator(as_many, json_schema_input_type=Words | tuple[Words, ...])
]
