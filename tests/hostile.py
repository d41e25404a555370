"""What a decoder does once a file has taken it over, and what a worker does; all of it is called in workers."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Prey:
    """What there is around a worker.

    Attributes:
        attack: name in ATTACKS.
        page: the input that it may read.
        out: the folder that it may write in.
        home: another folder, of the same user.
        port: of 127.0.0.1, where somebody listens.
    """

    attack: str
    page: Path
    out: Path
    home: Path
    port: int

    @property
    def secret(self) -> Path:
        return self.home / "secret"


def attacked(prey: Prey) -> str:
    """Tell what came of it: ``done``, or the name of the error."""
    try:
        ATTACKS[prey.attack](prey)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def _connect(prey: Prey) -> None:
    socket.create_connection(("127.0.0.1", prey.port), 5).close()


def _send(prey: Prey) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"secret", ("127.0.0.1", prey.port))


def _unix(prey: Prey) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(prey.home / "socket"))


def _by_ring(_prey: Prey) -> None:
    """io_uring opens sockets and files without the calls for it."""
    _call(425, 1, ctypes.create_string_buffer(120))


def _typed(_prey: Prey) -> None:
    """What types into a terminal; of a pipe another error says that the call was let through."""
    reading, writing = os.pipe()
    try:
        fcntl.ioctl(reading, 0x5412, b"x")
    except OSError as error:
        if error.errno != errno.ENOTTY:
            raise
    finally:
        os.close(reading)
        os.close(writing)


def _by_link(prey: Prey) -> None:
    (prey.out / "link").symlink_to(prey.secret)
    (prey.out / "link").read_bytes()


def _by_thread(prey: Prey) -> None:
    found: list[OSError] = []

    def read() -> None:
        try:
            prey.secret.read_bytes()
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    for error in found:
        raise error


def _by_child(prey: Prey) -> None:
    words = "import sys\ntry: open(sys.argv[1])\nexcept OSError as error: sys.exit(error.errno)"
    code = subprocess.run([sys.executable, "-Ic", words, str(prey.secret)], check=False).returncode
    if code:
        raise OSError(code, "in a child")


def _shell(_prey: Prey) -> None:
    subprocess.run(["/bin/sh", "-c", "true"], check=True)


def _mapped(prey: Prey) -> None:
    descriptor = os.open(prey.page, os.O_RDWR)
    with mmap.mmap(descriptor, 0) as page:
        page[0] = 0
    os.close(descriptor)


def _made(folder: Path) -> None:
    file = folder / f"docsr-hostile-{os.getpid()}"
    file.touch()
    file.unlink()


def _read_parent(_prey: Prey) -> None:
    Path(f"/proc/{os.getppid()}/environ").read_bytes()


def _opened_page(prey: Prey) -> None:
    descriptor = os.open(prey.page, os.O_RDONLY)
    try:
        os.fchmod(descriptor, 0o666)
    finally:
        os.close(descriptor)


def _call(number: int, *words: object) -> None:
    if ctypes.CDLL(None, use_errno=True).syscall(number, *words) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


ATTACKS: dict[str, Callable[[Prey], object]] = {
    "reads a secret": lambda prey: prey.secret.read_bytes(),
    "reads the users": lambda prey: Path("/etc/passwd").read_bytes(),
    "reads by a link": _by_link,
    "reads in a thread": _by_thread,
    "reads in a child": _by_child,
    "reads its parent's environment": _read_parent,
    "lists a folder": lambda prey: os.listdir(prey.home),
    "reads beside the page": lambda prey: (prey.page.parent / "beside").read_bytes(),
    "writes to HOME": lambda prey: (prey.home / "new").write_bytes(b"x"),
    "writes to /tmp": lambda _prey: _made(Path("/tmp")),
    "writes to /dev/shm": lambda _prey: _made(Path("/dev/shm")),
    "changes the page": _mapped,
    "empties the page": lambda prey: os.truncate(prey.page, 0),
    "removes the page": lambda prey: prey.page.unlink(),
    "replaces the page": lambda prey: os.replace(prey.out / "made", prey.page),
    "takes the page": lambda prey: os.replace(prey.page, prey.out / "page"),
    "links a secret": lambda prey: os.link(prey.secret, prey.out / "secret"),
    "makes a pipe": lambda prey: os.mkfifo(prey.out / "pipe"),
    "opens a secret to all": lambda prey: prey.secret.chmod(0o666),
    "opens the page to all": _opened_page,
    "changes an attribute": lambda prey: os.setxattr(prey.secret, "user.x", b"x"),
    "connects": _connect,
    "sends": _send,
    "connects to a socket in a folder": _unix,
    "opens a ring": _by_ring,
    "types into the terminal": _typed,
    "runs a shell": _shell,
    "signals its parent": lambda prey: os.kill(os.getppid(), signal.SIGCONT),
}


def lost(prey: object) -> str:
    return f"lost {prey}"


def allowed(prey: Prey) -> list[bytes]:
    """What a worker is for."""
    (prey.out / "deep").mkdir()
    (prey.out / "deep" / "new").write_bytes(prey.page.read_bytes())
    os.replace(prey.out / "deep" / "new", prey.out / "page.png")
    os.truncate(prey.out / "page.png", 4)
    (prey.out / "deep").rmdir()
    return [prey.page.read_bytes(), (prey.out / "page.png").read_bytes()]


def rights(_item: object) -> str:
    return Path("/proc/self/status").read_text().partition("CapEff:")[2].split()[0]


def ends(item: int) -> str:
    if item == 1:
        os._exit(9)
    return f"did {item}"
