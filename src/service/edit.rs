//! Changes of a provider's file, one capability at a time, that leave the rest as its author wrote
//! it, comments too. Pure texts: whether the result means anything is for `compile` to say.

use std::fmt::Write as _;

use thiserror::Error;

use super::command::NewCapability;
use crate::spec::{CapabilityId, Method, MethodSet, PathPattern, Place, position};

/// Why a file cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::service) enum EditError {
    #[error("there is a capability `{0}` already")]
    Standing(CapabilityId),
    #[error("there is no capability `{0}`")]
    Missing(CapabilityId),
    #[error("`{0}` is the provider's only capability")]
    Last(CapabilityId),
    #[error("the provider's file is not laid out in lines, so that it cannot be changed in one place")]
    Layout,
}

impl EditError {
    pub(in crate::service) fn help(&self) -> String {
        match self {
            Self::Standing(id) => format!("delete it first: aivault capability delete {id}"),
            Self::Missing(_) => "see which there are: aivault capability list".to_owned(),
            Self::Last(id) => format!("remove the provider: aivault provider remove {}", id.provider()),
            Self::Layout => {
                "change a copy and add it again: aivault provider export, aivault provider add".to_owned()
            }
        }
    }
}

/// The file with one more capability, behind the others.
pub(in crate::service) fn with_capability(text: &str, new: &NewCapability) -> Result<String, EditError> {
    let block = Block::of(text)?;
    if block.line_of(text, &new.id).is_some() {
        return Err(EditError::Standing(new.id.clone()));
    }
    let mut lines: Vec<&str> = text.lines().collect();
    let written = capability(new, block.indent);
    let mut added: Vec<&str> = vec![""];
    added.extend(written.lines());
    lines.splice(block.end..block.end, added);
    Ok(lines.join("\n") + "\n")
}

/// The file without a capability and the comment right above it.
pub(in crate::service) fn without_capability(text: &str, id: &CapabilityId) -> Result<String, EditError> {
    let block = Block::of(text)?;
    let at = block.line_of(text, id).ok_or_else(|| EditError::Missing(id.clone()))?;
    let mut lines: Vec<&str> = text.lines().collect();
    let is_key = |line: &&str| indent(line) == block.indent && is_content(line);
    if lines[block.start..block.end].iter().filter(|line| is_key(line)).count() < 2 {
        return Err(EditError::Last(id.clone()));
    }
    let mut end = (at + 1..block.end).find(|line| is_key(&lines[*line])).unwrap_or(block.end);
    // What stands right above the next one is about that.
    while end < block.end
        && end > at + 1
        && is_comment(lines[end - 1])
        && indent(lines[end - 1]) == block.indent
    {
        end -= 1;
    }
    let above = lines[block.start..at].iter().rev().take_while(|line| is_comment(line)).count();
    let mut start = at - above;
    if start > block.start && lines[start - 1].trim().is_empty() {
        start -= 1;
    }
    lines.drain(start..end);
    Ok(lines.join("\n") + "\n")
}

/// The lines below `capabilities:`.
struct Block {
    start: usize,
    end: usize,
    /// How far capabilities are indented.
    indent: usize,
}

impl Block {
    fn of(text: &str) -> Result<Self, EditError> {
        if text.contains('\r') {
            return Err(EditError::Layout);
        }
        let lines: Vec<&str> = text.lines().collect();
        let is_key = |line: &str| line.split('#').next().unwrap_or_default().trim_end() == "capabilities:";
        let key = lines.iter().position(|line| is_key(line)).ok_or(EditError::Layout)?;
        let start = key + 1;
        let first = (start..lines.len()).find(|line| is_content(lines[*line])).ok_or(EditError::Layout)?;
        let depth = indent(lines[first]);
        let end = (first..lines.len()).find(|line| is_content(lines[*line]) && indent(lines[*line]) < depth);
        let mut end = end.unwrap_or(lines.len());
        while end > first + 1 && !is_content(lines[end - 1]) {
            end -= 1;
        }
        if depth == 0 { Err(EditError::Layout) } else { Ok(Self { start, end, indent: depth }) }
    }

