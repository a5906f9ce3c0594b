//! What of a request has to be the same whichever way it came.

use super::support::Received;

/// The credential, what belongs to one connection, and how answers may be compressed, which the broker
/// settles with the upstream for itself.
const APART: [&str; 9] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "host",
    "connection",
    "accept-encoding",
    "content-length",
    "transfer-encoding",
    "keep-alive",
];

/// A request without what may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    line: String,
    fields: Vec<String>,
    body: String,
}

impl Wire {
    /// Without those of the fields `added` that `other` has not.
    pub fn but_for(mut self, added: &[&str], other: &Self) -> Self {
        self.fields.retain(|field| !added.contains(&field.as_str()) || other.fields.contains(field));
        self
    }
}

pub fn of(received: &Received) -> Wire {
    let boundary = received.head.all("content-type").first().and_then(|kind| kind.split_once("boundary="));
    let boundary = boundary.map(|(_, boundary)| boundary.trim_matches('"').to_owned());
    // Chosen at random for each request.
    let settled = |text: String| match &boundary {
        Some(boundary) => text.replace(boundary, "BOUNDARY"),
        None => text,
    };
    let kept = received.head.fields.iter().map(|(name, value)| (name.to_lowercase(), value));
    let kept = kept.filter(|(name, _)| !APART.contains(&name.as_str()));
    let mut fields: Vec<String> = kept.map(|(name, value)| settled(format!("{name}: {value}"))).collect();
    fields.sort();
    Wire {
        line: format!("{} {}", received.method, without_key(&received.target)),
        fields,
        body: settled(received.body.escape_ascii().to_string()),
    }
}

/// Some providers take the key in the query.
fn without_key(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("key=")).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}
