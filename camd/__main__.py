"""`python -m camd` and the console script `camd`."""

from camd.cli.app import main

if __name__ == "__main__":
    main()
