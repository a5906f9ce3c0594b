import os

import stripe
from steps import base, step

stripe.enable_telemetry = False
stripe.ca_bundle_path = os.environ.get("SSL_CERT_FILE") or stripe.ca_bundle_path
client = stripe.StripeClient(os.environ["STRIPE_API_KEY"], base_addresses={"api": base("stripe")})

step("list", lambda: [one.id for one in client.v1.customers.list({"limit": 2}).data])
step(
    "create",
    lambda: client.v1.customers.create(
        {"name": "A & B", "metadata": {"a": "1"}}, {"idempotency_key": "k1"}
    ).id,
)
step("wrong", lambda: client.v1.customers.retrieve("wrong"))
