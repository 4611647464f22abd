"""Everything that an operator may set: one typed class, read from four places.

Option, then environment (`FHIR_SERVER_NAME`), then the file of `--config`, then the default; an
unknown key is refused. `docs/settings.md` is generated from this class.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
)

PREFIX = "FHIR_SERVER_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
PLACES = ("data_dir", "mongodb_uri")

Source = Literal["option", "environment", "file", "default"]
Seconds = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1024)]


class SettingsError(Exception):
    """What is wrong with the settings, in one plain sentence."""


class Settings(BaseModel):
    """The settings of one process; `Settings.load` reads them, tests may construct them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    _sources: dict[str, Source] = PrivateAttr(default_factory=dict[str, Source])

    # Where the server listens
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=256, description="Number of server processes.")
    base_url: str | None = Field(
        None,
        description="Address under which clients reach the server, without `/fhir`; needed unless "
        "the host is a single loopback address.",
    )
    tls_cert: Path | None = Field(None, description="TLS certificate chain (PEM).")
    tls_key: Path | None = Field(None, description="Private key of the TLS certificate (PEM).")
    behind_proxy: bool = Field(
        False,
        description="A proxy in front ends TLS; its `X-Forwarded-*` headers give the client's "
        "address.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="With `behind_proxy`: addresses or networks of the proxies, comma-separated.",
    )
    shutdown_timeout: Seconds = Field(
        10, description="Seconds that running requests get to finish when the server stops."
    )

    # Where the data are
    data_dir: Path = Field(
        Path("data"),
        description="Folder of the embedded MongoDB and of the master key, seen from the current "
        "folder; made when absent.",
    )
    mongodb_uri: SecretStr | None = Field(
        None,
        description="A MongoDB of your own (replica set or sharded cluster) in place of the "
        "embedded one.",
    )
    database: str = Field("fhir", description="Name of the MongoDB database.")
    mongod_path: Path | None = Field(
        None, description="The `mongod` to embed; else the one on the PATH or in the wheel."
    )
    mongod_cache_gb: float | None = Field(
        None,
        ge=0.25,
        description="Cache of the embedded MongoDB in GB; else about half of the memory.",
    )
    master_key_file: Path | None = Field(
        None,
        description="Key under which signing keys are kept in the store; else `master.key` in the "
        "data folder, or with `mongodb_uri` in `~/.config/fhir-server`.",
    )

    # Sign-in and tokens
    access_token_lifetime: Seconds = Field(
        3600, le=3600, description="Seconds that an access token is good for; at most an hour."
    )
    backend_token_lifetime: Seconds = Field(
        300, le=300, description="Seconds that a backend service's access token is good for."
    )
    refresh_token_lifetime: Seconds = Field(
        90 * 86400, description="Seconds that a refresh token is good for after its last use."
    )
    authorization_code_lifetime: Seconds = Field(
        60, le=600, description="Seconds within which an app has to redeem its code."
    )
    session_lifetime: Seconds = Field(
        3600, description="Seconds that a sign-in lasts in the person's browser."
    )
    login_max_failures: int = Field(
        10,
        ge=1,
        description="Failed sign-ins of a user before each further one costs a wait, which "
        "doubles; of an address ten times as many.",
    )
    login_failure_window: Seconds = Field(
        900, description="Seconds after the last failed sign-in until all are forgotten."
    )
    organization_name: str = Field(
        "FHIR Server", min_length=1, description="Name of the organisation on the pages."
    )

    # FHIR
    search_default_count: int = Field(
        50, ge=1, description="Matches on a page of a search that asks for no `_count`."
    )
    search_max_count: int = Field(1000, ge=1, le=10_000, description="Most matches on a page.")
    search_max_includes: int = Field(
        1000, ge=1, description="Most included resources on a page; an outcome entry says so."
    )
    ig: Literal["us-core"] | None = Field(
        None,
        description="Implementation guide whose search parameters the store is to have beside "
        "R4's: `us-core` (7.0.0). The store remembers.",
    )
    search_strict: bool = Field(
        True, description="Without a `Prefer` header, refuse unknown search parameters."
    )
    max_body_bytes: Bytes = Field(
        12 * 1024 * 1024, description="Largest request body, other than a bundle's."
    )
    max_bundle_bytes: Bytes = Field(
        64 * 1024 * 1024,
        description="Largest transaction or batch bundle, and the most that its entries may have "
        "answered.",
    )
    max_attachment_bytes: Bytes = Field(
        100 * 1024 * 1024,
        description="Largest content of a Binary or attachment; a body with one may be as much "
        "larger than `max_body_bytes`, and a third of it for base64.",
    )
    max_large_bodies_bytes: Bytes = Field(
        384 * 1024 * 1024,
        description="Bodies beyond `max_body_bytes` that one worker reads at the same time, in "
        "bytes; who comes beyond that is told to come again (503). One is always taken.",
    )
    max_bundle_entries: int = Field(
        25_000, ge=1, description="Most entries of a transaction or batch bundle."
    )
    max_depth: int = Field(
        64, ge=8, le=64, description="Most objects (XML elements) inside one another in a body."
    )
    max_parameters: int = Field(
        1000, ge=10, description="Most parameters of an address, a form or an entry's address."
    )
    max_url_bytes: int = Field(
        32 * 1024,
        ge=1024,
        le=56 * 1024,
        description="Longest address with its query; the head of a request ends at 64 KB anyway.",
    )

    # Writing
    skip_unchanged_updates: bool = Field(
        False, description="An update that changes nothing makes no new version."
    )
    conditional_delete: Literal["single", "multiple"] = Field(
        "single", description="How many matches a conditional delete may remove."
    )
    referential_integrity: Literal["off", "write", "delete"] = Field(
        "off",
        description="`write`: a reference to a resource of this server has to name one that is "
        "there and that the caller may read, else 422; `delete`: beside that, what others refer "
        "to cannot be deleted (409).",
    )

    # Logs and metrics
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged; requests are `info`."
    )
    metrics_host: str = Field("127.0.0.1", description="Address of the metrics listener.")
    metrics_port: int = Field(
        9464, ge=0, le=65535, description="Port of the metrics listener; 0 for none."
    )

    @field_validator("base_url")
    @classmethod
    def _plain_base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("should be an absolute http or https address")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("should have no query, fragment or user")
        if parts.path.rstrip("/").endswith("/fhir"):
            raise ValueError("should end before /fhir, which the server adds")
        return value.rstrip("/")

    @field_validator("data_dir", "master_key_file", "mongod_path", "tls_cert", "tls_key")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("mongodb_uri")
    @classmethod
    def _mongodb_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        uri = "mongodb://" if value is None else value.get_secret_value()
        if not uri.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("should start with mongodb:// or mongodb+srv://")
        return value

    @field_validator("database")
    @classmethod
    def _database_name(cls, value: str) -> str:
        # MongoDB manual, "Naming Restrictions"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,63}", value):
            raise ValueError("should be 1 to 63 letters, digits, hyphens or underscores")
        if value in {"admin", "local", "config"}:
            raise ValueError("should not be one of MongoDB's own")
        return value

    @classmethod
    def load(cls, options: Mapping[str, object], config: Path | None = None) -> Self:
        """The settings from all four places; `options` are those that were given."""
        if config is None and CONFIG_VARIABLE in os.environ:
            config = Path(os.environ[CONFIG_VARIABLE])
        layers: list[tuple[Source, Mapping[str, object]]] = [
            ("option", options),
            ("environment", _from_environment(cls)),
            ("file", _from_file(cls, config) if config else {}),
        ]
        values: dict[str, Any] = {}
        sources: dict[str, Source] = {}
        for source, layer in layers:
            taken = set(PLACES) & set(values)
            if len(set(PLACES) & set(layer)) == len(PLACES) and not taken:
                raise SettingsError("Give either data_dir or mongodb_uri, not both.")
            for name, value in layer.items():
                # The nearest source that names a place names the only one.
                if name not in values and not (taken and name in PLACES):
                    values[name] = value
                    sources[name] = source
        try:
            settings = cls(**values)
        except ValidationError as invalid:
            raise SettingsError(_sentence(invalid, sources)) from None
        settings._sources.update(sources)
        return settings

    def source_of(self, name: str) -> Source:
        """Where the value of this setting came from."""
        return self._sources.get(name, "default")

    def shown(self, name: str) -> str:
        """The value as `fhir-server config` prints it: a URI without its user and options."""
        value = getattr(self, name)
        if isinstance(value, SecretStr):
            return _masked_uri(value.get_secret_value())
        return "" if value is None else str(value)

    @property
    def public_url(self) -> str:
        """The base URL that clients use, never taken from a request; no slash at the end."""
        if self.base_url is not None:
            return self.base_url
        if not is_loopback(self.host):
            raise SettingsError(
                f"Clients cannot be told an address for the host {self.host}: give --base-url."
            )
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def fhir_base(self) -> str:
        return f"{self.public_url}/fhir"

    @property
    def master_key_path(self) -> Path:
        """Where the master key is, whichever folder a command is called from."""
        if self.master_key_file is not None:
            return self.master_key_file
        if self.mongodb_uri is None:
            return self.data_dir / "master.key"
        home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        return Path(home).expanduser() / "fhir-server" / "master.key"

    def check_serving(self) -> None:
        """What has to hold before the server may listen (contract, "Settings")."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingsError("TLS needs both --tls-cert and --tls-key.")
        for file in (self.tls_cert, self.tls_key):
            if file is not None and not os.access(file, os.R_OK):
                raise SettingsError(f"The TLS file {file} cannot be read.")
        if self.search_default_count > self.search_max_count:
            raise SettingsError("search_default_count is larger than search_max_count.")
        public = urlsplit(self.public_url)
        if self.behind_proxy:
            return
        if self.tls_cert is None and not is_loopback(self.host):
            raise SettingsError(
                f"Plain http on {self.host} would show health data to the network: "
                "give --tls-cert and --tls-key, or --behind-proxy."
            )
        if public.scheme == "http" and (self.tls_cert or not is_loopback(public.hostname or "")):
            raise SettingsError(
                f"The base URL {self.public_url} is plain http, which is for loopback "
                "or --behind-proxy."
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _from_environment(settings: type[Settings]) -> dict[str, object]:
    """The variables that are set and not empty; pydantic reads numbers and switches from text."""
    values: dict[str, object] = {}
    for variable in sorted(os.environ):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        _known(settings, name, f"The environment variable {variable}")
        if os.environ[variable]:
            values[name] = os.environ[variable]
    return values


def _from_file(settings: type[Settings], file: Path) -> dict[str, object]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as failure:
        raise SettingsError(
            f"The settings file {file} cannot be read: {failure.strerror}."
        ) from None
    except ValueError as failure:
        raise SettingsError(f"The settings file {file} is not TOML: {failure}.") from None
    for name in values:
        _known(settings, name, f"The key {name} of {file}")
    return values


def _known(settings: type[Settings], name: str, what: str) -> None:
    if name not in settings.model_fields:
        raise SettingsError(f"{what} is not a setting; docs/settings.md lists them.")


def _sentence(invalid: ValidationError, sources: Mapping[str, Source]) -> str:
    """The first thing wrong, without the value, which may be a secret."""
    problem = invalid.errors(include_url=False, include_input=False)[0]
    name = str(problem["loc"][0])
    reason = problem["msg"].removeprefix("Value error, ").rstrip(".")
    reason = reason.removeprefix("Input ").removeprefix("String ")
    where = {"environment": " (from the environment)", "file": " (from the file)"}
    return f"The setting {name}{where.get(sources.get(name, ''), '')} {reason}."


def _masked_uri(uri: str) -> str:
    return re.sub(r"//.*@", "//****@", re.sub(r"\?.*", "?****", uri))
