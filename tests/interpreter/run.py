"""Runs all tests of this folder, and fails where no execution reached a state or a catcher."""

import logging
import os
import pathlib
import sys
import unittest

os.environ.update(
    AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true"
)
logging.disable(logging.CRITICAL)

from machine import COVERAGES  # noqa: E402: boto3 reads the environment when it is imported


def main() -> int:
    folder = str(pathlib.Path(__file__).parent)
    tests = unittest.defaultTestLoader.discover(folder)
    result = unittest.TextTestRunner(verbosity=1).run(tests)
    missing = [what for coverage in COVERAGES.values() for what in coverage.missing()] if result.wasSuccessful() else []
    for what in missing:
        print(f"no test reaches {what}", file=sys.stderr)
    return 0 if result.wasSuccessful() and not missing else 1


if __name__ == "__main__":
    # Executions that wait for ever would hold a normal exit.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
