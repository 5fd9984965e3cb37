"""The application with an administrator's token, and the admin API called with it."""

import pytest

from tests.support.admin_api import AdminApi
from tests.support.application import Application


@pytest.fixture
def api(app: Application) -> AdminApi:
    return AdminApi(app)
