"""What `make package` makes: what is in it, what is not, how large it is, and when it refuses."""

import ast
import json
import os
import re
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from email.parser import BytesHeaderParser
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.deploy import Deploy
from infra.package import build
from infra.package.archive import MB, MOST_UNPACKED, MOST_ZIPPED, report, write_zip
from infra.package.dependencies import SERVICES
from infra.stages import PROJECT, DeployError, Stage
from tests.infra.account import connect, empty_account
from tests.infra.packaging import CANARY, Checkout, Made, borrow_packages, check_out, taken
from tests.infra.small_site import configure

UNCHECKED_HASH = 0b01
PRODUCT = {"giftflick", "accounts", "api", "manage.py", "static"}
NEVER = {
    "local",
    "tests",
    "bench",
    "infra",
    "docs",
    "test",
    "requests",
    "yaml",
    "werkzeug",
    "markupsafe",
    "zappa",
    "moto",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = check_out(tmp_path / "checkout")
    borrow_packages(made)
    return made


def test_it_is_small_and_tells_its_ten_largest_parts(package: Made) -> None:
    unpacked = sum(len(content) for content in package.contents.values())

    assert package.site.stat().st_size <= 26 * MB
    assert unpacked <= 80 * MB
    lines = [line for line in package.output.splitlines() if line.startswith("  ")]
    sizes = [float(re.findall(r"([\d.]+) MB", line)[0]) for line in lines]
    assert len(lines) == 11
    assert sizes[:10] == sorted(sizes[:10], reverse=True)
    assert sizes[10] == round(package.site.stat().st_size / MB, 2)


def test_it_has_the_product_and_nothing_of_what_surrounds_it(package: Made) -> None:
    parts = {PurePosixPath(name).parts[0] for name in package.contents}

    assert parts & NEVER == set()
    assert parts >= PRODUCT
    assert {"api/openapi/openapi.json", "api/migrations/0001_initial.py"} <= package.contents.keys()
    assert not [name for name in package.contents if "/tests/" in name or name.endswith((".po", ".map", ".env"))]


def test_no_secret_of_whoever_made_it_is_in_it(package: Made) -> None:
    files = [file for file in package.static.rglob("*") if file.is_file()]
    with zipfile.ZipFile(package.authorizer) as authorizer:
        contents = [authorizer.read(name) for name in authorizer.namelist()]
    contents += [*package.contents.values(), *(file.read_bytes() for file in files), package.output.encode()]

    assert len(contents) > 1000
    assert [content for content in contents if CANARY.encode() in content] == []
    assert [name for name in package.contents if CANARY in name] == []


def test_it_carries_the_commit_it_is_made_from(package: Made) -> None:
    assert package.contents["giftflick/RELEASE"] == f"{package.release}\n".encode()
    assert f"release {package.release}: " in package.output


def test_all_bytecode_is_read_without_a_look_at_its_source(package: Made) -> None:
    sources = {name for name in package.contents if name.endswith(".py")}
    compiled = {name: content for name, content in package.contents.items() if name.endswith(".pyc")}

    assert {_source_of(name) for name in compiled} == sources
    assert {struct.unpack("<I", content[4:8])[0] for content in compiled.values()} == {UNCHECKED_HASH}


def test_the_authorizer_has_three_modules(package: Made) -> None:
    with zipfile.ZipFile(package.authorizer) as authorizer:
        names = {name for name in authorizer.namelist() if name.endswith(".py")}
        assert names == {"accounts/__init__.py", "accounts/authorizer.py", "accounts/keys.py"}
        assert {_source_of(name) for name in authorizer.namelist() if name.endswith(".pyc")} == names


def test_static_files_lie_beside_it_under_the_names_of_its_manifest(package: Made) -> None:
    manifest = json.loads(package.contents["static/staticfiles.json"])

    files = {file.relative_to(package.static).as_posix() for file in package.static.rglob("*") if file.is_file()}
    assert files == set(manifest["paths"].values())
    assert {"giftflick/watch.js", "admin/css/base.css"} <= manifest["paths"].keys()
    assert [name for name in package.contents if name.startswith("static/")] == ["static/staticfiles.json"]
    assert not [name for name in package.contents if "/static/" in name and not name.startswith("api/viewing/static/")]


def test_what_is_pinned_ships_with_all_it_needs(package: Made) -> None:
    """But for werkzeug, which only a part of sendgrid imports that we do not."""
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    pins = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    shipped, needed = {}, set()
    for name, content in package.contents.items():
        if name.endswith(".dist-info/METADATA"):
            told = BytesHeaderParser().parsebytes(content)
            shipped[canonicalize_name(told["Name"])] = told["Version"]
            wanted = [Requirement(line) for line in told.get_all("Requires-Dist", [])]
            needed |= {need.name for need in wanted if not need.marker or need.marker.evaluate({"extra": ""})}

    assert {f"{name}=={version}" for name, version in shipped.items()} == {
        f"{canonicalize_name(pin.name)}{pin.specifier}" for pin in pins
    }
    assert {canonicalize_name(name) for name in needed} - shipped.keys() == {"werkzeug"}


def test_the_aws_services_that_the_product_calls_are_described() -> None:
    called = {
        str(node.args[0].value)
        for package in ("accounts", "api", "giftflick")
        for file in (PROJECT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in {"client", "create_client", "resource"} and node.args
        if isinstance(node.args[0], ast.Constant)
    }

    assert called >= {"s3", "dynamodb"}
    assert called <= SERVICES


def test_the_same_commit_is_the_same_package_and_a_change_another(package: Made, checkout: Checkout) -> None:
    again = checkout.package()
    assert again.returncode == 0, again.stderr
    made = taken(checkout, again.stdout)
    assert made.release == package.release
    assert made.site.read_bytes() == package.site.read_bytes()
    assert made.authorizer.read_bytes() == package.authorizer.read_bytes()

    (checkout.folder / "giftflick" / "wsgi.py").write_text('"""Changed."""\n')

    assert checkout.package().returncode == 0
    changed = taken(checkout, "").contents
    assert changed["giftflick/wsgi.py"] == b'"""Changed."""\n'
    assert changed["giftflick/RELEASE"] == f"{made.release}-dirty\n".encode()


def test_what_cannot_be_packaged_is_told_in_one_line_and_the_last_package_stays(checkout: Checkout) -> None:
    zips = [checkout.build / "giftflick.zip", checkout.build / "authorizer.zip"]
    for file in zips:
        file.write_bytes(b"the last one")
    (checkout.build / "static").mkdir()
    (checkout.build / "static" / "the-last.js").touch()

    for refused, reason in _spoiled(checkout):
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        assert refused.stderr.startswith(reason)

    assert [file.read_bytes() for file in zips] == [b"the last one"] * 2
    assert [file.name for file in (checkout.build / "static").iterdir()] == ["the-last.js"]


def _spoiled(checkout: Checkout) -> Iterator[tuple[subprocess.CompletedProcess[str], str]]:
    """What is said when one thing after the other is wrong, and how it must begin."""
    yield (
        checkout.package("nowhere"),
        "there is no stage 'nowhere': choose one with STAGE=, of dev, staging, production",
    )
    css = checkout.folder / "api" / "viewing" / "static" / "giftflick" / "site.css"
    kept = css.read_text()
    css.write_text("body { background: url(missing.png) }")
    yield checkout.package(), "the static files could not be collected: "
    css.write_text(kept)
    (checkout.folder / "giftflick" / "urls.py").write_text("def (")
    yield checkout.package(), "a file of the package does not compile: "
    (checkout.folder / "giftflick" / "urls.py").unlink()
    yield (
        checkout.package(),
        "giftflick/urls.py is in git but not in the checkout: restore it, or commit that it is gone",
    )
    shutil.rmtree(checkout.folder / ".git")
    yield checkout.package(), "git cannot tell what ships: fatal: not a git repository"


def test_a_python_other_than_the_stages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DeployError, match=r"^dev runs python3\.9 and this is python3\.\d+, .*: make the environment anew"
    ):
        build(Stage("dev", "ap-southeast-2", "python3.9"), folder=tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_another_python_is_refused_before_a_deploy_makes_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    with empty_account() as url:
        aws = connect(monkeypatch, url, Stage("dev", "ap-southeast-2", "python3.9"))
        configure(aws, "gifts.example.com")

        with pytest.raises(DeployError, match=r"^dev runs python3\.9 and this is"):
            Deploy(aws, lambda _: None).run()

        assert aws.cloudformation.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("size", [MOST_ZIPPED, MOST_UNPACKED])
def test_a_package_that_is_too_large_is_refused(tmp_path: Path, size: int) -> None:
    content = os.urandom(size) if size == MOST_ZIPPED else bytes(size)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "film.mp4").write_bytes(content + b"!")
    write_zip(tmp_path / "large.zip", tmp_path / "files")
    told: list[str] = []

    with pytest.raises(DeployError, match=r"^the package has .* at most 26 and 80 are allowed"):
        report(tmp_path / "large.zip", told.append)

    assert "film.mp4" in told[0]


def test_a_file_of_the_project_never_hides_a_packages(tmp_path: Path) -> None:
    for folder in ("project", "packages"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "six.py").touch()

    with pytest.raises(DeployError, match=r"^six\.py is in the project and in a package"):
        write_zip(tmp_path / "site.zip", tmp_path / "project", tmp_path / "packages")


def _source_of(name: str) -> str:
    folder, _, file = name.rpartition("__pycache__/")
    return f"{folder}{file.partition('.')[0]}.py"
