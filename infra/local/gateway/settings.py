"""Everything the gateway is told, from environment variables alone."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MIB = 1024 * 1024
_FUNCTION = r"[A-Za-z0-9_-]+=https?://[^,\s]+"
FUNCTIONS = rf"^({_FUNCTION}(,{_FUNCTION})*)?$"


class SettingsError(Exception):
    """The environment lacks or garbles variables; the text names each of them."""


class GatewaySettings(BaseModel):
    """Settings of one gateway process; each field's alias is its environment variable."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    host: str = Field("127.0.0.1", alias="GATEWAY_HOST")
    port: int = Field(54321, alias="GATEWAY_PORT", ge=0, le=65535)
    #: Connection strings of the roles supabase_admin, authenticator, supabase_auth_admin, supabase_storage_admin.
    admin_dsn: str = Field(alias="GATEWAY_ADMIN_DSN", min_length=1, repr=False)
    authenticator_dsn: str = Field(alias="GATEWAY_AUTHENTICATOR_DSN", min_length=1, repr=False)
    auth_dsn: str = Field(alias="GATEWAY_AUTH_DSN", min_length=1, repr=False)
    storage_dsn: str = Field(alias="GATEWAY_STORAGE_DSN", min_length=1, repr=False)
    #: Folder of the objects' bytes; made if missing.
    storage_dir: Path = Field(alias="GATEWAY_STORAGE_DIR")
    #: HS256 secret of every JWT; RFC 7518 asks for at least as many bytes as the hash has.
    jwt_secret: str = Field(alias="JWT_SECRET", min_length=32, repr=False)
    publishable_key: str = Field(alias="SUPABASE_PUBLISHABLE_KEY", min_length=1, repr=False)
    secret_key: str = Field(alias="SUPABASE_SECRET_KEY", min_length=1, repr=False)
    log_level: str = Field("INFO", alias="LOG_LEVEL")
    #: Most rows of one Data API answer; hosted Supabase's default is 1000.
    max_rows: int = Field(1000, alias="GATEWAY_MAX_ROWS", ge=1)
    #: Largest Storage object, in bytes; hosted Supabase's default is 50 MiB.
    file_size_limit: int = Field(50 * MIB, alias="GATEWAY_FILE_SIZE_LIMIT", ge=1)
    #: Sign-ups, sign-ins and attempts at codes of one client address in five minutes.
    sign_in_limit: int = Field(1800, alias="GATEWAY_SIGN_IN_LIMIT", ge=1)
    #: Mails that Auth sends in an hour.
    mail_limit: int = Field(3600, alias="GATEWAY_MAIL_LIMIT", ge=1)
    #: Whether who signs up must follow the link of a mail first; off as in the Supabase CLI's stack.
    confirm_email: bool = Field(False, alias="GATEWAY_CONFIRM_EMAIL")
    #: The web application; links in mails lead there unless a request names another allowed place.
    site_url: str = Field("http://127.0.0.1:3000", alias="GATEWAY_SITE_URL", min_length=1)
    #: Functions and where functions-framework serves each: ``NAME=URL``, with commas between.
    functions: str = Field("", alias="GATEWAY_FUNCTIONS", pattern=FUNCTIONS)

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "GatewaySettings":
        """Read the settings from ``environment``; raises SettingsError naming every variable at fault."""
        wanted = {field.alias for field in cls.model_fields.values()}
        try:
            return cls.model_validate({name: value for name, value in environment.items() if name in wanted})
        except ValidationError as error:
            faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise SettingsError("The gateway's environment is not usable. " + "; ".join(faults)) from None

    @property
    def public_url(self) -> str:
        """Return the address under which clients reach the gateway, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    @property
    def function_addresses(self) -> dict[str, str]:
        """Return the address of each function's server, without a trailing slash."""
        pairs = (item.partition("=") for item in self.functions.split(",") if item)
        return {name: url.rstrip("/") for name, _, url in pairs}
