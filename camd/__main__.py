"""`python -m camd` and the console script `camd`."""

import gc

# What is imported stays for good: looking through it again and again costs a tenth of a command's start.
gc.set_threshold(50_000, 20, 50)

from camd.cli.app import main  # noqa: E402 - the collector is told first

if __name__ == "__main__":
    main()
