"""What the analyzer says no to."""

from sfcci.errors import UsageError


class Conflict(UsageError):  # noqa: N818 - what is asked for, as the words of `errors` are
    """There is one already."""


class NoSuch(UsageError):  # noqa: N818 - as above
    """What is asked for is not there."""
