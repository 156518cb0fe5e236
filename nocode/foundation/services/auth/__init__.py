"""How people and their programs get in, and are kept out: invitations, passwords, addresses, sessions, tokens."""

from nocode.foundation.services.auth.accounts import activate, check_dispensable, deactivate
from nocode.foundation.services.auth.addresses import (
    cancel_address_change,
    confirm_address_change,
    open_address_change,
    request_address_change,
)
from nocode.foundation.services.auth.errors import (
    AccountNeeded,
    AddressTaken,
    InvitationRefused,
    LinkInvalid,
    PasswordRefused,
    TokenRefused,
    WrongPerson,
)
from nocode.foundation.services.auth.invitations import (
    INVITATION_DAYS,
    accept,
    invite,
    open_invitation,
    resend,
    revoke,
)
from nocode.foundation.services.auth.passwords import (
    change_password,
    check_password,
    owner_of_reset,
    request_password_reset,
    reset_password,
    send_password_reset,
)
from nocode.foundation.services.auth.sessions import end_other_sessions, end_session, sessions_of
from nocode.foundation.services.auth.tokens import bearer_of, create_token, delete_token

__all__ = [
    "INVITATION_DAYS",
    "AccountNeeded",
    "AddressTaken",
    "InvitationRefused",
    "LinkInvalid",
    "PasswordRefused",
    "TokenRefused",
    "WrongPerson",
    "accept",
    "activate",
    "bearer_of",
    "cancel_address_change",
    "change_password",
    "check_dispensable",
    "check_password",
    "create_token",
    "confirm_address_change",
    "deactivate",
    "delete_token",
    "end_other_sessions",
    "end_session",
    "invite",
    "open_address_change",
    "open_invitation",
    "owner_of_reset",
    "request_address_change",
    "request_password_reset",
    "resend",
    "reset_password",
    "revoke",
    "send_password_reset",
    "sessions_of",
]
