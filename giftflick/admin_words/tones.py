"""Which states are good news, which need somebody, and which are only passing. The colour never says it alone."""

GOOD = ("ready", "scheduled", "sent", "watched", "accepted", "delivered", "succeeded", "published", "done", "live")
PASSING = ("rendering", "submitted", "running", "sending", "processed", "opened", "clicked")
LOOK = ("expiring", "unknown", "deferred", "possible", "suspended", "draft_changed")
BAD = ("failed", "bounced", "dead", "refused", "revoked", "dropped", "complained", "unsubscribed", "failing", "gone")

TONES: dict[str, str] = {
    **dict.fromkeys(GOOD, "good"),
    **dict.fromkeys(PASSING, "info"),
    **dict.fromkeys(LOOK, "warn"),
    **dict.fromkeys(BAD, "bad"),
}
