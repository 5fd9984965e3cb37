"""JSON Resource Descriptors (RFC 7033 section 4.4)."""

from pydantic import BaseModel, Field


class ResourceLink(BaseModel):
    """A link of a resource."""

    rel: str = Field(examples=["http://openid.net/specs/connect/1.0/issuer"])
    href: str = Field(examples=["https://login.example.com"])


class ResourceDescriptor(BaseModel):
    """What WebFinger says about a resource."""

    subject: str = Field(examples=["acct:ada@example.com"])
    links: list[ResourceLink]
