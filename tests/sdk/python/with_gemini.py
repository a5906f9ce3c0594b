import os

from google import genai
from steps import base, step

client = genai.Client(api_key=os.environ["GEMINI_API_KEY"], http_options={"base_url": base("gemini")})
MODEL = "gemini-2.5-flash"

step("generate", lambda: client.models.generate_content(model=MODEL, contents="hello").text)
step("stream", lambda: [part.text for part in client.models.generate_content_stream(model=MODEL, contents="hello")])
step("wrong", lambda: client.models.generate_content(model="wrong", contents="hello"))
