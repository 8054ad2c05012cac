"""What the API says no to: one exception per refused request, with Neutron's words for it."""

BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, PRECONDITION_FAILED = 400, 403, 404, 409, 412


class Refused(Exception):  # noqa: N818 - a request that is refused is an answer, not an error of ours
    """A request that gives no new state.

    `status` is HTTP's, `type` the name of Neutron's exception, `message` what its users read.
    """

    def __init__(self, status: int, type_: str, message: str) -> None:
        self.status, self.type, self.message = status, type_, message
        super().__init__(message)

    @property
    def sentence(self) -> str:
        """What people are told: the API's own words, then what programs know it by."""
        return f"{self.message.strip()} ({self.type or 'refused'}, {self.status})"


def bad_request(message: str, type_: str = "HTTPBadRequest") -> Refused:
    """Give the refusal of a request that is wrong in itself."""
    return Refused(BAD_REQUEST, type_, message)


def conflict(type_: str, message: str) -> Refused:
    """Give the refusal of a request that others' resources stand against."""
    return Refused(CONFLICT, type_, message)
