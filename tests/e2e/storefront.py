"""A shop that does more with a gift than the demo's: simple gifts, their timelines, and patience."""

from local.shop import Json, Shop
from tests.waiting import eventually

RENDERED_WITHIN_S = 60
MAILED_WITHIN_S = 15


class Storefront(Shop):
    """Its customers pay once they were told that the film is finished, so the timeline's order is always the same."""

    def mark_paid(self, gift: Json) -> Json:
        self.wait_for_event(gift, "mail.accepted video_ready")
        return super().mark_paid(gift)

    def submit_greeting(self, sender: str, recipient: str, /, **content: object) -> Json:
        """A gift of a few words alone, whose film is short, handed in; from and to people at example.com."""
        gift = {"sender": _person(sender), "recipient": _person(recipient), "message": "Happy birthday!", **content}
        return self.submit(self.call("POST", "/v1/gifts", {"template": "birthday-confetti", **gift}))

    def cancel(self, gift: Json) -> Json:
        return self.call("POST", f"/v1/gifts/{gift['id']}/cancel")

    def events(self, gift: Json) -> list[Json]:
        """The timeline, oldest first."""
        newest_first: list[Json] = self.call("GET", f"/v1/gifts/{gift['id']}/events?limit=100")["results"]
        return newest_first[::-1]

    def timeline(self, gift: Json) -> list[str]:
        """Each event in a word or two: its type, with the kind of a mail and how far a film was watched."""
        return [
            " ".join(
                str(word) for word in (event["type"], event["data"].get("kind"), event["data"].get("percent")) if word
            )
            for event in self.events(gift)
        ]

    def wait_for_event(self, gift: Json, event: str) -> None:
        eventually(lambda: event in self.timeline(gift), MAILED_WITHIN_S, lambda: self.timeline(gift))

    def renders(self, gift: Json) -> list[Json]:
        """Newest first."""
        renders: list[Json] = self.call("GET", f"/v1/gifts/{gift['id']}/renders")["results"]
        return renders


def _person(name: str) -> Json:
    return {"name": name, "email": f"{name.lower()}@example.com"}
