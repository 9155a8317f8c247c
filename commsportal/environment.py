"""Read settings from the environment, then from `DATA_DIR/portal.env`, then from a default.

The file serves deployments that start several commands on one data folder (`make demo` writes one), so that
`manage.py token` sees what `manage.py serve` sees.
"""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment:
    """Look up settings by name; a name with `_FILE` appended points to a file that holds the value."""

    def __init__(self, data_dir: Path, environ: "os._Environ[str] | dict[str, str]") -> None:
        stored = dotenv_values(data_dir / "portal.env") if (data_dir / "portal.env").is_file() else {}
        self.values: dict[str, str] = {k: v for k, v in stored.items() if v is not None} | dict(environ)

    def text(self, name: str, default: str = "") -> str:
        """Return the value of `name`, or the content of the file that `name_FILE` points to."""
        if self.values.get(name):
            return self.values[name]
        file = self.values.get(f"{name}_FILE")
        if file and Path(file).is_file():
            return Path(file).read_text(encoding="utf-8").strip()
        return default

    def number(self, name: str, default: int) -> int:
        """:raises ImproperlyConfigured: when the value is not a whole number."""
        value = self.text(name, str(default))
        try:
            return int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from None

    def items(self, name: str, default: str = "") -> list[str]:
        """Return a comma-separated value as a list without empty items."""
        return [item.strip() for item in self.text(name, default).split(",") if item.strip()]

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """:raises ImproperlyConfigured: when the value is none of `allowed`."""
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value


def data_dir() -> Path:
    """Return the folder for database, keys and generated secrets, made for the owner alone."""
    folder = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def kept_secret(path: Path, size: int = 48) -> str:
    """Return the secret kept at `path`, made of `size` random bytes on first use, readable by the owner alone."""
    if not path.is_file():
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(size))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first; its secret counts
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8").strip()
