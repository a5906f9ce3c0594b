import os

from slack_sdk import WebClient
from steps import base, step

client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=base("slack", "/api/"))

step("test", lambda: client.auth_test()["user"])
step("post", lambda: client.chat_postMessage(channel="C1", text="a & b", blocks=[])["ts"])
step("wrong", lambda: client.chat_postMessage(channel="wrong", text="x"))
