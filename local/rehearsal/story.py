"""What happens in the rehearsal, in order: acts of what people do on AWS, each with a look at what came of it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import urllib3

from giftflick.console_roles import ROLES
from giftflick.remote import COMMANDS
from local.cloud.inventory import inventory
from local.recipient import browser
from local.rehearsal import founder, rights
from local.rehearsal.account import VENDORS, Account, RehearsalError
from local.rehearsal.load import Call, under_load
from local.rehearsal.looks import canaries, equal, look_around
from local.rehearsal.releases import Checkout
from local.secrets_file import kept_secrets
from local.shop import Shop, shop_window
from local.terminal import say, step
from local.walk import Walk, make_props, send_gift

REVOKED_WITHIN_S = 60  # product.md
PLAYED_PERCENT, PLAYED_WITHIN_S, WATCHED_WITHIN_S = 25, 45, 10
SHOP = "Confetti Shop"
IN_THE_RELEASE_FUNCTION = {
    "prepare_database",
    "rotate_database",
    "rotate_console",
}  # which deploy and rotate have it do
REFUSED_LINES = {
    "shell": "not run from afar",
    "flush --no-input": "not run from afar",
    "migrate --fake": "option",
    "stats 'x'": "quotes",
}


class Story:
    """One stage's life. `key` is a shop's API key, `watch_url` the link of the gift that was sent."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.key_id, self.key = "", ""
        self.watch_url = ""

    def deploy_from_nothing(self) -> str:
        """Return the release. What is missing is told before anything is made."""
        account = self.account
        with step("configured; what was missing was told"):
            account.refused("infra.deploy", "--stage", account.stage.name, words="alias-domain")
            account.infra("configure", "--set", account.inputs)
        with step("stacks made; the vendors' keys were asked for"):
            account.refused("infra.deploy", "--stage", account.stage.name, words="SENDGRID_API_KEY")
        with step("the vendors' keys given"):
            for name in VENDORS:
                account.infra("secret", "--name", name, typed=account.secrets[name])
        with step("deployed"):
            account.infra("deploy")
        with step("nothing to deploy a second time, and a plan says so"):
            account.infra("plan")
        look_around(account)
        return self.release()

    def hand_keys_over(self) -> None:
        """By `zappa manage`: templates, the renderer's access key, a founder, a shop's key."""
        account = self.account
        with step("zappa manage: migrations, templates, the renderer's key"):
            account.manage("migrate")
            account.manage("seed_templates")
            account.manage("renderer_key --action=issue")
            account.start_renderer()
        with step("a founder chose a password by the mailed link, signed in and made a shop"):
            account.manage("create_founder --email=ada@giftflick.example --name=ada")
            founder.make_shop(account, email="ada@giftflick.example", name="ada", shop=SHOP)
        with step("a key for the shop, handed over by Secrets Manager"):
            issued = account.manage(f"api_key issue --account={quote(SHOP)} --name=rehearsal")
            self.key_id, self.key = issued["id"], account.secret(issued["secret"])
        with step("the query console's logins, made by the release, get an answer"):
            prepared = account.manage("prepare_console")
            equal("the logins that get an answer", prepared["answering"], list(ROLES))
        with step("the renderer's rights, tried; the function's, compared"):
            say(f"  {rights.renderer(account)}; {rights.function(account)}")

    def send_a_gift(self, folder: Path) -> None:
        """From the API call to the watched film, through the edge, the gateway and the packaged function."""
        account = self.account
        shop = Shop(account.url, self.key)
        folder.mkdir(parents=True, exist_ok=True)
        props = make_props(folder)
        with shop_window(folder) as shop_url:
            sent = send_gift(Walk(), shop, props, shop_url=shop_url, mailbox_url=account.mailbox_url)
        film = sent.gift["video"]["url"]
        if not film.startswith(f"{account.url}/media/renders/"):
            raise RehearsalError("the film's address is not CloudFront's")
        with (
            step("film opened in Chromium by its signed address, and watched"),
            browser(ignore_certificates=True) as open_link,
        ):
            page = open_link(sent.gift["watch_url"])
            page.play(PLAYED_PERCENT, within_s=PLAYED_WITHIN_S)
            page.photograph(account.home / "watch.png")
            shop.wait_for(sent.gift, "watched", within_s=WATCHED_WITHIN_S)
        unsigned = film.partition("?")[0]
        equal("the film without a signature", _status(unsigned), 403)
        self.watch_url = sent.gift["watch_url"]

    def run_every_command(self) -> None:
        """All that docs/commands.md lists, by `zappa manage` and by `zappa invoke`; what is not listed is refused."""
        account = self.account
        lines = [
            "create_founder --email=bea@giftflick.example --name=bea",
            "reset_second_factor --email=bea@giftflick.example",
            "api_key list",
            f"api_key rotate --key={self.key_id} --overlap-hours=24",
            "api_key issue --account=Confetti%20Shop --name=another",
            "sync_api_keys --dry-run",
            "sync_api_keys",
            "requeue_jobs",
            f"erase_recipient --email-sha256={'0' * 64}",
            "renderer_key --action=status",
            "stats",
            "tick --seconds=5",
            "check --deploy --fail-level=WARNING",
            "migrate",
            "showmigrations",
            "seed_templates",
            "prepare_console",
            "smoke_key",
        ]
        another = account.manage("api_key issue --account=Confetti%20Shop --name=another")["id"]
        lines.append(f"api_key revoke --key={another}")
        equal("commands that nobody tries", set(COMMANDS) - {_command(line) for line in lines}, IN_THE_RELEASE_FUNCTION)
        with step(f"{len(lines)} commands by zappa manage and zappa invoke"):
            for line in lines:
                account.manage(line)
                account.manage(line, by="invoke")
        with step("what is not listed, or for the release function, is refused"):
            for line in IN_THE_RELEASE_FUNCTION:
                account.refused_remotely("manage", account.stage.name, line, words="runs in the release function")
            for line, words in REFUSED_LINES.items():
                account.refused_remotely("manage", account.stage.name, line, words=words)
                account.refused_remotely("invoke", account.stage.name, line, words=words)
            account.refused_remotely("invoke", "--raw", account.stage.name, "print(1)", words="no more")

    def rotate_every_secret(self) -> None:
        """While two callers go on asking, none of whom may notice."""
        account = self.account
        for secret in ("database", "console", "secret-key", "edge", "media", "database"):
            with self._rotated(secret):
                account.infra("rotate", "--secret", secret, "--heard-after", "1")
        with self._rotated("renderer-key"):
            account.infra("rotate", "--secret", "renderer-key")
            account.start_renderer()  # somebody entered the new key there
        with self._rotated("the vendors' keys"):
            fresh = kept_secrets(account.home / "fresh.json")
            for name in ("SENDGRID_API_KEY", "RENDERER_API_KEY"):
                account.secrets[name] = fresh[name]
                account.infra("secret", "--name", name, typed=fresh[name])
            account.start_sendgrid()
            account.start_renderer()
        with step("a gift rendered and mailed with the new keys"):
            self.send_a_gift(account.home / "second")

    def release_again(self, checkout: Checkout, first: str) -> None:
        """A release that works, back from it, one whose migration fails, one that is not ready."""
        account, folder = self.account, checkout.folder
        second = checkout.working()
        with self._rotated("the code, by an update"):
            account.infra("deploy", checkout=folder)
        equal("the version after an update", self.release(), second)
        with self._rotated("the code, by a rollback"):
            account.infra("rollback")
        equal("the version after a rollback", self.release(), first)
        with step("a failing migration stops a release before it takes traffic"):
            checkout.with_failing_migration()
            account.refused("infra.deploy", "--stage", account.stage.name, words="migrate failed", checkout=folder)
            checkout.undo()
        equal("the version after a failed migration", self.release(), first)
        with step("a release that is not ready is rolled back"):
            checkout.not_ready()
            account.refused(
                "infra.deploy",
                "--stage",
                account.stage.name,
                "--patience",
                "5",
                words="rolled back to",
                checkout=folder,
            )
        equal("the version after a failed smoke test", self.release(), first)

    def revoke_the_key(self) -> None:
        with step("a revoked key is dead within a minute"):
            call = Call(f"{self.account.url}/v1/account", {"X-API-Key": self.key})
            equal("the key before", _status(call.url, call.headers), 200)
            self.account.manage(f"api_key revoke --key={self.key_id}")
            revoked_at = time.monotonic()
            while _status(call.url, call.headers) == 200:
                if time.monotonic() > revoked_at + REVOKED_WITHIN_S:
                    raise RehearsalError("the revoked key still opens the API after a minute")
                time.sleep(0.5)
            seconds = time.monotonic() - revoked_at
        say(f"  {seconds:.0f} s")

    def keep_secrets(self) -> None:
        with step("no secret in configurations, logs, output or code"):
            canaries(self.account)

    def destroy(self) -> None:
        account = self.account
        with step("destroyed; nothing is left"):
            account.refused(
                "infra.destroy", "--stage", account.stage.name, "--confirm", "prod", words="nothing was removed"
            )
            account.infra("destroy", "--confirm", account.stage.name)
            equal("what is left", inventory(account.endpoint), {})

    def release(self) -> str:
        answer = urllib3.request("GET", f"{self.account.url}/healthz", timeout=35, retries=False)
        return str(json.loads(answer.data)["version"])

    @contextmanager
    def _rotated(self, what: str) -> Iterator[None]:
        """Exchange it in this block, while an API call and a page are asked for all the time."""
        calls = [
            Call(f"{self.account.url}/v1/account", {"X-API-Key": self.key}),
            Call(self.watch_url),
        ]
        with step(f"{what} exchanged under load"), under_load(calls) as load:
            yield
        say(f"  {load.answers.total()} calls, none failed")


def _command(line: str) -> str:
    """Its name on the list, which has two words where a command does several things."""
    words = line.split()
    return next(name for name in (" ".join(words[:2]), words[0]) if name in COMMANDS)


def _status(url: str, headers: dict[str, str] | None = None) -> int:
    return urllib3.request("GET", url, headers=headers, timeout=35, retries=False).status


def rehearse_dev(account: Account, checkout: Callable[[], Checkout]) -> None:
    story = Story(account)
    first = story.deploy_from_nothing()
    story.hand_keys_over()
    story.send_a_gift(account.home / "first")
    story.run_every_command()
    story.rotate_every_secret()
    story.release_again(checkout(), first)
    story.revoke_the_key()
    story.keep_secrets()
    story.destroy()


def rehearse_production(account: Account) -> None:
    """What differs there: the way out, the schedules, and that nothing destroys it."""
    story = Story(account)
    story.deploy_from_nothing()
    with step("production is not destroyed"):
        account.refused("infra.destroy", "--stage", "production", "--confirm", "production", words="never destroyed")
