"""Where the authorization server's own records are kept: the only place that knows MongoMotor."""

from smart_auth.storage.mongo import MongoStorage
from smart_auth.storage.protocols import Storage, StorageUnavailable

__all__ = ["MongoStorage", "Storage", "StorageUnavailable"]
