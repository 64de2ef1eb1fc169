"""Settings from the environment, prefix `VOXCOR_`; read afresh, never kept in a global."""

from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a person may set for every command; `VOXCOR_HOME` is `home`, and so on."""

    model_config = SettingsConfigDict(env_prefix="VOXCOR_", frozen=True, env_ignore_empty=True)

    home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("voxcor", appauthor=False),
        description="The one folder for models, library, jobs and settings.",
    )
    model: str = Field(default="auto", description="The MODEL of commands that are given none.")
    threads: int | None = Field(
        default=None, ge=1, description="Threads for one pass through a model; default: all cores."
    )

    @property
    def models(self) -> Path:
        """The folder of installed models."""
        return self.home / "models"
