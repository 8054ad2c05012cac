"""The templates of specs and ebuilds, compiled once: what Jinja makes of them lies beside them, as Python's own byte code does."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import Bucket

FOLDER = Path(__file__).with_name("templates")
COMPILED = FOLDER / "__pycache__"


def text_templates(filters: Mapping[str, Callable[..., Any]] | None = None) -> "Environment":
    """Give the environment of templates whose product is plain text: nothing is escaped, what is not given is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - no HTML is made; each value is spelled in its own language
    )
    made.filters |= dict(filters or {})
    made.bytecode_cache = _beside()
    return made


def _beside() -> Any:
    from jinja2 import BytecodeCache

    class Beside(BytecodeCache):
        """Keeps byte code in `COMPILED`; where that cannot be written, templates are compiled each time."""

        load_bytecode = staticmethod(_load)
        dump_bytecode = staticmethod(_dump)

    return Beside()


def _load(bucket: "Bucket") -> None:
    """Take what was compiled before, trusted as .pyc files are; Jinja compares it with the template's text and with Python's version."""
    from pickle import UnpicklingError

    with (
        contextlib.suppress(OSError, EOFError, ValueError, UnpicklingError),
        _path(bucket).open("rb") as file,
    ):
        bucket.load_bytecode(file)


def _dump(bucket: "Bucket") -> None:
    with contextlib.suppress(OSError):
        COMPILED.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=COMPILED, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                bucket.write_bytecode(file)
            Path(name).replace(_path(bucket))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _path(bucket: "Bucket") -> Path:
    return COMPILED / f"{bucket.key}.{sys.implementation.cache_tag}.jinja"
