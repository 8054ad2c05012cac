"""`python -m sfcci` is the same program as `sfcci`."""

from sfcci.cli.main import main

if __name__ == "__main__":
    main()
