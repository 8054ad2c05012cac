"""Run in tempest's own environment: the named modules' tests, unmodified; one line of JSON per test on stdout.

driver.py MODULE[:CLASS[.TEST]] ...   with TEMPEST_CONFIG_DIR naming the folder of tempest.conf
"""

import contextlib
import importlib
import json
import sys
import unittest


class Lines(unittest.TestResult):
    """Says each outcome as it is known: {"test", "outcome", "reason"}."""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def say(self, test, outcome, reason=""):
        """Write one line."""
        print(
            json.dumps({"test": test.id().split("[")[0], "outcome": outcome, "reason": reason}),
            file=self.out,
            flush=True,
        )

    def addSuccess(self, test):  # noqa: N802 - unittest's name
        self.say(test, "passed")

    def addFailure(self, test, err=None, details=None):  # noqa: N802 - unittest's name
        self.say(test, "failed", _told(self, test, err, details))

    addError = addFailure  # noqa: N815 - unittest's name

    def addExpectedFailure(self, test, *_why, **_details):  # noqa: N802 - unittest's name
        self.say(test, "passed")

    def addUnexpectedSuccess(self, test, **_details):  # noqa: N802 - unittest's name
        self.say(test, "failed", "it was expected to fail")

    def addSkip(self, test, reason=None, details=None):  # noqa: N802 - unittest's name
        self.say(test, "skipped", reason or (details["reason"].as_text() if details else ""))


def _told(result, test, err, details):
    if err:
        return result._exc_info_to_string(err, test)
    return "\n".join(content.as_text() for name, content in details.items() if "traceback" in name)


def suite(words):
    """Give the tests of the modules, narrowed to what stands behind a colon."""
    loader = unittest.TestLoader()
    for word in words:
        module, _, names = word.partition(":")
        found = importlib.import_module(module)
        yield loader.loadTestsFromName(names, found) if names else loader.loadTestsFromModule(found)


def main():
    """Run them."""
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        unittest.TestSuite(suite(sys.argv[1:])).run(Lines(out))


if __name__ == "__main__":
    main()
