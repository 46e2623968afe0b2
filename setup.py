"""Build of the one extension module; everything else about the project is in pyproject.toml."""

import os
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.editable_wheel import editable_wheel

SUPPORTED = ((3, 11), (3, 15))

if sys.implementation.name != "cpython":
    sys.exit(
        f"reftrack reads CPython's own structures: it cannot be built for {sys.implementation.name}"
    )
if not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
    sys.exit(
        f"reftrack supports CPython 3.11 to 3.15; this is {sys.version.split()[0]}. "
        "Install it under one of those."
    )
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("reftrack does not support free-threaded builds of CPython; use the ordinary build.")

# REFTRACK_SANITIZE=address,undefined builds the extension under those sanitizers; what any of them
# finds ends the process.
sanitize = os.environ.get("REFTRACK_SANITIZE")
flags = (
    [f"-fsanitize={sanitize}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g", "-O1"]
    if sanitize
    else ["-O3"]
)
# UBSan's runtime is in the extension, and its names are the extension's own: beside ASan's, of the
# same names, it would not know where its reports go.
with_runtime = [*flags, "-static-libubsan", "-Wl,--exclude-libs,libubsan.a"] if sanitize else []
quiet = ["-fvisibility=hidden", "-fno-strict-aliasing"]
compiling = ["/O2", "/std:c11"] if sys.platform == "win32" else [*flags, *quiet]

PTH = "reftrack.pth"


class WithPth:
    """Makes an editable wheel as `strategy` does, and puts that file into it."""

    def __init__(self, strategy):
        self.strategy = strategy

    def __call__(self, wheel, files, mapping):
        self.strategy(wheel, files, mapping)
        wheel.write(os.path.join("src", PTH), PTH)

    def __enter__(self):
        self.strategy.__enter__()
        return self

    def __exit__(self, *error):
        return self.strategy.__exit__(*error)


class EditableWithPth(editable_wheel):
    """An editable install has no package data: what has the processes of a run join it (see
    `reftrack.startup`) goes into its wheel here. An ordinary one has it from pyproject.toml."""

    def _select_strategy(self, name, tag, build_lib):
        return WithPth(super()._select_strategy(name, tag, build_lib))


setup(
    cmdclass={"editable_wheel": EditableWithPth},
    ext_modules=[
        Extension(
            "reftrack._reftrack",
            sources=["src/_reftrack.pyx"],
            depends=[
                f"src/{name}" for name in sorted(os.listdir("src")) if name.endswith((".pxi", ".h"))
            ],
            include_dirs=["src"],
            extra_compile_args=compiling,
            extra_link_args=with_runtime,
        )
    ],
)
