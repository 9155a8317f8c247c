"""The simulator's settings: what holds where nothing is set, and what cannot work."""

from pathlib import Path

import pytest

from simulator.config import from_environment


def test_where_nothing_is_set_the_documented_defaults_hold(tmp_path: Path) -> None:
    config = from_environment({"DATA_DIR": str(tmp_path)})
    assert (config.port, config.tls_port, config.scenario) == (8100, 8143, "gentle")
    assert (config.plain_url, config.tls_url) == ("http://localhost:8100", "https://localhost:8143")
    assert config.webhook == "http://localhost:8000/webhooks/graph/calls"
    assert config.folder == tmp_path / "simulator"
    assert not config.http_callbacks


def test_each_name_counts(tmp_path: Path) -> None:
    names = {"SIM_PORT": "9100", "SIM_TLS_PORT": "9143", "PORT": "9000", "SCENARIO": "quiet"}
    config = from_environment({"DATA_DIR": str(tmp_path), "SIM_ALLOW_HTTP_CALLBACKS": "1", **names})
    assert (config.port, config.tls_port, config.scenario, config.http_callbacks) == (9100, 9143, "quiet", True)
    assert config.webhook == "http://localhost:9000/webhooks/graph/calls"


@pytest.mark.parametrize(
    ("name", "value"), [("SIM_PORT", "abc"), ("SIM_PORT", "0"), ("SIM_TLS_PORT", "65536"), ("SCENARIO", "loud")]
)
def test_a_value_that_cannot_work_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        from_environment({"DATA_DIR": str(tmp_path), name: value})
