//! What an agent is shown of capabilities.

use serde::Serialize;
use serde_json::{Map, value::Value};

use super::arguments::ListArguments;
use super::example;
use crate::service::{CapabilityDetail, CapabilityView, GrantView, Readiness};

/// How many rows are shown where nobody asks for more or less.
const LIMIT: usize = 50;

#[derive(Serialize)]
pub(super) struct Listing<'a> {
    capabilities: Vec<Row<'a>>,
    /// How many there are that match.
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    capability: &'a str,
    summary: &'a str,
    risk: &'a str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl<'a> Row<'a> {
    fn of(view: &'a CapabilityView) -> Self {
        Self {
            capability: view.id.as_str(),
            summary: &view.summary,
            risk: view.risk.as_str(),
            ready: view.readiness == Readiness::Ready,
            why: why(view),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Description<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    provider: &'a str,
    docs: &'a str,
    host: &'a str,
    allow: &'a [GrantView],
    #[serde(skip_serializing_if = "Option::is_none")]
    default_method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_path: Option<&'a str>,
    /// The accounts that can serve it.
    credentials: Vec<&'a str>,
    /// Arguments of `invoke`, beside the capability.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Map<String, Value>>,
}

/// Those that match, the ready ones first.
pub(super) fn listing<'a>(all: &'a [CapabilityView], arguments: &ListArguments) -> Listing<'a> {
    let words: Vec<String> =
        arguments.query.iter().flat_map(|query| query.split_whitespace()).map(str::to_lowercase).collect();
    let is_wanted = |view: &&CapabilityView| {
        let text = format!("{} {} {}", view.id, view.category, view.summary).to_lowercase();
        let of_provider = |provider: &String| view.provider.as_str() == provider;
        words.iter().all(|word| text.contains(word)) && arguments.provider.as_ref().is_none_or(of_provider)
    };
    let mut found: Vec<_> = all.iter().filter(is_wanted).collect();
    found.sort_by_key(|view| view.readiness);
    let (total, limit) = (found.len(), arguments.limit.unwrap_or(LIMIT));
    found.truncate(limit);
    let note = (total > limit)
        .then(|| format!("{limit} of {total} are shown: say `query`, `provider` or a larger `limit`"));
    Listing { capabilities: found.into_iter().map(Row::of).collect(), total, note }
}

pub(super) fn description(detail: &CapabilityDetail) -> Description<'_> {
    Description {
        row: Row::of(&detail.row),
        provider: &detail.provider_name,
        docs: &detail.docs,
        host: &detail.host,
        allow: &detail.allow,
        default_method: detail.default_method.as_deref(),
        default_path: detail.default_path.as_deref(),
        credentials: detail.credentials.iter().map(|one| one.name.as_str()).collect(),
        example: example::arguments(detail),
    }
}

/// What keeps it from being called, and what its operator can do.
fn why(view: &CapabilityView) -> Option<String> {
    let missing = || view.missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Some(match view.readiness {
        Readiness::Ready => return None,
        Readiness::Incomplete | Readiness::NoSecret => {
            let create = view.missing.first().map(|name| format!(": aivault secrets create --name {name}"));
            format!("not stored: {}; the operator stores it{}", missing(), create.unwrap_or_default())
        }
        Readiness::NoHost => "its secrets are stored for no host that it stands at".to_owned(),
        Readiness::NoAuth => {
            format!(
                "calls cannot be made with its auth yet: {}",
                view.needs_auth.as_deref().unwrap_or("unknown")
            )
        }
        Readiness::Disabled => {
            format!("it is off; the operator turns it on: aivault capability enable {}", view.id)
        }
        Readiness::Locked => "the vault is locked; the operator opens it: aivault unlock".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::testing::{detail, view};

    fn shown(query: Option<&str>, provider: Option<&str>, limit: Option<usize>) -> Value {
        let all = [
            view("stripe/charges", Readiness::NoSecret),
            view("openai/models", Readiness::Ready),
            view("openai/audio", Readiness::Locked),
        ];
        let arguments =
            ListArguments { query: query.map(str::to_owned), provider: provider.map(str::to_owned), limit };
        serde_json::to_value(listing(&all, &arguments)).unwrap()
    }

    #[test]
    fn the_ready_ones_come_first_and_the_others_say_why() {
        let shown = shown(None, None, None);
        assert_eq!(shown["capabilities"][0]["capability"], "openai/models");
        assert!(shown["capabilities"][0].get("why").is_none() && shown.get("note").is_none());
        assert_eq!(
            shown["capabilities"][1]["why"],
            "not stored: A_KEY; the operator stores it: aivault secrets create --name A_KEY"
        );
    }

    #[test]
    fn it_is_narrowed_by_words_and_provider() {
        assert_eq!(shown(Some("OPENAI mod"), None, None)["total"], 1);
        assert_eq!(shown(None, Some("openai"), None)["total"], 2);
        assert_eq!(shown(None, Some("open"), None)["total"], 0);
        let short = shown(None, None, Some(1));
        assert_eq!((short["capabilities"].as_array().unwrap().len(), &short["total"]), (1, &3.into()));
        assert!(short["note"].as_str().unwrap().starts_with("1 of 3"));
    }

    #[test]
    fn a_description_has_all_it_takes_to_call() {
        let detail = detail("openai/chat-completions");
        let shown = serde_json::to_value(description(&detail)).unwrap();
        assert_eq!(shown["allow"][0]["methods"][0], "GET");
        assert_eq!(shown["example"]["body"]["model"], "gpt-5.2");
        assert_eq!((&shown["ready"], &shown["default_method"]), (&true.into(), &"POST".into()));
    }
}
