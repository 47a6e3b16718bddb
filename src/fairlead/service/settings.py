"""The three numbers that an operator sets once: flag > environment FAIRLEAD_... > fairlead.toml > default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from fairlead.model import BadInputError, FairleadError, UsageError
from fairlead.planners.drain import Goal

FILE_NAME = "fairlead.toml"
PREFIX = "FAIRLEAD_"
_DEFAULT = Goal()


class DrainSettings(BaseSettings):
    """Ratios in [0, 1].

    slo          : share of the demanded streams that must work
    fleet_cap    : largest share of the fleet that may be down
    region_floor : smallest share of every region that stays up
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid")

    slo: float = Field(_DEFAULT.slo_ratio, ge=0, le=1, allow_inf_nan=False)
    fleet_cap: float = Field(_DEFAULT.fleet_cap_ratio, ge=0, le=1, allow_inf_nan=False)
    region_floor: float = Field(_DEFAULT.region_floor_ratio, ge=0, le=1, allow_inf_nan=False)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the files of the class made by :func:`drain_settings`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def drain_settings(flags: Mapping[str, float | None], network: Path) -> DrainSettings:
    """The settings for a NETWORK folder; a flag that was not given is None.

    ``fairlead.toml`` is read from the working folder and from the NETWORK folder, which wins.
    UsageError for a flag or a variable that is no ratio, BadInputError for a file.
    """
    files = [folder / FILE_NAME for folder in (Path(), network) if (folder / FILE_NAME).is_file()]
    given = {name: value for name, value in flags.items() if value is not None}
    with_files = type("DrainSettings", (DrainSettings,), {"model_config": SettingsConfigDict(toml_file=files)})
    try:
        settings = with_files(**given)
    except ValidationError as error:
        raise _invalid(error, given, files) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        where = ", ".join(str(path) for path in files)
        raise BadInputError(
            code="settings.unreadable", what="the settings cannot be read", where=where, got=str(error)
        ) from None
    assert isinstance(settings, DrainSettings)
    return settings


def _invalid(error: ValidationError, given: Mapping[str, float], files: list[Path]) -> FairleadError:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    variable = f"{PREFIX}{name.upper()}"
    if first["type"] == "extra_forbidden":
        code, what, expected = "settings.unknown", f"there is no setting {name}", ", ".join(DrainSettings.model_fields)
    else:
        code, what, expected = "settings.out_of_range", f"{name} must be a ratio", "a number from 0 to 1"
    where = f"--{name.replace('_', '-')}" if name in given else variable if variable in os.environ else ""
    if where:
        return UsageError(code=code, what=what, where=where, got=str(first["input"]), expected=expected)
    where = ", ".join(str(path) for path in files)
    return BadInputError(code=code, what=what, where=where, got=str(first["input"]), expected=expected)
