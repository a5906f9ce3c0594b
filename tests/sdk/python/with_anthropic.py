import anthropic
from steps import step

client = anthropic.Anthropic()
ASKED = [{"role": "user", "content": "hello"}]


def message(model="claude-opus-4-1", **more):
    return client.messages.create(model=model, max_tokens=9, messages=ASKED, **more)


def streamed():
    with client.messages.stream(model="claude-opus-4-1", max_tokens=9, messages=ASKED) as stream:
        return [list(stream.text_stream), stream.get_final_message().usage.output_tokens]


step("message", lambda: message().content[0].text)
step("stream", streamed)
step("count", lambda: client.messages.count_tokens(model="claude-opus-4-1", messages=ASKED).input_tokens)
step("retried", lambda: message(model="limited-once").content[0].text)
client = client.with_options(max_retries=0)
step("limited", lambda: message(model="limited"))
step("wrong", lambda: message(model="wrong"))
step("broken", lambda: message(model="broken"))
