//! What the upstream says: as much of each API as its official client reads.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};

use super::support::{Answer, Received};

/// The script of an upstream that is asked by one client.
pub fn script() -> impl Fn(&Received) -> Answer + Send + Sync + 'static {
    let limited = AtomicUsize::new(0);
    move |request| {
        let path = request.target.split('?').next().unwrap_or_default();
        let asks = |what: &str| {
            memchr::memmem::find(&request.body, what.as_bytes()).is_some() || path.contains(what)
        };
        if asks("limited-once") && limited.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            return answer(path, asks("\"stream\":true"));
        }
        match () {
            () if asks("limited") => error(path, 429).with("retry-after-ms", "1"),
            () if asks("wrong") => error(path, if path.starts_with("/v1/customers") { 404 } else { 400 }),
            () if asks("broken") => error(path, 503),
            () => answer(path, asks("\"stream\":true") || asks("streamGenerate")),
        }
        .with("x-request-id", "req_1")
    }
}

fn error(path: &str, status: u16) -> Answer {
    let body = match path {
        "/api/chat.postMessage" => {
            return Answer::json(&json!({ "ok": false, "error": "channel_not_found" }));
        }
        path if path.starts_with("/repos") => {
            json!({ "message": "Bad", "documentation_url": "https://docs" })
        }
        path if path.starts_with("/v1/pages") => {
            json!({ "object": "error", "status": status, "code": "validation_error", "message": "bad" })
        }
        path if path.contains("models/") => {
            json!({ "error": { "code": status, "message": "bad", "status": "INVALID_ARGUMENT" } })
        }
        "/v1/messages" => json!({ "type": "error", "error": { "type": "some_error", "message": "bad" } }),
        _ => {
            json!({ "error": { "message": "bad", "type": "some_error", "code": "some_code", "param": null } })
        }
    };
    Answer::status(status, body.to_string()).with("content-type", "application/json")
}

fn answer(path: &str, streams: bool) -> Answer {
    let body = match path {
        "/v1/chat/completions" if streams => return events(&chat_chunks(), true),
        "/v1/messages" if streams => return named_events(&message_events()),
        path if path.contains(":streamGenerateContent") => {
            return events(&[gemini("he"), gemini("llo")], false);
        }
        "/v1/audio/speech" => {
            return Answer::status(200, vec![0xff; 70_000]).with("content-type", "audio/mpeg");
        }
        "/v1/chat/completions" => json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-5.2",
            "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": "hello" } }],
        }),
        "/v1/embeddings" => json!({
            "object": "list", "model": "e", "usage": { "prompt_tokens": 1, "total_tokens": 1 },
            "data": [{ "object": "embedding", "index": 0, "embedding": "AACAPwAAAEA=" }],
        }),
        "/v1/files" => json!({
            "id": "file-1", "object": "file", "bytes": 1, "created_at": 1, "filename": "a", "purpose": "batch",
            "status": "processed",
        }),
        "/v1/audio/transcriptions" => json!({ "text": "hello" }),
        "/v1/models" => json!({
            "object": "list", "data": [{ "id": "m", "object": "model", "created": 1, "owned_by": "o" }],
        }),
        "/v1/messages" => message(&json!([{ "type": "text", "text": "hello" }])),
        "/v1/messages/count_tokens" => json!({ "input_tokens": 4 }),
        "/v1/customers" => {
            json!({ "id": "cus_1", "object": "list", "data": [{ "id": "cus_2", "object": "customer" }] })
        }
        "/api/auth.test" => json!({ "ok": true, "user": "bot" }),
        "/api/chat.postMessage" => json!({ "ok": true, "ts": "1.2" }),
        "/user" => json!({ "login": "octocat", "id": 1, "url": "https://api.github.com/user" }),
        "/repos/o/r" => json!({ "full_name": "o/r", "id": 1, "name": "r" }),
        "/repos/o/r/issues" => json!({ "number": 7, "id": 1, "title": "t" }),
        "/v1/users/me" => json!({ "object": "user", "id": "u1" }),
        "/v1/search" => json!({ "object": "list", "results": [] }),
        path if path.contains(":generateContent") => gemini("hello"),
        _ => return Answer::status(404, "{}").with("content-type", "application/json"),
    };
    let answer = Answer::json(&body);
    if path.ends_with("/issues") {
        Answer::status(201, body.to_string()).with("content-type", "application/json")
    } else {
        answer
    }
}

fn gemini(text: &str) -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": text }] }, "index": 0 }] })
}

fn message(content: &Value) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-1", "content": content,
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    })
}

fn chat_chunks() -> Vec<Value> {
    let chunk = |text: &str| {
        json!({
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.2",
            "choices": [{ "index": 0, "finish_reason": null, "delta": { "content": text } }],
        })
    };
    ["he", "llo ", "世界"].map(chunk).into()
}

fn message_events() -> Vec<Value> {
    let delta = |text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
    vec![
        json!({ "type": "message_start", "message": message(&json!([])) }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        delta("he"),
        delta("llo"),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({
            "type": "message_delta", "delta": { "stop_reason": "end_turn", "stop_sequence": null },
            "usage": { "output_tokens": 5 },
        }),
        json!({ "type": "message_stop" }),
    ]
}

fn events(all: &[Value], says_done: bool) -> Answer {
    let mut chunks: Vec<Bytes> = all.iter().map(|one| format!("data: {one}\n\n").into()).collect();
    if says_done {
        chunks.push("data: [DONE]\n\n".into());
    }
    Answer::chunks(chunks).with("content-type", "text/event-stream")
}

fn named_events(all: &[Value]) -> Answer {
    let named = |one: &Value| format!("event: {}\ndata: {one}\n\n", one["type"].as_str().unwrap()).into();
    Answer::chunks(all.iter().map(named)).with("content-type", "text/event-stream")
}
