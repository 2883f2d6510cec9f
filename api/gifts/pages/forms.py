"""What the pages behind a gift's buttons ask, beside the reason."""

from typing import Any

from django import forms

from giftflick.admin_confirm import ReasonForm


class PaidForm(ReasonForm):
    reference = forms.CharField(
        label="Order reference",
        max_length=100,
        required=False,
        help_text="The shop's own number of the order. Left as it is if you leave this empty.",
    )


class CorrectionForm(ReasonForm):
    name = forms.CharField(label="Recipient's name", max_length=100)
    email = forms.EmailField(label="Recipient's e-mail address", max_length=254)

    def __init__(self, *args: Any, needs_address: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["email"].required = needs_address
        if not needs_address:
            self.fields["email"].help_text = "May stay empty: the sender shares the link of this gift herself."


THIS, ALL = "this", "all"


class ErasureForm(ReasonForm):
    """`number` of gifts that were, or are to be, mailed to the address; with one there is nothing to choose."""

    which = forms.ChoiceField(label="Which gifts", widget=forms.RadioSelect, initial=THIS)

    def __init__(self, *args: Any, number: int = 1, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].help_text = "So that nobody erases by mistake. It is blanked with the rest."
        if number < 2:
            del self.fields["which"]
            return
        self.fields["which"].choices = [  # type: ignore[attr-defined]  # a ChoiceField, which the stubs forget
            (THIS, "This gift only"),
            (ALL, f"All {number} gifts to this person's address, from whichever shop"),
        ]
