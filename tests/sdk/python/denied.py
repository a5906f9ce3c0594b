"""What the broker refuses is an error of the clients' own classes, and is not tried again."""

import anthropic
import openai
from steps import step


def refused(do):
    try:
        do()
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        return [
            type(error).__name__,
            error.status_code,
            error.response.headers.get("aivault-reason"),
            error.body if isinstance(error.body, dict) else None,
        ]
    return "was not refused"


asked = [{"role": "user", "content": "hello"}]
step("openai", lambda: refused(lambda: openai.OpenAI().chat.completions.create(model="m", messages=asked)))
step(
    "anthropic",
    lambda: refused(lambda: anthropic.Anthropic().messages.create(model="m", max_tokens=1, messages=asked)),
)
forged = openai.OpenAI(api_key="aiv_" + "A" * 64)
step("forged", lambda: refused(lambda: forged.models.list()))
