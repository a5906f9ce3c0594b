import OpenAI, { toFile } from "openai";
import { step } from "./steps.mjs";

let client = new OpenAI();
const messages = [{ role: "user", content: "grüße, 世界" }];
const chat = (model, more) => client.chat.completions.create({ model, messages, ...more });

await step("chat", async () => (await chat("gpt-5.2")).choices[0].message.content);
await step("stream", async () => {
  const parts = [];
  for await (const chunk of await chat("gpt-5.2", { stream: true })) parts.push(chunk.choices[0].delta.content);
  return parts;
});
await step("embeddings", async () => (await client.embeddings.create({ model: "e", input: "a" })).data[0].index);
await step("upload", async () => {
  const file = await toFile(Buffer.from([0, 255, 13, 10]), "a.jsonl");
  return (await client.files.create({ file, purpose: "batch" })).id;
});
await step("speech", async () => {
  const spoken = await client.audio.speech.create({ model: "t", voice: "alloy", input: "hi" });
  return (await spoken.arrayBuffer()).byteLength;
});
await step("retried", async () => (await chat("limited-once")).choices[0].message.content);
client = client.withOptions({ maxRetries: 0 });
await step("limited", () => chat("limited"));
await step("wrong", () => chat("wrong"));
