//! Rust source as plain code: comments and texts blanked out, test modules cut away.
//!
//! A reader for checks on this house's own style, not a parser of the language: it knows
//! what rustfmt writes.

/// The code without comments and without what stands in quotes; lines keep their numbers.
pub fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_length(rest, code.chars().next_back());
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (gone, behind) = rest.split_at(skipped);
            code.push(' ');
            code.extend(gone.chars().filter(|c| *c == '\n'));
            rest = behind;
        }
    }
    code
}

/// The length of the comment or literal at the start of `text`; 0 when there is none.
fn skipped_length(text: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let prefix = if in_word { 0 } else { text.find(|c| !matches!(c, 'b' | 'r' | 'c')).unwrap_or(0) };
    let (prefix, literal) = if prefix <= 2 { text.split_at(prefix) } else { ("", text) };
    if prefix.contains('r') && literal.starts_with(['"', '#']) {
        return raw_length(literal).map_or(0, |length| prefix.len() + length);
    }
    if let Some(content) = literal.strip_prefix('"') {
        return prefix.len() + 1 + quoted_length(content, '"');
    }
    if literal.starts_with('\'') && (prefix.is_empty() || prefix == "b") {
        return character_length(literal).map_or(0, |length| prefix.len() + length);
    }
    0
}

fn raw_length(literal: &str) -> Option<usize> {
    let hashes = literal.find('"')?;
    if literal[..hashes].contains(|c| c != '#') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    literal[hashes + 1..].find(&close).map(|end| hashes + 1 + end + close.len())
}

/// Up to and with the closing quote.
fn quoted_length(content: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in content.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    content.len()
}

/// A character literal, and no lifetime.
fn character_length(literal: &str) -> Option<usize> {
    let content = &literal[1..];
    let first = content.chars().next()?;
    if first == '\\' {
        return Some(1 + quoted_length(content, '\''));
    }
    content[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

/// What an item begins with that no shipped build has.
const TEST_ONLY: &[&str] = &["#[cfg(test)]", "#[cfg(all(test,"];

/// What is left when everything that only tests have goes; and the names of the test
/// modules that stand in files of their own. `code` must be code only.
pub fn without_tests(code: &str) -> (String, Vec<String>) {
    let (mut kept, mut modules, mut rest) = (String::new(), Vec::new(), code);
    while let Some(at) = TEST_ONLY.iter().filter_map(|mark| rest.find(mark)).min() {
        kept.push_str(&rest[..at]);
        let mark = rest[at..].find(']').map_or(rest.len(), |end| at + end + 1);
        let item = &rest[mark..];
        let length = item_length(item);
        let words: Vec<&str> = item[..length].split_whitespace().collect();
        let name = words.iter().position(|word| *word == "mod").and_then(|keyword| words.get(keyword + 1));
        modules.extend(name.and_then(|name| name.strip_suffix(';')).map(str::to_owned));
        kept.extend(item[..length].chars().filter(|c| *c == '\n'));
        rest = &item[length..];
    }
    kept.push_str(rest);
    (kept, modules)
}

/// An item ends with its `;`, or with the brace that closes its first one.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// Each occurrence of `word` that is no part of a longer one, by line (from 1) and what is behind it.
pub fn occurrences<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).filter_map(move |(at, _)| {
        let (before, behind) = (&code[..at], &code[at + word.len()..]);
        let joined = word.starts_with(in_word) && before.ends_with(in_word)
            || word.ends_with(in_word) && behind.starts_with(in_word);
        (!joined).then(|| (before.matches('\n').count() + 1, behind))
    })
}

/// The paths that `use`-like text names behind a prefix: `a::b`, or each of `{a::b, c::{d}}`.
pub fn first_segments(behind: &str) -> Vec<String> {
    let behind = behind.trim_start();
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = behind.strip_prefix('{') else { return vec![name(behind)] };
    let (mut names, mut depth, mut at_start) = (Vec::new(), 0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if c.is_whitespace() => {}
            _ if at_start => {
                names.push(name(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

/// The generic arguments behind `Name<`, at the top level.
pub fn arguments(behind: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut previous = ' ';
    for (at, c) in behind.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if previous == '-' || previous == '=' => {}
            '>' if depth == 0 => {
                found.push(behind[start..at].trim());
                return found;
            }
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(behind[start..at].trim());
                start = at + 1;
            }
            ';' | '{' if depth == 0 => return Vec::new(),
            _ => {}
        }
        previous = c;
    }
    Vec::new()
}
