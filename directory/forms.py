"""Forms of people and accounts."""

from django import forms

REFUSED = "That name and password do not work together, or not yet. Wait a moment and try again."


class SignInForm(forms.Form):
    """Name and password; whatever is wrong, the answer is one and the same."""

    username = forms.CharField(max_length=150)
    password = forms.CharField(max_length=4096, strip=False, widget=forms.PasswordInput)

    def refuse(self) -> None:
        """Replace every complaint by the one answer."""
        self.full_clean()
        self.errors.clear()
        self.add_error(None, REFUSED)
