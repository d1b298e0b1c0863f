"""Where the certificates come from that servers are checked by."""

import ssl
from pathlib import Path

from raceday import tls


def test_a_hashed_folder_is_read_when_a_server_is_met(tmp_path: Path) -> None:
    """The first folder that holds certificates by their hashes is used, of which nothing is loaded beforehand."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "hashed").mkdir()
    (tmp_path / "hashed" / "0a1b2c3d.0").write_text("read only when a server needs it")
    made = tls.make([str(tmp_path / "absent"), str(tmp_path / "plain"), str(tmp_path / "hashed")])
    assert made.get_ca_certs() == []
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_without_a_hashed_folder_certifi_counts(tmp_path: Path) -> None:
    """A folder without hashed names, or none, leaves certifi's certificates, all of them loaded."""
    (tmp_path / "ca-certificates.crt").write_text("a bundle is no hashed folder")
    made = tls.make([str(tmp_path), str(tmp_path / "absent")])
    assert len(made.get_ca_certs()) > 50
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_process_has_one_context() -> None:
    """Feed, store and platform share one context."""
    assert tls.context() is tls.context()
