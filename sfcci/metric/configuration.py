"""Configuration of the private carbon: file name → text, out of the folders and ports of one instance."""

from pathlib import Path

from sfcci.metric import retention

CARBON = """\
[cache]
DATABASE = whisper
STORAGE_DIR = {storage}
LOCAL_DATA_DIR = {storage}/whisper
WHITELISTS_DIR = {storage}/lists
CONF_DIR = {conf}
LOG_DIR = {log}
PID_DIR = {run}
USER =
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {line}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
ENABLE_UDP_LISTENER = False
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = inf
MAX_CREATES_PER_MINUTE = inf
CACHE_WRITE_STRATEGY = sorted
WHISPER_SPARSE_CREATE = True
ENABLE_TAGS = False
CARBON_METRIC_INTERVAL = 0
LOG_UPDATES = False
LOG_CREATES = False
LOG_CACHE_HITS = False
LOG_CACHE_QUEUE_SORTS = False
LOG_LISTENER_CONN_SUCCESS = False
"""
SAMPLE_RETENTIONS = "1m:2d,10m:32d,1h:1y"
"""How made-up series (below `sample.`) are kept: a value each minute is enough to look at."""
SCHEMAS = """\
[sample]
pattern = ^sample\\.
retentions = {sample}

[all]
pattern = .*
retentions = {retentions}
"""
# What a coarse step makes of the finer ones; a gap counts for nothing (xFilesFactor 0). The first match wins.
AGGREGATION = """\
[lower]
pattern = \\.lower$
xFilesFactor = 0
aggregationMethod = min

[upper]
pattern = \\.upper(_\\d+)?$
xFilesFactor = 0
aggregationMethod = max

[sums]
pattern = ^(sample\\.)?stats_counts\\.|\\.(count|sum)$
xFilesFactor = 0
aggregationMethod = sum

[rest]
pattern = .*
xFilesFactor = 0
aggregationMethod = average
"""


def carbon_files(storage: Path, run: Path, log: Path, ports: dict[str, int]) -> dict[str, str]:
    """Give carbon's three files. `ports` has line, pickle and query; what is in `run` lives as long as the instance."""
    values = {"storage": storage, "run": run, "conf": run / "conf", "log": log, **ports}
    return {
        "carbon.conf": CARBON.format(**{key: str(value).replace("%", "%%") for key, value in values.items()}),
        "storage-schemas.conf": SCHEMAS.format(sample=SAMPLE_RETENTIONS, retentions=retention.DEFAULT),
        "storage-aggregation.conf": AGGREGATION,
    }
