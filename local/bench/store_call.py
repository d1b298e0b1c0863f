"""`store_call`: reading one row with our client, with the stock SDK and with bare httpx, from a local TLS server."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import certifi

from local.bench.child import ProbeFailed, output, serving
from local.bench.measure import Measure, Part, Sample


def throw_away_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that lives as long as its folder, and its key; raises ProbeFailed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ProbeFailed("store_call needs the command openssl, for a throw-away certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, *words, *names, "-out", str(cert), "-keyout", str(key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProbeFailed(f"openssl: {done.stderr[-300:]}")
    return cert, key


def measure(quick: bool) -> Measure:
    """Let every client read the same row, in turn, in a process that trusts the server."""
    with tempfile.TemporaryDirectory(prefix="raceday-bench-") as folder:
        cert, key = throw_away_certificate(Path(folder))
        with serving(["-m", "local.bench.tls_server", str(cert), str(key)]) as port:
            # Everybody trusts the usual authorities and this one, as a deployed client does: who reads them with each
            # new connection pays for them with each call.
            bundle = Path(folder) / "trusted.pem"
            bundle.write_text(Path(certifi.where()).read_text("utf-8") + cert.read_text("utf-8"), "utf-8")
            trust = {"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": str(bundle)}
            words = ["-m", "local.bench.store_probe", f"https://127.0.0.1:{port}/v1", "15" if quick else "60"]
            found = {name: Sample(tuple(values)) for name, values in json.loads(output(words, env=trust)).items()}
    ours = found["ours"].median
    return Measure(
        "store_call",
        ours / found["sdk"].median,
        1 / 20,
        "our client's read of a row / the stock SDK's",
        dict(found),
        {"of_httpx": Part(ours / found["httpx_async"].median, 1.5)},
    )
