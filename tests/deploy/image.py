"""The image, really built and really started, with nothing but Debian's buildah and mmdebstrap: no daemon, no registry.

The base that a registry would give is made from Debian's own packages. Where packages of Python and Node come from is
told to the build from outside, as this machine's pip and npm have it. Everything lands in ``.cache/image`` and is made
anew only when what it is made of has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.deploy.processes import Program

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

ROOT: Final = Path(__file__).parent.parent.parent
_CACHE: Final = ROOT / ".cache" / "image"
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
# What `python:3.13-slim` is made of too: Debian without its documents. Node and greenlet are written in C++.
_BASE: Final = [
    "--variant=essential",
    "--include=usr-is-merged,python3,python3-venv,ca-certificates,libstdc++6",
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "bookworm",
]
_SOURCES: Final = [
    ".dockerignore",
    "Dockerfile",
    "hatch_build.py",
    "LICENSE",
    "pyproject.toml",
    "README.md",
    "requirements",
    "scripts/lighten.py",
    "widget_js",
    "widget_server",
]
# What a runtime does between an image and its process: a root that cannot be written, a volume, an own /tmp, no way to
# more rights. Its own mounts and process numbers end with it.
_RUNTIME: Final = """
root=$1 volume=$2 user=$3 folder=$4; shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$volume" "$root/data"
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" /usr/bin/env -i -C "$folder" "$@"
"""


class MissingBuilder(Exception):
    """A tool is not installed; the text says how to get it."""


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingBuilder(f"{name} is not installed; run: make engines")
    return found


def _buildah(*arguments: str | Path) -> str:
    """Run buildah on a store of this repository's own, and return what it prints."""
    store: list[str | Path] = ["--root", _CACHE / "storage", "--runroot", _CACHE / "run", "--storage-driver", "vfs"]
    command = [_tool("buildah"), *store, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"buildah {arguments[0]} failed: {done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout.strip()


@contextmanager
def built() -> Generator[Image]:
    """The image of the sources as they are now, and its root to start programs from."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _buildah("rm", "--all")
        name = _build()
        container = _buildah("from", "--pull-never", name)
        try:
            yield Image(name, Path(_buildah("mount", container)))
        finally:
            _buildah("rm", container)


def _build() -> str:
    """Build what is not built yet, and return the image's name."""
    base = f"localhost/widget-base:{_digest('|'.join(_BASE).encode())}"
    name = f"localhost/widget-server:{_digest(base.encode(), *_contents())}"
    known = _buildah("images", "--format", "{{.Name}}:{{.Tag}}").split()
    for old in known:
        if old not in {base, name}:
            _buildah("rmi", old)
    if base not in known:
        _make_base(base)
    if name not in known:
        trusted = ["--volume", f"{_CERTIFICATES}:{_CERTIFICATES}:ro"] if _CERTIFICATES.exists() else []
        _buildah(
            "bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--build-arg", f"BASE={base}",
            "--volume", f"{_home()}:/root", *trusted, "--tag", name, ".",
        )  # fmt: skip
    return name


def _make_base(name: str) -> None:
    archive = _CACHE / "base.tar"
    command = [_tool("mmdebstrap"), "--quiet", *_BASE, str(archive)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    container = _buildah("from", "scratch")
    _buildah("add", "--quiet", container, archive, "/")
    _buildah("commit", "--quiet", "--rm", container, name)
    archive.unlink()


def _contents() -> list[bytes]:
    """Name and content of every file that the build is given."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_SOURCES]
    listed = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True)
    files = [ROOT / name for name in sorted(listed.stdout.split("\0")) if name and (ROOT / name).is_file()]
    return [part for file in files for part in (str(file.relative_to(ROOT)).encode(), file.read_bytes())]


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _home() -> Path:
    """The home of the build's user: it says where this machine takes packages from, and keeps what was fetched."""
    home = _CACHE / "home"
    chosen = _ask_tool("pip", "config", "list")
    indexes = re.findall(r"^\S+\.((?:extra-)?index-url)='(https?://\S+)'$", chosen, re.MULTILINE)
    lines = ["[global]", f"cert = {_CERTIFICATES}", *(f"{name} = {value}" for name, value in indexes)]
    (home / ".config" / "pip").mkdir(parents=True, exist_ok=True)
    (home / ".config" / "pip" / "pip.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")
    registry = _ask_tool("npm", "config", "get", "registry")
    (home / ".npmrc").write_text(f"registry={registry}\ncafile={_CERTIFICATES}\n", encoding="utf-8")
    return home


def _ask_tool(name: str, *arguments: str) -> str:
    """What one of the virtual environment's tools prints."""
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=_CACHE).stdout.strip()


class Image:
    """A built image.

    Args:
        name: what buildah calls it.
        root: its files, as a container that nobody writes to sees them.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        facts = json.loads(_buildah("inspect", "--type", "image", name))
        self.config: dict[str, Any] = facts["Docker"]["config"]
        self.labels: dict[str, str] = self.config["Labels"]

    def weigh(self) -> int:
        """Bytes that a registry would store: the sum of its layers, compressed by gzip as they are pushed."""
        archive = _CACHE / "image.tar"
        archive.unlink(missing_ok=True)
        _buildah("push", "--quiet", self.name, f"oci-archive:{archive}")
        with tarfile.open(archive) as pushed:

            def read(name: str) -> Any:
                member = pushed.extractfile(name)
                assert member is not None
                return json.load(member)

            manifest = read("blobs/sha256/" + read("index.json")["manifests"][0]["digest"].removeprefix("sha256:"))
        archive.unlink()
        assert {layer["mediaType"] for layer in manifest["layers"]} == {"application/vnd.oci.image.layer.v1.tar+gzip"}
        return sum(layer["size"] for layer in manifest["layers"])

    def start(
        self, volume: Path, log: Path, environment: Mapping[str, str], arguments: Sequence[str] | None = None
    ) -> Container:
        """Start a container on this machine's network, as the image says: its user, its root read-only.

        Args:
            volume: what is mounted at ``/data``; it is given to the image's user.
            log: where what it prints is kept.
            environment: beside what the image sets.
            arguments: of the entry point, instead of the image's own.
        """
        user = self.config["User"]
        volume.mkdir(exist_ok=True)
        os.chown(volume, *map(int, user.split(":")))
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        line = [*self.config["Entrypoint"], *(self.config["Cmd"] if arguments is None else arguments)]
        own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", _RUNTIME, "runtime"]
        return Container(
            [*own, self.root, volume, user, self.config["WorkingDir"], *variables, *line],
            {"PATH": os.environ["PATH"]},
            cwd=volume.parent,
            log=log,
        )

    def run(self, volume: Path, environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
        """Run another verb to its end; its exit code and all that it printed."""
        with self.start(volume, volume.with_suffix(".verb"), environment, arguments) as verb:
            return verb.ends(), verb.said


class Container(Program):
    """A started container. Its process has the number 1 there, as everywhere."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process inside."""
        inside = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        os.kill(int(inside[0]), number)
