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
        status = getattr(error, "status_code", None) or getattr(error, "status", None)
        status = status or getattr(error, "http_status", None) or getattr(error, "code", None)
        told = {"error": type(error).__name__, "status": status}
    print(json.dumps({name: told}, default=str), flush=True)
