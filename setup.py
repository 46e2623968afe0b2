"""Build of the one extension module; everything else about the project is in pyproject.toml."""

import os
import sys
import sysconfig

from setuptools import Extension, setup

SUPPORTED = ((3, 11), (3, 13))

if sys.implementation.name != "cpython":
    sys.exit(
        f"reftrack reads CPython's own structures: it cannot be built for {sys.implementation.name}"
    )
if not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
    sys.exit(
        f"reftrack supports CPython 3.11, 3.12 and 3.13; this is {sys.version.split()[0]}. "
        "Install it under one of those."
    )
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("reftrack does not support free-threaded builds of CPython; use the ordinary build.")

# REFTRACK_SANITIZE=address,undefined builds the extension under those sanitizers.
sanitize = os.environ.get("REFTRACK_SANITIZE")
flags = [f"-fsanitize={sanitize}", "-g", "-O1"] if sanitize else ["-O3"]

setup(
    ext_modules=[
        Extension(
            "reftrack._reftrack",
            sources=["src/_reftrack.pyx"],
            depends=[
                f"src/{name}" for name in sorted(os.listdir("src")) if name.endswith((".pxi", ".h"))
            ],
            include_dirs=["src"],
            extra_compile_args=[*flags, "-fvisibility=hidden", "-fno-strict-aliasing"],
            extra_link_args=flags if sanitize else [],
        )
    ]
)
