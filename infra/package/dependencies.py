"""The packages that ship: those of `requirements.txt`, as wheels for Lambda, without what no request ever reads."""

import hashlib
import shutil
import sys
from pathlib import Path

from infra.package.bytecode import compile_tree
from infra.package.programs import run
from infra.stages import PROJECT

REQUIREMENTS = PROJECT / "requirements.txt"
PLATFORM = "manylinux2014_x86_64"
LANGUAGE = "en"
# The AWS services that the function calls. botocore describes 400 others.
SERVICES = frozenset({"dynamodb", "iam", "lambda", "s3", "secretsmanager", "sts"})
USELESS_FOLDERS = ("bin", "test", "tests", "static")  # the static files are served from their bucket
NEEDED_ALL_THE_SAME = frozenset({"django/test"})  # a module's name, and the product's code may import it
USELESS_PARTS = ("django/contrib/gis",)  # maps
# What `giftflick.sentry` switches on, and what that is made of. Sentry knows 80 other frameworks.
SENTRY = frozenset(
    {"__init__", "_asgi_common", "_wsgi_common", "asgi", "dedupe", "django", "logging", "redis", "stdlib", "wsgi"}
)
USELESS_FILES = ("*.pyi", "*.po", "*.map", "*.pxd", "*.h", "*.c")
METADATA = frozenset({"METADATA", "entry_points.txt", "licenses"})  # asked for at run time; their terms


def fetch(runtime: str, venv: Path) -> Path:
    """The folder with the packages, in `venv`; fetched again only when the pins, the runtime or this module changed.

    Any system may do it: wheels for Lambda's are asked for, and nothing of them is run. Raises DeployError.
    """
    mark = venv / "made-of"
    packages = venv / "lib" / runtime / "site-packages"
    made_of = _made_of(runtime)
    if mark.is_file() and mark.read_text() == made_of:
        return packages
    shutil.rmtree(venv, ignore_errors=True)
    packages.mkdir(parents=True)
    _install(runtime, packages)
    _trim(packages)
    compile_tree(packages)
    mark.write_text(made_of)  # last, so that a half-made folder is not taken for a whole one
    return packages


def _made_of(runtime: str) -> str:
    digest = hashlib.sha256(f"{runtime} {sys.version}".encode())
    for file in (REQUIREMENTS, Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _install(runtime: str, packages: Path) -> None:
    """Without dependencies: `requirements.txt` names them all, and one that it leaves out on purpose shall stay out."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--only-binary=:all:"]
    platform = ["--platform", PLATFORM, "--implementation", "cp", "--python-version", runtime.removeprefix("python")]
    what = ["--target", str(packages), "--requirement", str(REQUIREMENTS)]
    run(
        [sys.executable, "-m", "pip", "install", *options, *platform, *what],
        f"pip could not fetch the packages for {runtime} on {PLATFORM}",
    )


def _trim(packages: Path) -> None:
    for name in USELESS_FOLDERS:
        for folder in list(packages.rglob(name)):
            if folder.is_dir() and str(folder.relative_to(packages)) not in NEEDED_ALL_THE_SAME:
                shutil.rmtree(folder)
    for part in USELESS_PARTS:
        shutil.rmtree(packages / part)
    kept = SENTRY | {f"{name}.py" for name in SENTRY}
    _keep_only(packages / "sentry_sdk" / "integrations", kept, files_too=True)
    for pattern in USELESS_FILES:
        for file in list(packages.rglob(pattern)):
            file.unlink()
    _keep_languages(packages)
    for data in (packages / "botocore" / "data", packages / "boto3" / "data"):
        _keep_only(data, SERVICES)
    for info in packages.glob("*.dist-info"):
        _keep_only(info, METADATA, files_too=True)


def _keep_languages(packages: Path) -> None:
    """`locale` has a folder for each language; Django's own is a Python package besides."""
    for locale in list(packages.rglob("locale")):
        if locale.is_dir():
            _keep_only(locale, frozenset({LANGUAGE}))


def _keep_only(folder: Path, names: frozenset[str], *, files_too: bool = False) -> None:
    for path in folder.iterdir():
        if path.name in names:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        elif files_too:
            path.unlink()
