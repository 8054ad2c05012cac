"""Addresses as they may be shown: without the user and the password that stand in some."""

import re

_USER = re.compile(r"//[^/\s]*@")
_PASSWORD = re.compile(r"//[^/\s]*:[^/\s]*@|[?&](password|passwd)=")


def has_password(url: str) -> bool:
    """Whether an address holds a user's password, also among its options, where databases take one."""
    return bool(_PASSWORD.search(url))


def without_user(url: str) -> str:
    """Give an address without a user's name and password; also where it is none."""
    return _USER.sub("//***@", url)
