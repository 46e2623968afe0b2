"""The command `reftrack`, which is `python -m reftrack`."""

import sys


def main() -> int:
    """Run the command line of this process; the result is its exit status.

    To be called once in a process: it takes the first entry off `sys.path`.
    """
    # Unless told otherwise (-P, -I, PYTHONSAFEPATH) python has put an entry of reftrack's own
    # there: the current directory, or that of the `reftrack` script. It is not the program's, and
    # what lies in it must not pass for a module that reftrack needs.
    if not sys.flags.safe_path:
        del sys.path[0]
    from reftrack import dependencies

    dependencies.load()
    from reftrack import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
