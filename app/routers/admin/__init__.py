"""The admin API at `/admin/api/v1`; its endpoints are in `registry`."""

PREFIX = "/admin/api/v1"
