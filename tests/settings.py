"""The portal's settings on a data folder of the tests' own, with a tenant that does not exist.

A module rather than lines in `conftest.py`, because pytest-django reads the settings before any conftest.
"""

import atexit
import os
import shutil
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="commsportal-tests-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
os.environ["GRAPH_TENANT_ID"] = "11111111-1111-4111-8111-111111111111"
os.environ["GRAPH_CLIENT_ID"] = "22222222-2222-4222-8222-222222222222"
for _name in ("PORT", "SIM_PORT", "SIM_TLS_PORT", "PUBLIC_URL", "DEPLOYMENT", "SIMULATOR_URL", "SCENARIO"):
    os.environ.pop(_name, None)

from commsportal.settings import *  # noqa: E402, F403

API_REQUESTS_PER_MINUTE = SIGN_INS_PER_MINUTE = 1_000_000  # the tests are one hasty person
WHITENOISE_AUTOREFRESH = True  # each test client starts the middleware anew: no scan of all files each time
