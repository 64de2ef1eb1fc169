"""Settings from the environment, prefix `VOXCOR_`; read afresh, never kept in a global."""

import ipaddress
import os
from pathlib import Path
from typing import Any, Literal, get_origin

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from voxcor.errors import UsageError
from voxcor.untrusted import read_json

_PREFIX = "VOXCOR_"


def _default_home() -> Path:
    # Without HOME, and without an entry in the table of users, platformdirs raises, and used to
    # answer with a folder called "~" wherever one is.
    try:
        home = platformdirs.user_data_path("voxcor", appauthor=False)
    except RuntimeError:
        home = Path("~")
    if home.parts[0] == "~":
        raise UsageError(
            reason_en="No home folder is known for the user who runs this. "
            "Set VOXCOR_HOME to a folder for models and settings.",
            reason_zh="无法确定当前用户的主目录。请将 VOXCOR_HOME 设为存放模型与设置的文件夹。",
        )
    return home


class Settings(BaseSettings):
    """What a person may set for every command; `VOXCOR_HOME` is `home`, and so on.

    Raises:
        UsageError: a variable has a value that it cannot have, or there is no home folder.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(
        default_factory=_default_home,
        description="The one folder for models, library, jobs and settings.",
    )
    model: str = Field(default="auto", description="The MODEL of commands that are given none.")
    threads: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Threads for one pass through a model; default: all cores.",
    )
    provider: Literal["cpu", "cuda", "openvino"] = Field(
        default="cpu", description="What models run on: ONNX Runtime's CPU or GPU, or OpenVINO."
    )
    gpu_share: float = Field(
        default=0, ge=0, description="The part of a GPU that a worker on Ray asks for."
    )

    host: str = Field(default="127.0.0.1", description="Where `voxcor serve` listens.")
    port: int = Field(default=7860, ge=0, le=65535, description="Its port; 0 for any free one.")
    root_path: str = Field(
        default="", description="The path below which a proxy shows the server, such as /voice."
    )
    api_key: SecretStr | None = Field(
        default=None, min_length=16, description="What requests must carry; beyond loopback a must."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Host names beside localhost it answers to, as a JSON list."
    )
    max_upload_mb: int = Field(default=500, ge=1, description="The largest upload, in 10^6 bytes.")
    max_job_mb: int = Field(
        default=10_000, ge=1, description="All uploads of one job, in 10^6 bytes."
    )
    job_sources: tuple[Path, ...] = Field(
        default=(), description="Folders of the server that jobs may read, as a JSON list."
    )
    jobs_waiting: int = Field(
        default=100, ge=1, description="Jobs that wait or run at the same time."
    )
    job_items: int = Field(default=200_000, ge=1, description="Recordings of one job.")
    jobs_days: float = Field(default=30, gt=0, description="Jobs older than this are deleted.")
    jobs_gb: float = Field(
        default=50, gt=0, description="Beyond this in all, the oldest jobs that ended are deleted."
    )
    max_audio_min: int = Field(default=120, ge=1, description="The longest recording, in minutes.")
    upload_idle_s: float = Field(
        default=20, gt=0, description="An upload that gives no byte for so long is given up."
    )
    queue_size: int = Field(
        default=64, ge=1, description="Requests that wait or run, and uploads, at the same time."
    )
    connections: int = Field(
        default=512, ge=8, description="Connections at the same time; fewer where files are few."
    )
    drain_s: float = Field(
        default=30, ge=0, description="How long a stopping server lets running requests finish."
    )
    stream_sessions: int = Field(default=50, ge=1, description="Live sessions at the same time.")
    stream_idle_s: float = Field(
        default=60, gt=0, description="A live session without a message for so long is closed."
    )
    webhook_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names, addresses and networks beside public ones that webhooks may reach.",
    )
    results_days: float = Field(
        default=30, gt=0, description="Results older than this are deleted."
    )
    results_gb: float = Field(
        default=10, gt=0, description="Beyond this in all, the oldest results are deleted."
    )

    def __init__(self, **values: Any) -> None:
        # Not `from` what pydantic raises: that holds the values, a key among them.
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            wrong, reason = str(first["loc"][0]), first["msg"]
            least = first.get("ctx", {}).get("min_length")
        except (SettingsError, RecursionError):
            wrong, reason, least = _no_json(), "it is no JSON list", None
        else:
            return
        name = _PREFIX + wrong.upper()
        if least:
            reason_en, reason_zh = f"{least} characters or more", f"至少需要 {least} 个字符"
        else:
            reason_en = reason_zh = reason
        raise UsageError(
            reason_en=f"{name} cannot be used: {reason_en}.",
            reason_zh=f"{name} 的值不可用：{reason_zh}。",
        )

    @property
    def models(self) -> Path:
        """The folder of installed models."""
        return self.home / "models"

    @property
    def encoders(self) -> Path:
        """The folder of sentence encoders that were pulled."""
        return self.home / "encoders"

    @property
    def jobs(self) -> Path:
        """The folder of the server's jobs, one folder each."""
        return self.home / "jobs"

    @property
    def results(self) -> Path:
        """The folder of the server's results, one folder each."""
        return self.home / "results"


def _no_json() -> str:
    """The first variable that should be a JSON list and cannot be read."""
    environment = {name.upper(): value for name, value in os.environ.items()}
    for name, field in Settings.model_fields.items():
        value = environment.get(_PREFIX + name.upper())
        if value and get_origin(field.annotation) is tuple:
            try:
                read_json(value)
            except ValueError:
                return name
    return "…"


def is_loopback(host: str) -> bool:
    """Whether this name or address is only this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
