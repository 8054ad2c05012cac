# ruff: noqa: INP001 - run by Graphite's own interpreter, no package here
"""Settings of the private Graphite's web part (GRAPHITE_SETTINGS_MODULE); folders and ports come by the environment."""

import os
import secrets

SECRET_KEY = secrets.token_hex(32)  # signs sessions, which nobody has here
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]  # a page elsewhere that points its name at us gets nothing
TIME_ZONE = "UTC"
STORAGE_DIR = os.environ["GRAPHITE_STORAGE_DIR"]
CONF_DIR = os.environ["GRAPHITE_CONF_DIR"]
LOG_DIR = os.environ["SFCCI_GRAPHITE_LOG"]
CARBONLINK_HOSTS = [os.environ["SFCCI_GRAPHITE_QUERY"]]
LOG_FILE_INFO = LOG_FILE_EXCEPTION = LOG_FILE_CACHE = LOG_FILE_RENDERING = "-"
LOG_INFO_PERFORMANCE = False
FIND_CACHE_DURATION = 0  # what was just written is what is read back
DEFAULT_CACHE_DURATION = 0
USE_WORKER_POOL = False
