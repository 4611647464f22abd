"""The MongoMotor documents, a field for each field of the record of the same name.

`purge_at` (or `expires_at`) carries a TTL index: MongoDB clears away what has ended, while every
flow checks the times itself.
"""

from __future__ import annotations

from typing import Any

from mongomotor import Document
from mongomotor.fields import (
    BooleanField,
    DateTimeField,
    DictField,
    IntField,
    ListField,
    StringField,
)


def _ends(field: str) -> dict[str, Any]:
    return {"fields": [field], "expireAfterSeconds": 0}


def _meta(collection: str, *indexes: dict[str, Any] | str) -> dict[str, Any]:
    return {
        "collection": f"smart_{collection}",
        "indexes": list(indexes),
        "auto_create_index": False,
        "id_field": "id",
    }


class ClientDocument(Document):
    meta = _meta("clients")
    id = StringField(primary_key=True)
    name = StringField(required=True)
    method = StringField(required=True)
    redirect_uris = ListField(StringField())
    scopes = ListField(StringField())
    secret_hash = StringField()
    jwks = ListField(DictField())
    suspended = BooleanField(default=False)


class UserDocument(Document):
    meta = _meta("users", {"fields": ["username"], "unique": True})
    id = StringField(primary_key=True)
    username = StringField(required=True)
    password_hash = StringField(required=True)
    fhir_user = StringField(required=True)
    suspended = BooleanField(default=False)


class SessionDocument(Document):
    meta = _meta("sessions", _ends("expires_at"), "user_id")
    id = StringField(primary_key=True)
    user_id = StringField(required=True)
    signed_in_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)


class AuthorizationRequestDocument(Document):
    meta = _meta("authorization_requests", _ends("expires_at"))
    id = StringField(primary_key=True)
    client_id = StringField(required=True)
    redirect_uri = StringField(required=True)
    scopes = ListField(StringField())
    state = StringField()
    nonce = StringField()
    code_challenge = StringField(required=True)
    sign_in_after = DateTimeField()
    expires_at = DateTimeField(required=True)
    shown_to = StringField()


class ApprovalDocument(Document):
    meta = _meta("grants", _ends("expires_at"), "user_id", "client_id")
    id = StringField(primary_key=True)
    client_id = StringField(required=True)
    subject = StringField(required=True)
    user_id = StringField()
    scopes = ListField(StringField())
    patient = StringField()
    fhir_user = StringField()
    created_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)
    revoked = BooleanField(default=False)
    online_session = StringField()
    minted_reason = StringField()


class AuthorizationCodeDocument(Document):
    meta = _meta("codes", _ends("purge_at"))
    id = StringField(primary_key=True)
    grant_id = StringField(required=True)
    client_id = StringField(required=True)
    redirect_uri = StringField(required=True)
    code_challenge = StringField(required=True)
    nonce = StringField()
    signed_in_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)
    purge_at = DateTimeField(required=True)
    used = BooleanField(default=False)


class RefreshTokenDocument(Document):
    meta = _meta("refresh_tokens", _ends("expires_at"))
    id = StringField(primary_key=True)
    grant_id = StringField(required=True)
    client_id = StringField(required=True)
    expires_at = DateTimeField(required=True)
    used = BooleanField(default=False)


class StoredKeyDocument(Document):
    meta = _meta("keys", {"fields": ["slot"], "unique": True})
    id = StringField(primary_key=True)
    use = StringField(required=True)
    slot = StringField(required=True)
    public = DictField()
    sealed = StringField(required=True)
    created_at = DateTimeField(required=True)
    retired_at = DateTimeField()


class UsedAssertionDocument(Document):
    meta = _meta("used_assertions", _ends("purge_at"))
    id = StringField(primary_key=True)
    purge_at = DateTimeField(required=True)


class ChangeDocument(Document):
    meta = _meta("changes", {"fields": ["at"], "expireAfterSeconds": 86_400})
    id = StringField(primary_key=True)
    at = DateTimeField(required=True)


class FailuresDocument(Document):
    meta = _meta("sign_in_failures", _ends("purge_at"))
    id = StringField(primary_key=True)
    count = IntField(default=0)
    last_at = DateTimeField(required=True)
    purge_at = DateTimeField(required=True)
