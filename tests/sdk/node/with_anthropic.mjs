import Anthropic from "@anthropic-ai/sdk";
import { step } from "./steps.mjs";

let client = new Anthropic();
const asked = (model) => ({ model, max_tokens: 9, messages: [{ role: "user", content: "hello" }] });

await step("message", async () => (await client.messages.create(asked("claude-opus-4-1"))).content[0].text);
await step("stream", async () => {
  const stream = client.messages.stream(asked("claude-opus-4-1"));
  const parts = [];
  stream.on("text", (text) => parts.push(text));
  return [(await stream.finalMessage()).usage.output_tokens, parts];
});
await step("retried", async () => (await client.messages.create(asked("limited-once"))).content[0].text);
client = client.withOptions({ maxRetries: 0 });
await step("limited", () => client.messages.create(asked("limited")));
await step("wrong", () => client.messages.create(asked("wrong")));
