"""Start `widget-server serve` from an installed wheel, ask it for what browsers ask, and stop it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_WITHIN_SECONDS = 60


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> tuple[int, str]:
    """Return status and body as a browser gets them, also of an answer that is an error."""
    asked = urllib.request.Request(url, headers={"Accept": "text/html"})  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(asked, timeout=10) as response:  # noqa: S310 - as above
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_until_ready(base: str, server: subprocess.Popen[bytes]) -> None:
    """Return once the server says that it is ready."""
    end = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            if get(f"{base}/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server from the wheel did not become ready")


def expect(what: str, *, holds: bool) -> None:
    """Print a fact and stop where it does not hold."""
    sys.stdout.write(f"wheel: {what}: {'yes' if holds else 'NO'}\n")
    if not holds:
        raise SystemExit(1)


def main() -> None:
    """Run the journey."""
    expect("no node on the path", holds=shutil.which("node") is None)
    program = Path(sys.executable).with_name("widget-server")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "WIDGET_MODE": "production",
        "WIDGET_PORT": str(port),
        "WIDGET_PUBLIC_URL": f"http://localhost:{port}",
        "WIDGET_INTERNAL_PORT": "0",
        "WIDGET_DATA_DIR": str(Path("data").absolute()),
    }

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    run("migrate")
    run("create-site", "Smoke", "--origin", "http://shop.example", "--key", "smoke")
    server = subprocess.Popen([program, "serve"], env=environment)
    try:
        wait_until_ready(base, server)
        expect("ready, as JSON", holds=json.loads(get(f"{base}/readyz")[1])["status"] == "ready")
        status, loader = get(f"{base}/widget/smoke.js")
        expect("the widget's loader is served", holds=status == 200 and len(loader) > 500)
        expect("an unknown site has none", holds=get(f"{base}/widget/nobody.js")[0] == 404)
        status, console = get(f"{base}/console")
        expect("the console asks to sign in", holds=status == 200 and "Password" in console)
        tag = run("create-site", "Second", "--origin", "http://other.example", "--key", "second")
        expect("a running server makes a site", holds="/widget/second.js" in tag)
        expect("and serves it", holds=get(f"{base}/widget/second.js")[0] == 200)
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)
    expect("a stop signal ends it well", holds=code == 0)


if __name__ == "__main__":
    main()
