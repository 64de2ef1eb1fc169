"""What docs/deploy.md promises of settings and files is so, in both languages."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from places import DOCS, ROOT
from voxcor.settings import Settings

ENGLISH, CHINESE = (
    (DOCS / name).read_text(encoding="utf-8") for name in ("deploy.md", "deploy.zh.md")
)
FILES = (
    *("Dockerfile", "compose.yaml", "deploy/voxcor.service"),
    *("docs/deploy.md", "docs/deploy.zh.md", "docs/api.md", "docs/api.zh.md"),
)


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {f"VOXCOR_{name.upper()}" for name in Settings.model_fields}
    other = {"VOXCOR_LANGUAGE"}  # of the process, before there are settings
    for name in FILES:
        named = set(re.findall(r"VOXCOR_[A-Z_]+", (ROOT / name).read_text(encoding="utf-8")))
        assert named <= known | other, name


@pytest.mark.parametrize("document", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_every_setting_is_in_the_table_with_its_default(document: str) -> None:
    rows = dict(re.findall(r"^\| (`VOXCOR[^|]+) \| ([^|]+) \|", document, re.MULTILINE))
    table: dict[str, str] = {}
    for names, defaults in rows.items():
        keys = re.findall(r"`(\w+)`", names)
        table |= dict(zip(keys, re.split(", |、", defaults.replace("`", "")), strict=True))
    for name, field in Settings.model_fields.items():
        shown = table[f"VOXCOR_{name.upper()}"]
        if field.default_factory is None and field.default not in (None, ""):
            default = field.default
            plain = json.dumps(list(default)) if isinstance(default, tuple) else str(default)
            assert shown == plain, name


def test_names_and_key_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXCOR_ALLOWED_HOSTS", '["example.org"]')
    monkeypatch.setenv("VOXCOR_API_KEY", "correct horse battery staple")
    settings = Settings()
    assert settings.allowed_hosts == ("example.org",)
    assert "correct" not in repr(settings)


def test_a_stop_leaves_time_to_drain() -> None:
    drain_s = Settings().drain_s
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["voxcor"]
    assert float(service["stop_grace_period"].removesuffix("s")) > drain_s + 10
    unit = (ROOT / "deploy" / "voxcor.service").read_text(encoding="utf-8")
    found = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert found is not None
    assert float(found[1]) > drain_s + 10


def test_the_container_is_not_root_and_shows_itself_to_this_machine_only() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["voxcor"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"]
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert lines.index("USER voxcor") < lines.index('ENTRYPOINT ["voxcor"]')


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this system has no systemd")
def test_the_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    unit = (ROOT / "deploy" / "voxcor.service").read_text(encoding="utf-8")
    path = tmp_path / "voxcor.service"
    path.write_text(unit.replace("/opt/voxcor/bin/voxcor", "/bin/true"), encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", path], check=False, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", path],
        check=False,
        capture_output=True,
        text=True,
    )
    exposure = re.search(r"exposure level for \S+ ([\d.]+)", rated.stdout)
    assert exposure is not None
    assert f"exposure {exposure[1]} of 10" in ENGLISH
    assert f"暴露评分为 {exposure[1]}" in CHINESE
