from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.model import BadInputError, UsageError
from fairlead.service.settings import drain_settings

NO_FLAGS = {"slo": None, "fleet_cap": None, "region_floor": None}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "network").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("SLO", "FLEET_CAP", "REGION_FLOOR"):
        monkeypatch.delenv(f"FAIRLEAD_{name}", raising=False)


def test_without_anything_the_defaults_are_the_safe_ones(tmp_path: Path) -> None:
    found = drain_settings(NO_FLAGS, tmp_path / "network")
    assert (found.slo, found.fleet_cap, found.region_floor) == (0.9999, 0.2, 0.5)


def test_flag_beats_environment_beats_network_file_beats_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("fairlead.toml").write_text("slo = 0.91\nfleet_cap = 0.11\nregion_floor = 0.61\n")
    assert drain_settings(NO_FLAGS, tmp_path / "network").slo == 0.91
    (tmp_path / "network" / "fairlead.toml").write_text("slo = 0.92\n")
    assert drain_settings(NO_FLAGS, tmp_path / "network").slo == 0.92
    assert drain_settings(NO_FLAGS, tmp_path / "network").fleet_cap == 0.11
    monkeypatch.setenv("FAIRLEAD_SLO", "0.93")
    assert drain_settings(NO_FLAGS, tmp_path / "network").slo == 0.93
    found = drain_settings(NO_FLAGS | {"slo": 0.94}, tmp_path / "network")
    assert (found.slo, found.fleet_cap, found.region_floor) == (0.94, 0.11, 0.61)


@pytest.mark.parametrize("text", ["1.5", "-0.1", "nan", "inf", "much"])
def test_a_variable_that_is_no_ratio_is_a_usage_error(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRLEAD_FLEET_CAP", text)
    with pytest.raises(UsageError, match=f"fleet_cap must be a ratio; at FAIRLEAD_FLEET_CAP; got: {text}"):
        drain_settings(NO_FLAGS, tmp_path / "network")


def test_a_flag_that_is_no_ratio_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--region-floor"):
        drain_settings(NO_FLAGS | {"region_floor": float("nan")}, tmp_path / "network")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("slo = 2", "settings.out_of_range"),
        ("fleetcap = 0.2", "settings.unknown: there is no setting fleetcap"),
        ("slo = ", "settings.unreadable"),
        ("\xff", "settings.unreadable"),
    ],
)
def test_a_file_that_is_wrong_is_bad_input_and_named(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "network" / "fairlead.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInputError, match=said) as caught:
        drain_settings(NO_FLAGS, tmp_path / "network")
    assert "fairlead.toml" in caught.value.where
    assert "\n" not in str(caught.value)
