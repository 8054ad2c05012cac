"""Opens TCP sockets in the network namespace that it runs in, for a process that cannot enter it.

Standard input is its end of a socket pair. A request is a message "4" or "6", answered by one: "+" with an unconnected socket of that
version of IP beside it (SCM_RIGHTS, unix(7)), or "-" and why not. The first message says that it is there. When the pair's other
end is closed, or who had it is killed, it ends; what it gave away stays with whom it was given to.
"""

import socket
import sys

FAMILIES = {b"4": socket.AF_INET, b"6": socket.AF_INET6}


def serve(asked: socket.socket) -> None:
    """Answer until the other end is closed."""
    asked.sendall(b"+")
    while word := asked.recv(1):
        try:
            with socket.socket(FAMILIES[word], socket.SOCK_STREAM) as made:
                socket.send_fds(asked, [b"+"], [made.fileno()])
        except OSError as error:
            asked.sendall(f"-{error.strerror}".encode())


if __name__ == "__main__":
    try:
        serve(socket.socket(fileno=0))
    except OSError as error:
        sys.exit(f"{error}")
