//! Writing: on one line, or indented for a person to read.

use std::fmt::Write as _;

use super::Node;
use crate::cli::escape;

/// On one line, without blanks.
pub(in crate::cli) fn compact(node: &Node) -> String {
    let mut text = String::new();
    Printer { text: &mut text, indent: None }.value(node);
    text
}

/// Indented by two, and safe to show: what could move a terminal's cursor or reorder its text
/// is written as `\u…`, which means the same.
pub(in crate::cli) fn pretty(node: &Node) -> String {
    let mut text = String::new();
    Printer { text: &mut text, indent: Some(0) }.value(node);
    text
}

struct Printer<'a> {
    text: &'a mut String,
    /// How deep it stands; none for a single line.
    indent: Option<usize>,
}

impl Printer<'_> {
    fn value(&mut self, node: &Node) {
        match node {
            Node::Null => self.text.push_str("null"),
            Node::Bool(flag) => self.text.push_str(if *flag { "true" } else { "false" }),
            Node::Number(digits) => self.text.push_str(digits),
            Node::Text(text) => self.string(text),
            Node::List(items) => self.between('[', ']', items, Self::value),
            Node::Record(fields) => self.between('{', '}', fields, |printer, (name, value)| {
                printer.string(name);
                printer.text.push_str(if printer.indent.is_some() { ": " } else { ":" });
                printer.value(value);
            }),
        }
    }

    fn between<T>(&mut self, open: char, close: char, items: &[T], mut print: impl FnMut(&mut Self, &T)) {
        self.text.push(open);
        self.indent = self.indent.map(|depth| depth + 1);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            self.new_line();
            print(self, item);
        }
        self.indent = self.indent.map(|depth| depth - 1);
        if !items.is_empty() {
            self.new_line();
        }
        self.text.push(close);
    }

    fn new_line(&mut self) {
        if let Some(depth) = self.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", depth));
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\0'..='\u{1f}' => self.escaped(character),
                _ if self.indent.is_some() && escape::is_unsafe(character) => self.escaped(character),
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }

    /// As UTF-16 code units (RFC 8259, section 7).
    fn escaped(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "\\u{unit:04x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::json::parse;

    #[test]
    fn indented_by_two() {
        let node = parse(br#"{"a":[1,{"b":[]}],"c":{}}"#).unwrap();
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}";
        assert_eq!(pretty(&node), expected);
    }

    #[test]
    fn a_terminal_is_not_moved() {
        let node = Node::Text("a\u{1b}[2J\u{9b}\u{202e}\u{e0001}b\"\\".to_owned());
        assert_eq!(pretty(&node), r#""a\u001b[2J\u009b\u202e\udb40\udc01b\"\\""#);
    }
}
