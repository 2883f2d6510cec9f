"""Imports point down only: the layers of a capability, and the capabilities among each other."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [
    {"states"},
    {"models"},
    {"selectors"},
    set[str](),  # any other noun, such as content.py or timeline.py: what services are made of
    {"services"},
    {"serializers", "filters", "sweeps", "drain", "bulk"},
    {"views", "tasks", "admin", "pages"},
    {"urls"},
]
OTHER_NOUN = 3
BELOW_GIFTS = {"media", "rendering", "delivery", "templates", "outbox", "webhooks", "audit"}
PRODUCT = ("accounts", "api", "giftflick")

Tree = dict[str, set[str]]  # module -> the modules it imports, anywhere in it


def read_imports(sources: dict[str, str]) -> Tree:
    """`from package import name` is the module `package.name` if there is one, else `package`."""
    tree: Tree = {module: set() for module in sources}
    for module, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                tree[module] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                named = {f"{node.module}.{alias.name}" for alias in node.names}
                tree[module] |= (named & sources.keys()) or {node.module}
    return tree


def product() -> Tree:
    files = [file for package in PRODUCT for file in (ROOT / package).rglob("*.py")]
    names = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files}
    return read_imports({names[file]: file.read_text(encoding="utf-8") for file in files})


def capability(module: str) -> str:
    package, _, rest = module.partition(".")
    return rest.partition(".")[0] if package == "api" else ""


def layer(module: str) -> int:
    name = "".join(module.split(".")[2:3])
    return next((height for height, names in enumerate(LAYERS) if name in names), OTHER_NOUN)


def reachable(tree: Tree, module: str) -> set[str]:
    found, open_ends = set[str](), [module]
    while open_ends:
        for imported in tree.get(open_ends.pop(), set()) - found:
            found.add(imported)
            open_ends.append(imported)
    return found


def upward(tree: Tree) -> set[tuple[str, str]]:
    """Imports within a capability that point from a lower layer to a higher one."""
    return {
        (module, imported)
        for module, imports in tree.items()
        for imported in imports
        if capability(module) and capability(module) == capability(imported) and layer(module) < layer(imported)
    }


def forbidden(tree: Tree) -> set[tuple[str, str]]:
    """What a module must not come to import, neither itself nor by what it imports."""
    return {
        (module, imported)
        for module in tree
        for imported in reachable(tree, module)
        if imported.split(".")[0] in {"local", "tests"}
        or (capability(module) in BELOW_GIFTS and capability(imported) == "gifts")
        or (".backends" in module and imported.endswith(".models"))
    }


def test_imports_point_down() -> None:
    tree = product()

    assert upward(tree) == set()
    assert forbidden(tree) == set()


def test_a_bad_import_is_caught() -> None:
    tree = read_imports(
        {
            "api.gifts.states": "from api.gifts import models",
            "api.gifts.models": "def late():\n    from api.gifts.services.sending import send",
            "api.gifts.services.sending": "import api.gifts.views",
            "api.gifts.views": "from api.gifts.services import sending",
            "api.media.services": "from api import usage",
            "api.media.admin": "from api.media.models import Upload\nimport local.stack",
            "api.media.models": "from api.media.states import UploadStatus",
            "api.usage": "from api.gifts.states import EDGES",
            "api.rendering.backends.own": "from api.media.models import Upload",
            "giftflick.wsgi": "from tests import build",
        }
    )

    assert upward(tree) == {
        ("api.gifts.states", "api.gifts.models"),
        ("api.gifts.models", "api.gifts.services.sending"),
        ("api.gifts.services.sending", "api.gifts.views"),
    }
    assert {(module, imported) for module, imported in forbidden(tree) if "gifts" not in module} == {
        ("api.media.services", "api.gifts.states"),
        ("api.media.services", "api.gifts.models"),
        ("api.media.services", "api.gifts.services.sending"),
        ("api.media.services", "api.gifts.views"),
        ("api.media.admin", "local.stack"),
        ("api.rendering.backends.own", "api.media.models"),
        ("giftflick.wsgi", "tests"),
    }
