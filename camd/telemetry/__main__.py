"""`python -m camd.telemetry` prints the page for those who watch camd."""

import sys

from camd.telemetry.page import page

if __name__ == "__main__":
    sys.stdout.write(page())
