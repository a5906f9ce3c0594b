//! Agents over HTTP: the same tools as `aivault mcp`, for whoever has a token and for as long as it holds.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;
use std::io::Write as _;

use std::process::Command;

use serde_json::{Value, json};
use support::gateway::{self, Gateway};
use support::mcp::{self, Agent, OVER_HTTP, answer, hello};
use support::{Answer, Done, Door, Home, Upstream, secrets, wait};

struct Setting {
    upstream: Upstream,
    home: Home,
    gateway: Gateway,
}

fn setting(capabilities: &str) -> Setting {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(Door::Daemon, &upstream, secrets::OPENAI);
    let gateway = home.gateway(capabilities);
    Setting { upstream, home, gateway }
}

impl Setting {
    /// The same gateway for somebody else.
    fn other(&self, capabilities: &str) -> Gateway {
        Gateway { address: self.gateway.address, token: self.home.mint(&["--capability", capabilities]) }
    }
}

fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn call_models() -> Value {
    json!({ "name": "invoke", "arguments": { "capability": "openai/models" } })
}

#[test]
fn an_agent_finds_what_its_token_covers_and_calls_it() {
    let setting = setting("openai/{models,chat-*}");
    let mut agent = Agent::begin(&setting.gateway, "");
    let listed = agent.ask("tools/list", &json!({}));
    assert_eq!(names(&listed), ["list_capabilities", "describe_capability", "invoke"]);
    let listed = agent.call("list_capabilities", &json!({}));
    let rows = listed["structuredContent"]["capabilities"].as_array().unwrap();
    let mut ids: Vec<_> = rows.iter().map(|row| row["capability"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["openai/chat-completions", "openai/models"], "and nothing beside");
    let arguments = json!({ "capability": "openai/chat-completions" });
    let described = agent.call("describe_capability", &arguments);
    let mut call = described["structuredContent"]["example"].clone();
    call["capability"] = "openai/chat-completions".into();
    setting.upstream.answers(|_| Answer::status(200, r#"{"n": 1.50}"#));
    let answer = agent.call("invoke", &call);
    assert_eq!(
        (&answer["isError"], &answer["content"][0]["text"]),
        (&false.into(), &r#"{"n": 1.50}"#.into())
    );
    let received = setting.upstream.take_one();
    assert_eq!(received.header("authorization"), format!("Bearer {}", secrets::OPENAI));
    let event = &setting.home.events()[0].event;
    assert!(event["caller"].as_str().unwrap().starts_with("token:"), "{event}");
}

#[test]
fn a_denial_is_a_tools_error_with_reason_and_help() {
    let setting = setting("openai/models");
    let mut agent = Agent::begin(&setting.gateway, "");
    let describe = json!({ "capability": "openai/chat-completions" });
    for (tool, arguments, reason) in [
        ("invoke", json!({ "capability": "openai/models", "path": "/v1/files" }), "capability.path"),
        ("invoke", describe.clone(), "token.scope"),
        ("describe_capability", describe, "token.scope"),
        // Whether there is such a one is nothing to tell whoever may not use it.
        ("describe_capability", json!({ "capability": "openai/none" }), "token.scope"),
        ("invoke", json!({}), "mcp.arguments"),
    ] {
        let result = agent.call(tool, &arguments);
        let object = &result["structuredContent"];
        assert_eq!((&result["isError"], &object["reason"]), (&true.into(), &reason.into()), "{arguments}");
        assert!(object["help"].as_str().is_some_and(|help| !help.is_empty()), "{object}");
    }
    assert!(setting.upstream.take().is_empty());
    // No operator's command has a way in here.
    for name in ["secrets_list", "token_mint", "command"] {
        assert_eq!(agent.ask("tools/call", &json!({ "name": name }))["error"]["code"], -32602);
    }
}

#[test]
fn capabilities_become_tools_where_the_address_says_so() {
    let setting = setting("openai/models");
    let mut agent = Agent::begin(&setting.gateway, "?expose=openai/*&expose=github%2F*");
    let listed = agent.ask("tools/list", &json!({}));
    assert_eq!(names(&listed)[3..], ["openai__models"], "of those that the token covers");
    assert_eq!(agent.call("openai__models", &json!({}))["isError"], false);
    assert_eq!(setting.upstream.take_one().target, "/v1/models");
    let refused = agent.call("openai__files", &json!({}));
    assert_eq!(refused["structuredContent"]["reason"], "token.scope");
    let unknown = setting.gateway.ask("POST", &format!("{OVER_HTTP}?expose=["), b"{}");
    assert_eq!((unknown.status, unknown.reason()), (400, Some("request.malformed")));
}

/// Header fields beside those of every request.
type Fields<'f> = &'f [(&'f str, &'f str)];

#[test]
fn nobody_comes_in_without_a_token_or_from_a_web_page() {
    let setting = setting("openai/models");
    let agent = Agent::begin(&setting.gateway, "");
    let post = |fields: &[(&str, &str)]| {
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello() });
        agent.post(&hello, fields)
    };
    let host = setting.gateway.address.to_string();
    let bearer = agent.bearer();
    let rows: &[(Fields<'_>, u16, &str)] = &[
        (&[("authorization", "Basic eDp5")], 401, "token.missing"),
        (&[("authorization", &format!("Bearer aiv_{}", "a".repeat(64)))], 401, "token.unknown"),
        (&[("x-note", &bearer)], 400, "token.repeated"),
        (&[("host", "evil.example")], 403, "host.not_allowed"),
        (&[("host", "evil.example"), ("origin", "http://evil.example")], 403, "host.not_allowed"),
        (&[("host", &host), ("origin", &format!("http://{host}"))], 403, "origin.not_allowed"),
        (&[("sec-fetch-site", "same-origin")], 403, "origin.not_allowed"),
        (&[("mcp-session-id", "ffffffffffffffffffffffffffffffff")], 404, "session.unknown"),
        (&[("mcp-session-id", "")], 404, "session.unknown"),
    ];
    for (fields, status, reason) in rows {
        let heard = post(fields);
        assert_eq!((heard.status, heard.reason()), (*status, Some(*reason)), "{fields:?}");
        assert!(heard.head.all("mcp-session-id").is_empty());
    }
}

#[test]
fn a_session_is_its_tokens_alone() {
    let setting = setting("openai/models");
    let agent = Agent::begin(&setting.gateway, "");
    let others = setting.other("openai/*");
    let bearer = format!("Bearer {}", others.token);
    let stolen = [("authorization", bearer.as_str())];
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let heard = agent.post(&ping, &stolen);
    assert_eq!((heard.status, heard.reason()), (404, Some("session.unknown")));
    let end = |bearer: &str| {
        let fields = [("authorization", bearer), ("mcp-session-id", &agent.session)];
        setting.gateway.send("DELETE", OVER_HTTP, &fields, b"")
    };
    assert_eq!(end(&bearer).status, 404);
    assert!(answer(&agent.post(&ping, &[]))["result"].is_object(), "it is still there");
    assert_eq!(end(&agent.bearer()).status, 204);
    assert_eq!(agent.post(&ping, &[]).status, 404);
}

#[test]
fn what_is_no_message_is_refused_and_costs_little() {
    let setting = setting("openai/models");
    let agent = Agent::begin(&setting.gateway, "");
    let post = |body: &[u8], fields: &[(&str, &str)]| {
        let bearer = agent.bearer();
        let always = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let accept = [("accept", "application/json, text/event-stream")];
        setting.gateway.send("POST", OVER_HTTP, &[&always, &accept[..], fields].concat(), body).status
    };
    for body in [
        b"".as_slice(),
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{\"jsonrpc\":\"2.0\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}",
        "[".repeat(100_000).as_bytes(),
        b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
    ] {
        let status = post(body, &[]);
        assert!(
            (400..500).contains(&status),
            "{status} to {}",
            String::from_utf8_lossy(&body[..body.len().min(50)])
        );
    }
    let method = |method: &str| {
        let bearer = agent.bearer();
        setting.gateway.send(method, OVER_HTTP, &[("authorization", &bearer)], b"").status
    };
    assert_eq!((method("GET"), method("PUT"), method("DELETE")), (405, 405, 400));
    let giant = vec![b' '; 32 * 1024 * 1024 + 1];
    assert_eq!(post(&giant, &[]), 400, "more than there is room for");
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert!(answer(&agent.post(&ping, &[]))["result"].is_object(), "and it goes on");
}

#[test]
fn a_flood_of_sessions_takes_the_oldest_of_the_same_token() {
    let setting = setting("openai/models");
    let patient = setting.other("openai/models");
    let others = Agent::begin(&patient, "");
    let first = Agent::begin(&setting.gateway, "");
    (0..70).for_each(|_| drop(Agent::begin(&setting.gateway, "")));
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(first.post(&ping, &[]).status, 404);
    assert!(answer(&others.post(&ping, &[]))["result"].is_object(), "nobody else's");
}

/// A call that is under way, and the connection that waits for it.
fn under_way(setting: &Setting, agent: &mut Agent<'_>) -> (std::net::TcpStream, Value) {
    setting.upstream.answers(|_| Answer::silence());
    let message = agent.message("tools/call", &call_models());
    let mut stream = gateway::connect(setting.gateway.address);
    stream.write_all(&agent.request(&message)).unwrap();
    wait::until("the request is there", || (!setting.upstream.take().is_empty()).then_some(()));
    (stream, message["id"].clone())
}

#[test]
fn what_is_called_off_ends_at_the_upstream_and_only_by_its_own_session() {
    let setting = setting("openai/models");
    let mut agent = Agent::begin(&setting.gateway, "");
    let (mut stream, id) = under_way(&setting, &mut agent);
    let ended = setting.upstream.ended();
    let off = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
    // Another session of the same token has a request of that number, too, or may have.
    let other = Agent::begin(&setting.gateway, "");
    assert_eq!(other.post(&off, &[]).status, 202);
    assert_eq!(setting.upstream.ended(), ended);
    assert_eq!(agent.post(&off, &[]).status, 202);
    wait::until("the upstream is let go", || (setting.upstream.ended() > ended).then_some(()));
    let heard = gateway::whole(&gateway::read_to_end(&mut stream));
    assert!(!heard.text().contains("result"), "{}", heard.text());
}

#[test]
fn a_client_that_hangs_up_and_a_session_that_ends_let_the_upstream_go() {
    let setting = setting("openai/models");
    let mut agent = Agent::begin(&setting.gateway, "");
    let (stream, _) = under_way(&setting, &mut agent);
    let ended = setting.upstream.ended();
    drop(stream);
    wait::until("the upstream is let go", || (setting.upstream.ended() > ended).then_some(()));
    let (_stream, _) = under_way(&setting, &mut agent);
    let ended = setting.upstream.ended();
    let bearer = agent.bearer();
    let fields = [("authorization", bearer.as_str()), ("mcp-session-id", &agent.session)];
    assert_eq!(setting.gateway.send("DELETE", OVER_HTTP, &fields, b"").status, 204);
    wait::until("the upstream is let go", || (setting.upstream.ended() > ended).then_some(()));
}

#[test]
fn a_token_that_is_revoked_ends_its_session_and_what_runs_in_it() {
    let mut setting = setting("openai/models");
    let text = setting.home.mint(&["--capability", "openai/models", "--name", "short-lived"]);
    setting.gateway.token = text;
    let mut agent = Agent::begin(&setting.gateway, "");
    let (mut stream, _) = under_way(&setting, &mut agent);
    let ended = setting.upstream.ended();
    setting.home.run(&["token", "revoke", "short-lived"]).ok();
    wait::until("the upstream is let go", || (setting.upstream.ended() > ended).then_some(()));
    let heard = String::from_utf8_lossy(&gateway::read_to_end(&mut stream)).into_owned();
    assert!(!heard.contains("\"result\"") && !heard.ends_with("0\r\n\r\n"), "no whole answer: {heard}");
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(agent.post(&ping, &[]).status, 401);
}

/// A token for one account sees that account alone.
#[test]
fn a_token_for_one_account_is_told_of_that_one() {
    let mut setting = setting("openai/models");
    setting.home.store("GROQ_API_KEY", "gsk_0123456789abcdef0123456789abcdef0123456789abcdef0123");
    let more = ["--capability", "openai/models", "--capability", "groq/models", "--credential", "openai"];
    setting.gateway.token = setting.home.mint(&more);
    let mut agent = Agent::begin(&setting.gateway, "");
    let listed = agent.call("list_capabilities", &json!({}));
    let rows = listed["structuredContent"]["capabilities"].as_array().unwrap();
    let ready: Vec<_> =
        rows.iter().filter(|row| row["ready"] == true).map(|row| row["capability"].clone()).collect();
    assert_eq!(ready, ["openai/models"]);
}

/// What the official client says that speaks as of a revision of the protocol.
const SCRIPT: &str = r#"
import asyncio, os, sys

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client


async def main():
    bearer = {"authorization": "Bearer " + os.environ["AIVAULT_TOKEN"]}
    url = os.environ["AIVAULT_GATEWAY_URL"] + "/aivault/mcp?expose=openai/models"
    transport = streamable_http_client(url, http_client=create_mcp_http_client(headers=bearer))
    async with Client(transport, mode=sys.argv[1]) as client:
        tools = await client.list_tools()
        print("tools:", ", ".join(tool.name for tool in tools.tools))
        for name, arguments in [("openai__models", {}), ("invoke", {"capability": "openai/models"})]:
            print("models:", (await client.call_tool(name, arguments)).content[0].text)
        denied = await client.call_tool("invoke", {"capability": "openai/models", "path": "/v1/files"})
        error = denied.structured_content
        print("denied:", denied.is_error, error["reason"], bool(error["help"]))


asyncio.run(main())
"#;

#[test]
fn the_official_client_speaks_with_it_as_of_either_revision() {
    let Some(python) = mcp::python() else {
        println!(
            "skipped: `pip install mcp` needs Python 3.10 and a package registry, and one is out of reach"
        );
        return;
    };
    let setting = setting("openai/models");
    setting.upstream.answers(|_| Answer::json(&json!({ "data": [] })));
    fs::write(setting.home.path("script.py"), SCRIPT).unwrap();
    let run = |token: &str, mode: &str| {
        let mut command = Command::new(&python);
        command.args(["script.py", mode]).current_dir(setting.home.path(".")).env("AIVAULT_TOKEN", token);
        command.env("AIVAULT_GATEWAY_URL", format!("http://{}", setting.gateway.address));
        Done::of(&mut command, b"")
    };
    for mode in ["legacy", "auto", "2026-07-28"] {
        assert_eq!(
            run(&setting.gateway.token, mode).ok().text(),
            "tools: list_capabilities, describe_capability, invoke, openai__models\n\
             models: {\"data\":[]}\nmodels: {\"data\":[]}\ndenied: True capability.path True\n",
            "{mode}"
        );
        assert_eq!(setting.upstream.take().len(), 2, "{mode}");
    }
    setting.home.run(&["token", "revoke", "--all"]).ok();
    for mode in ["legacy", "auto"] {
        let done = run(&setting.gateway.token, mode);
        assert!(done.code != Some(0) && !done.text().contains("tools:"), "{mode}: {}", done.text());
    }
}
