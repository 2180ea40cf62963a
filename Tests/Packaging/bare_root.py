"""Roots with nothing in them but what a test puts there, and programs that run in them as process 1."""
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time


def needed_libraries(program):
    """The shared libraries of a program as the loader of this machine finds them: name in the root to file."""
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    paths = [word for line in text.splitlines() for word in line.split() if word.startswith("/")]
    return {path: pathlib.Path(path).resolve() for path in paths}


class BareRoot:
    """A folder that becomes the root of programs; `glibc`, a folder of libraries, replaces the machine's."""

    def __init__(self, folder, program, glibc=None):
        self.folder = pathlib.Path(folder)
        for name in ("proc", "tmp", "dev", "models", "mnt/models"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for inside, file in needed_libraries(program).items():
            if glibc:
                file = pathlib.Path(glibc, pathlib.Path(inside).name).resolve()
            target = self.folder / inside.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(0o755)

    def command(self, words, environment, models, temporary, user):
        """The command line that runs `words`: user without rights, root that cannot be written."""
        root = shlex.quote(str(self.folder))
        lines = [
            "set -e", "mount --make-rprivate /", f"mount --bind {root} {root}",
            f"mount -t proc -o nosuid,nodev,noexec proc {root}/proc",
        ]
        if temporary:
            lines.append(f"mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs {root}/tmp")
        for source, inside in (models or {}).items():
            target = shlex.quote(str(self.folder / inside.lstrip("/")))
            lines.append(f"mount --bind {shlex.quote(str(source))} {target}")
            lines.append(f"mount -o remount,bind,ro {target}")
        lines.append(f"mount -o remount,bind,ro {root}")
        variables = " ".join(shlex.quote(f"{name}={value}") for name, value in environment.items())
        lines.append(
            f"exec /usr/bin/env -i {variables} /usr/sbin/chroot --userspec={user} {root} {shlex.join(words)}")
        return ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
                "sh", "-c", "\n".join(lines)]

    def run(self, words, environment=None, models=None, temporary=True, user="1000:1000", limit=120):
        """Runs to the end; the completed process with its texts."""
        return subprocess.run(
            self.command(words, environment or {"PATH": "/bin"}, models, temporary, user),
            capture_output=True, text=True, timeout=limit)

    def start(self, words, log, environment=None, models=None, temporary=True, user="1000:1000"):
        """Starts a program whose output goes to the file `log`."""
        with open(log, "w") as output:
            process = subprocess.Popen(
                self.command(words, environment or {"PATH": "/bin"}, models, temporary, user),
                stdout=output, stderr=output)
        return Running(process, log)


class Running:
    """A program in a root. Its parent is `unshare`, which hands its exit code on."""

    def __init__(self, process, log):
        self.process = process
        self.log = log

    @property
    def inner(self):
        """The program's id outside of its namespace."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return int(pathlib.Path(children).read_text().split()[0])

    def status(self, field):
        """A line of /proc/PID/status, without its name."""
        for line in pathlib.Path(f"/proc/{self.inner}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1].strip()
        raise KeyError(field)

    def signal(self, number):
        os.kill(self.inner, number)

    def wait(self, seconds):
        """The exit code, or None where the program still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self):
        if self.process.poll() is None:
            try:
                self.signal(signal.SIGKILL)
            except (OSError, IndexError):
                self.process.kill()
            self.process.wait(10)


def wait_until(condition, seconds):
    """Whether the condition became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
