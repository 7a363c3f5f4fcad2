"""Base of everything that is read from configuration: unknown keys are errors, values are frozen, secrets stay hidden."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """One mapping of a configuration file.

    A field's ``description`` is what ``hayakuchi schema`` shows in an editor. Keys of services are ``SecretStr``.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
        protected_namespaces=(),
        allow_inf_nan=False,
    )
