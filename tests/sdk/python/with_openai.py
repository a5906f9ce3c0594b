import io

import openai
from steps import step

client = openai.OpenAI()
ASKED = [{"role": "user", "content": "grüße, 世界"}]


def chat(model="gpt-5.2", **more):
    return client.chat.completions.create(model=model, messages=ASKED, **more)


def retried():
    return chat(model="limited-once").choices[0].message.content


step("chat", lambda: chat().choices[0].message.content)
step("stream", lambda: [chunk.choices[0].delta.content for chunk in chat(stream=True)])
step("embeddings", lambda: client.embeddings.create(model="e", input=["a", "b"]).data[0].embedding)
step("upload", lambda: client.files.create(file=("a.jsonl", io.BytesIO(bytes(range(256)))), purpose="batch").id)
step("speech", lambda: len(client.audio.speech.create(model="t", voice="alloy", input="hi").read()))
step("transcription", lambda: client.audio.transcriptions.create(model="w", file=("a.wav", b"RIFF\0\xff")).text)
step("list", lambda: [model.id for model in client.models.list()])
step("retried", retried)
client = client.with_options(max_retries=0)
step("limited", lambda: chat(model="limited"))
step("wrong", lambda: chat(model="wrong"))
step("broken", lambda: chat(model="broken"))
