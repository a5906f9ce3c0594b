import os

from github import Auth, Github
from steps import base, step

client = Github(auth=Auth.Token(os.environ["GITHUB_TOKEN"]), base_url=base("github"), retry=None)

step("user", lambda: client.get_user().login)
step("repository", lambda: client.get_repo("o/r", lazy=False).full_name)
step("issue", lambda: client.get_repo("o/r", lazy=True).create_issue("t", body="b").number)
step("wrong", lambda: client.get_repo("o/wrong", lazy=False))
