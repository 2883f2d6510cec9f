"""What the description says first."""

TITLE = "Giftflick"
VERSION = "1.0.0"

KEY_WORDS = (
    "`gf_live_…` makes real gifts; `gf_test_…` makes test gifts, which render in the sandbox and whose mails never "
    "leave. Neither sees what the other made."
)

_INTRODUCTION = """\
Giftflick turns a purchase in an online shop into a video gift. Your shop makes a **gift**, the sender adds photos or \
clips, we have the film made, and once the order is paid the recipient gets it by e-mail.

A first call:

```sh
curl -H "X-API-Key: $KEY" https://giftflick.example/v1/account
```

The [guide](/docs) walks through a whole gift. What holds for every call:

* **JSON** with snake_case names; times are RFC 3339 in UTC, ids are UUIDs. A field that is not known is an error, and \
so is a name that stands twice in an object.
* **Keys** stand in `X-API-Key` and nowhere else. A key has a mode and scopes; each operation names the scope it \
needs. What belongs to somebody else, or to the other mode, is 404.
* **Errors** are problem documents (RFC 9457). Decide by `code`, which never changes its meaning. Behind our gateway, \
what it refuses by itself (no key, a refused key, too large, throttled) carries its own short body, `{"message"}`.
* **Request ids**: each answer has `X-Request-Id`; send your own and we keep it.
* **Idempotency**: give any POST an `Idempotency-Key`, and repeat it without fear.
* **Lists** are pages: follow `next` until it is null.
* **Rate limits** hold for each key; `RateLimit` says what is left, and 429 comes with `Retry-After`.
* **Versions**: send `If-Match: "<version>"` with a PATCH, and it is refused if somebody changed the gift since.
"""


def description() -> str:
    return _INTRODUCTION
