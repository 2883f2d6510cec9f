"""What an empty list says: what would be here, and what to do. Keyed by the model's label."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Nothing:
    title: str
    text: str


EMPTY: dict[str, Nothing] = {
    "api.gift": Nothing(
        "No gifts yet",
        "A gift appears when a shop's page makes one through the API. Give the shop a key first: Shops, then API keys.",
    ),
    "api.render": Nothing(
        "No renders yet", "A render appears each time a gift is handed in: it is one order to the rendering service."
    ),
    "api.rendercallback": Nothing(
        "No callbacks yet",
        "The rendering service calls back when a film is done. None at all, while renders are open, means that it "
        "cannot reach us.",
    ),
    "api.upload": Nothing(
        "No uploads yet", "A sender's photos, clips and sounds appear here once the shop's page asks to upload one."
    ),
    "api.template": Nothing(
        "No templates yet",
        "A gift is made from a template. Make one with Add, or have a developer run seed_templates for the two that "
        "Giftflick comes with.",
    ),
    "api.message": Nothing(
        "No mails yet", "A mail appears when it is decided to send one, before it goes out: receipts first."
    ),
    "api.mailevent": Nothing(
        "Nothing from SendGrid yet",
        "SendGrid reports what became of each mail within seconds. If mails went out and nothing is here, its event "
        "webhook is not set up.",
    ),
    "api.job": Nothing("No jobs", "Work that waits, is being done, or was given up appears here. None is fine."),
    "api.webhookendpoint": Nothing(
        "No webhooks", "A shop sets one up by the API if it wants to hear of its gifts. Nothing to do here."
    ),
    "api.webhookdelivery": Nothing(
        "Nothing delivered yet", "What is sent to the shops' endpoints appears here, with each try."
    ),
    "api.auditentry": Nothing(
        "Nothing changed yet", "Whoever changes something, in whichever way, leaves a line here for 400 days."
    ),
    "api.suppression": Nothing(
        "No address is kept from our mails",
        "Who asks for no more mails is added here: no shop's gift is mailed to them.",
    ),
    "api.queryrun": Nothing(
        "Nobody has asked anything yet", "Each question that is asked in the console leaves a line here."
    ),
    "accounts.account": Nothing(
        "No shops yet", "A shop is whoever calls the API. Make one with Add, then issue a key for it under API keys."
    ),
    "accounts.apikey": Nothing(
        "No API keys yet", "A shop's page or server calls the API with a key. Issue one with Add: it is shown once."
    ),
    "accounts.user": Nothing("Nobody yet", "Whoever signs in here is on this list. Invite somebody with Add."),
}
