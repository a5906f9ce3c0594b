"""What the scripts share: where an API stands, and how the end of a step is told."""

import json
import os


def base(account, path=""):
    """Behind the gateway, where there is one; else at the upstream itself."""
    gateway = os.environ.get("AIVAULT_GATEWAY_URL")
    return (f"{gateway}/v/{account}" if gateway else os.environ["UPSTREAM_URL"]) + path


def step(name, do):
    """Prints what a step gave, or the error class that its client raised."""
    try:
        told = do()
    except Exception as error:
        found = (getattr(error, name, None) for name in ("status_code", "http_status", "status", "code"))
        told = {"error": type(error).__name__, "status": next((one for one in found if isinstance(one, int)), None)}
    print(json.dumps({name: told}, default=str), flush=True)
