"""Answers for the tests, in the environment of the real oslo.config: a line of JSON in, a line of JSON out.

{"parse": FILE} → the sections as its parser has them, or null where it refuses; {"list": [FILE, ...], "section", "key"} → the option's words.
"""

import json
import sys

from oslo_config import cfg


def parsed(path):
    sections, normal = {}, {}
    parser = cfg.ConfigParser(path, sections)
    parser._add_normalized(normal)
    try:
        parser.parse()
    except (cfg.ConfigFileParseError, cfg.iniparser.ParseError):
        return None
    return normal


def words(files, section, key):
    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.ListOpt(key), group=None if section == "DEFAULT" else section)
    conf([word for file in files for word in ("--config-file", file)], project="neutron")
    return (conf if section == "DEFAULT" else conf[section])[key]


for line in sys.stdin:
    asked = json.loads(line)
    if "parse" in asked:
        answer = parsed(asked["parse"])
    else:
        answer = words(asked["list"], asked["section"], asked["key"])
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
