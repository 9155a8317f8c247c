"""People: those who sign in (User) and those the organisation's directory knows (Person)."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models, transaction

from commsportal.clock import now
from commsportal.due import Due, DueQuerySet
from directory import roles as roles_table


def validate_roles(value: object) -> None:
    """:raises ValidationError: unless `value` is a list of roles of the table, each once."""
    if not isinstance(value, list) or len(set(map(str, value))) != len(value):
        raise ValidationError("Roles are a list, each role once.")
    unknown = [role for role in value if role not in roles_table.MATRIX]
    if unknown:
        raise ValidationError(f"Unknown: {', '.join(map(str, unknown))}. Roles: {', '.join(roles_table.ROLES)}.")


class UserManager(BaseUserManager["User"]):
    """Make accounts."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Make an account; without a password it can only sign in with Microsoft."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Make an administrator (`manage.py createsuperuser`)."""
        return self.create_user(username, password, **{"roles": ["administrator"]} | fields)


class User(AbstractBaseUser):
    """Somebody who signs in. Rights come from `roles` by the table of `directory.roles`, from nothing else."""

    username = models.CharField(max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    name = models.CharField(max_length=200, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    roles = models.JSONField(default=list, blank=True, validators=[validate_roles])
    tenant_id = models.CharField(max_length=36, blank=True, default="")  # with oid: the Microsoft account
    oid = models.CharField(max_length=36, blank=True, default="", verbose_name="object id")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "oid"], condition=~models.Q(oid=""), name="user_microsoft_account_once"
            ),
            models.CheckConstraint(
                condition=models.Q(oid="") | ~models.Q(tenant_id=""), name="user_oid_needs_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    @property
    def rights(self) -> frozenset[str]:
        """Return what this person may do at this moment."""
        return roles_table.rights_of(self.roles) if self.is_active else frozenset()

    @property
    def sees_every_line(self) -> bool:
        """Tell whether the person's scope is all lines rather than those they staff."""
        return self.is_active and not roles_table.SEE_EVERY_LINE.isdisjoint(self.roles)

    @property
    def is_staff(self) -> bool:
        """Tell whether the person administers: what Django's admin asks for where no class of ours says other."""
        return roles_table.ADMIN in self.rights

    @property
    def is_superuser(self) -> bool:
        """Tell Django's admin the same as `is_staff`; each admin class narrows it."""
        return self.is_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Answer Django's admin; the portal's own code asks `rights`."""
        return self.is_staff

    def has_perms(self, perm_list: Any, obj: object = None) -> bool:
        """Answer Django's admin."""
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Answer Django's admin."""
        return self.is_staff

    def get_full_name(self) -> str:
        """Return the name to show."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.get_full_name().split(" ")[0]


MOST_SKILLS = 20
LONGEST_SKILL = 60


def validate_skills(value: object) -> None:
    """:raises ValidationError: unless `value` is a list of a few words each, none of them twice."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationError("Skills are a list of words.")
    if len(value) > MOST_SKILLS or any(not 0 < len(one) <= LONGEST_SKILL for one in value):
        raise ValidationError(f"At most {MOST_SKILLS} skills of at most {LONGEST_SKILL} letters each.")
    if any(one != " ".join(one.split()) or "," in one or not one.isprintable() for one in value):
        raise ValidationError("A skill is a few words without commas.")
    if len({one.casefold() for one in value}) < len(value):
        raise ValidationError("Name each skill once.")


class Edition(models.Model):
    """Another stamp whenever people of a tenant are others: what was made of them before is out of date.

    It changes in the transaction that writes them, first; `Person.save` sees to it, other ways of writing must.
    """

    tenant_id = models.CharField(max_length=36, primary_key=True)
    stamp = models.UUIDField()

    def __str__(self) -> str:
        return f"people of {self.tenant_id}"

    @classmethod
    def renew(cls, tenant_ids: Iterable[str]) -> None:
        """Stamp the tenants anew."""
        for tenant in sorted(set(tenant_ids)):
            cls.objects.update_or_create(pk=tenant, defaults={"stamp": uuid.uuid4()})


class Person(models.Model):
    """Somebody in the organisation's directory, mirrored from Graph's users; the skills are the portal's own."""

    tenant_id = models.CharField(max_length=36)
    oid = models.CharField(max_length=36)
    name = models.CharField(max_length=256)
    upn = models.CharField(max_length=320, blank=True, default="")
    mail = models.CharField(max_length=320, blank=True, default="")
    business_phone = models.CharField(max_length=64, blank=True, default="")
    mobile_phone = models.CharField(max_length=64, blank=True, default="")
    department = models.CharField(max_length=128, blank=True, default="")
    job_title = models.CharField(max_length=256, blank=True, default="")
    language = models.CharField(max_length=35, blank=True, default="")  # a tag such as de-AT
    zone = models.CharField(max_length=64, blank=True, default="")  # IANA's name, as their calendar last told it
    enabled = models.BooleanField(default=True)
    skills = models.JSONField(default=list, blank=True, validators=[validate_skills])
    search_text = models.TextField(blank=True, default="", editable=False)
    synced_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "people"
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["tenant_id", "oid"], name="person_once")]
        indexes = [models.Index(fields=["name", "id"])]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and have searches look again."""
        Edition.renew([self.tenant_id])
        super().save(*args, **kwargs)


class ApiToken(models.Model):
    """A personal key for scripts: shown once, kept as a digest."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SignInDelay(models.Model):
    """Failed sign-ins of one account from one source, or of one source; the delay grows with them."""

    key = models.CharField(max_length=64, primary_key=True)  # digest of source, or of account and source
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class SyncState(Due):
    """When the people of a tenant are read from Graph next, and how it went last; its lease lets one worker in."""

    tenant_id = models.CharField(max_length=36, unique=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    people = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    objects = DueQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(due_at__isnull=False), name="sync_is_always_due"),
        ]

    def __str__(self) -> str:
        return f"people of {self.tenant_id}"


class Presence(models.Model):
    """How somebody showed in Teams when Microsoft was last asked; a row is there while a console wants to know."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="presence")
    availability = models.CharField(max_length=64, blank=True, default="")  # Microsoft's word, unknown ones kept
    activity = models.CharField(max_length=64, blank=True, default="")
    is_out_of_office = models.BooleanField(default=False)
    message = models.CharField(max_length=1000, blank=True, default="")  # plain text
    at = models.DateTimeField(null=True, blank=True)  # null: not asked yet
    wanted_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id}: {self.availability or 'not asked yet'}"


class PresenceState(Due):
    """When a tenant is asked for presence next, and how it went last; not due while nobody wants to know.

    Who adds rows of `Presence`, or takes some away, locks this row first.
    """

    tenant_id = models.CharField(max_length=36, unique=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    people = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    missing_role = models.CharField(max_length=100, blank=True, default="")  # what Microsoft refuses us for

    objects = DueQuerySet.as_manager()

    def __str__(self) -> str:
        return f"presence in {self.tenant_id}"


class Favourite(models.Model):
    """Somebody whom a person of the portal wants at hand."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="favourites")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "person"], name="favourite_once")]

    def __str__(self) -> str:
        return f"{self.person_id} of {self.user_id}"


class Recent(models.Model):
    """Somebody to whom a person of the portal had a call sent, or whom they invited, and when last."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recents")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "person"], name="recent_once")]
        indexes = [models.Index(fields=["user", "-at"], name="recent_newest")]

    def __str__(self) -> str:
        return f"{self.person_id} of {self.user_id}"