    /// The line where a capability begins.
    fn line_of(&self, text: &str, id: &CapabilityId) -> Option<usize> {
        let place = Place::root().key("capabilities").name(id.name());
        let offset = position::exactly(text, &place)?;
        let line = text.get(..offset)?.matches('\n').count();
        (self.start..self.end).contains(&line).then_some(line)
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn is_content(line: &str) -> bool {
    !line.trim().is_empty() && !is_comment(line)
}

/// Texts are written in their JSON form, which is YAML too.
fn capability(new: &NewCapability, indent: usize) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let list = |texts: Vec<String>| texts.join(", ");
    let summary =
        new.summary.clone().unwrap_or_else(|| format!("{} of {}", new.id.name(), new.id.provider()));
    let mut lines = vec![format!("summary: {}", quoted(&summary))];
    lines.extend(new.host.as_ref().map(|host| format!("host: {}", quoted(host))));
    lines.extend(new.risk.map(|risk| format!("risk: {}", risk.as_str())));
    let methods = list(new.methods.iter().map(Method::to_string).collect());
    let paths = list(new.paths.iter().map(|path| quoted(path)).collect());
    lines.push("allow:".to_owned());
    lines.push(format!("  - methods: [{methods}]"));
    lines.push(format!("    paths: [{paths}]"));
    let (method, path) = example(new);
    lines.push(format!("example: {{ method: {method}, path: {} }}", quoted(&path)));
    lines.push(format!("examples: {{ deny: [{}] }}", quoted(&denied(new, &path))));
    let name = match new.id.name() {
        // Words that YAML would read as something else than a name.
        word @ ("null" | "true" | "false") => quoted(word),
        name => name.to_owned(),
    };
    let mut text = format!("{}{name}:\n", " ".repeat(indent));
    for line in lines {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{}{line}", " ".repeat(indent + 2));
    }
    text
}

/// A request that the first pattern permits.
fn example(new: &NewCapability) -> (Method, String) {
    let method = new.methods.first().copied().unwrap_or(Method::Get);
    let pattern = new.paths.first().and_then(|path| PathPattern::parse_all(path).ok()?.into_iter().next());
    let path = pattern.as_ref().map_or("/", PathPattern::bare).replace('*', "example");
    (method, path)
}

/// One that nothing permits: a method that is not granted, else a path beside the others.
fn denied(new: &NewCapability, path: &str) -> String {
    let granted = MethodSet::of(&new.methods);
    match Method::ALL.into_iter().find(|method| !granted.contains(*method)) {
        Some(method) => format!("{method} {path}"),
        None => format!("{} {}", Method::Get, beside(new, path)),
    }
}

/// A path that no pattern permits; one that every path meets is refused as over-broad anyway.
fn beside(new: &NewCapability, path: &str) -> String {
    let patterns: Vec<PathPattern> =
        new.paths.iter().flat_map(|path| PathPattern::parse_all(path).unwrap_or_default()).collect();
    let candidates =
        [format!("{path}-is-not-granted"), "/is-not-granted".to_owned(), "/is/not/granted".to_owned()];
    let free = |path: &&String| !patterns.iter().any(|pattern| pattern.matches(path));
    candidates.iter().find(free).unwrap_or(&candidates[0]).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Source, compile_provider};

    const FILE: &str = "provider: acme\nname: Acme\ncategory: test\ndocs: https://example.com\n\
        secrets:\n  ACME_KEY: { as: secret }\nhosts: [api.acme.example]\n\
        auth: { type: header, name: authorization, value: \"Bearer {{secret}}\" }\n\
        capabilities:\n  # About orders.\n  orders:\n    summary: Read orders\n    allow:\n      \
        - { methods: [GET], paths: [/v1/orders] }\n    example: { method: GET, path: /v1/orders }\n    \
        examples: { deny: [POST /v1/orders] }\n\nsdk: { base_url_env: ACME_URL }\n";

    fn new(name: &str, methods: &[Method], paths: &[&str]) -> NewCapability {
        NewCapability {
            id: CapabilityId::parse(&format!("acme/{name}")).unwrap(),
            methods: methods.to_vec(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            host: None,
            summary: None,
            risk: None,
        }
    }

    fn names(text: &str) -> Vec<String> {
        let checked = compile_provider(Source { name: "acme.yaml".to_owned(), text: text.to_owned() });
        let provider = checked.provider.unwrap_or_else(|| panic!("{:?}\n{text}", checked.diagnostics));
        provider.capabilities.iter().map(|one| one.id.name().to_owned()).collect()
    }

    #[test]
    fn what_was_added_and_taken_away_again_leaves_the_file_as_it_was() {
        for (methods, paths) in [
            (vec![Method::Get], vec!["/v1/items", "/v1/items/*"]),
            (vec![Method::Post, Method::Delete], vec!["/v1/{a,b}/*:run"]),
            (Method::ALL.to_vec(), vec!["/v2/things/**", "/v2/things-*/x"]),
            (Method::ALL.to_vec(), vec!["/v2/other/*"]),
        ] {
            let added = with_capability(FILE, &new("items", &methods, &paths)).unwrap();
            assert_eq!(names(&added), ["items", "orders"]);
            let id = CapabilityId::parse("acme/items").unwrap();
            assert_eq!(without_capability(&added, &id).unwrap(), FILE);
            let orders = CapabilityId::parse("acme/orders").unwrap();
            let without = without_capability(&added, &orders).unwrap();
            assert_eq!(names(&without), ["items"]);
            assert!(!without.contains("About orders"), "{without}");
            assert!(without.contains("ACME_URL"));
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let orders = new("orders", &[Method::Get], &["/x"]);
        assert_eq!(with_capability(FILE, &orders), Err(EditError::Standing(orders.id.clone())));
        assert_eq!(without_capability(FILE, &orders.id), Err(EditError::Last(orders.id)));
        let none = CapabilityId::parse("acme/none").unwrap();
        assert_eq!(without_capability(FILE, &none), Err(EditError::Missing(none)));
        assert_eq!(
            with_capability("capabilities: {}", &new("a", &[Method::Get], &["/a"])),
            Err(EditError::Layout)
        );
    }
}
