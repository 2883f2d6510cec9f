"""`make run` and `make gateway`: the whole system on this machine, until Ctrl-C."""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

from local.errors import LocalError
from local.migrations import PROJECT
from local.private_files import write_private
from local.seed import Access, seed
from local.shop import Shop, shop_window
from local.signals import heard_once, obey_signals
from local.stack import Stack
from local.terminal import DIM, RED, fail, painted, say
from local.walk import Walk, make_props, send_gift

HOME = PROJECT / ".local"
GATEWAY_HOME = HOME / "gateway"  # one of its own, so that both can be up


def run(home: Path, *, port: int | None, behind_gateway: bool = False) -> None:
    """Bring everything up and keep it up until a signal. Raises LocalError if anything fails to start, or ends."""
    with Stack(home, port=port, behind_gateway=behind_gateway) as stack, heard_once():
        facts_file, env_file = stack.home / "run.json", stack.home / "run.env"
        stack.start_backing()
        try:
            _remove(facts_file, env_file)  # of a run that was killed: until this one is up, they would mislead
            stack.start_site()
            facts = _facts(stack, seed(stack))
            write_private(env_file, "".join(f"{name}={value}\n" for name, value in stack.env.items()))
            write_private(facts_file, json.dumps(facts, indent=2) + "\n")  # last: whoever waits for it finds all
            _introduce(facts, facts_file)
            _send_first_gift(stack, facts)
            stack.watch()
        finally:
            _remove(facts_file, env_file)


def read_port(text: str | None) -> int | None:
    """What PORT= says, or None. Raises LocalError for what is no port."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise LocalError(f"PORT={text} is no port: give a number from 1 to 65535")
    return int(text)


def _facts(stack: Stack, access: Access) -> dict[str, str]:
    """What `run.json` says: where everything is, and how to get in."""
    return {
        "base_url": stack.base_url,
        "api_key": access.api_key,
        "test_api_key": access.test_api_key,
        "second_api_key": access.second_api_key,
        "admin_url": f"{stack.base_url}/admin/",
        "admin_username": access.admin_username,
        "admin_password": access.admin_password,
        "admin_totp_secret": access.admin_totp_secret,
        "mailbox_url": f"{stack.env['SENDGRID_URL']}/mailbox",
        "docs_url": f"{stack.base_url}/docs",
        "database_url": stack.env["DATABASE_URL"],
        "aws_endpoint_url": stack.env["AWS_ENDPOINT_URL"],
    }


def _introduce(facts: dict[str, str], file: Path) -> None:
    login = f"{facts['admin_username']} / {facts['admin_password']}"
    say(f"""
Giftflick is up.

  Site      {facts["base_url"]}
  Docs      {facts["docs_url"]}
  Admin     {facts["admin_url"]}   {login}
            then the code of an authenticator app that has {facts["admin_totp_secret"]}, or `make code`
  Mailbox   {facts["mailbox_url"]}
  API key   {facts["api_key"]}
  Test key  {facts["test_api_key"]}

  {painted(f'curl -H "X-API-Key: {facts["api_key"]}" {facts["base_url"]}/v1/account', DIM)}

All of this is in {file} too. Ctrl-C stops everything; the gifts stay.
""")


def _send_first_gift(stack: Stack, facts: dict[str, str]) -> None:
    """Send one unless one was sent before, so that there is something to see. If that fails, the system stays up."""
    shop = Shop(stack.base_url, facts["api_key"], heartbeat=stack.check)
    try:
        if shop.call("GET", "/v1/gifts?status=sent&status=watched&limit=1")["results"]:
            return
        with tempfile.TemporaryDirectory(prefix="giftflick-") as folder, shop_window(Path(folder)) as shop_url:
            props = make_props(Path(folder))
            sent = send_gift(Walk(), shop, props, shop_url=shop_url, mailbox_url=facts["mailbox_url"])
        say(f"\nThe first gift is there: {sent.gift['watch_url']}")
    except LocalError as error:
        stack.check()  # a service that died is the reason, and ends the run
        print(painted(f"The first gift was not sent: {error}", RED, sys.stderr), file=sys.stderr, flush=True)


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.run", description=__doc__)
    parser.add_argument("--port", help="the site's port; the last one, or a free one, by default")
    parser.add_argument("--gateway", action="store_true", help="the site as AWS runs it: API Gateway and functions")
    parser.add_argument("--home", type=Path, help="where everything is kept")
    arguments = parser.parse_args()
    obey_signals()
    try:
        home = arguments.home or (GATEWAY_HOME if arguments.gateway else HOME)
        run(home, port=read_port(arguments.port), behind_gateway=arguments.gateway)
    except KeyboardInterrupt:
        say("\nStopped.")
    except (LocalError, OSError) as error:
        fail(str(error))


if __name__ == "__main__":
    main()
