import os

from notion_client import Client
from steps import base, step

client = Client(auth=os.environ["NOTION_TOKEN"], base_url=base("notion"))

step("me", lambda: client.users.me()["id"])
step("search", lambda: client.search(query="a b")["results"])
step("wrong", lambda: client.pages.retrieve("wrong"))
