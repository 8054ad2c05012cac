"""Who asks: the name that the log shows, the project whose resources he sees, whether he sees all."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Caller:
    """One who asks."""

    name: str
    project: str
    admin: bool = False


EVERYBODY: Final = Caller("-", "fake_project_id", admin=True)
"""Who asks where nobody has to say who he is: an administrator, of the reference's project in that case."""
