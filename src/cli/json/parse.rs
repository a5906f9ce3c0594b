//! Reading: a full parser judges the text first, so that taking it apart is short.

use serde::de::IgnoredAny;

use super::Node;

/// Whether `text` is one JSON value.
pub(in crate::cli) fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// The value that `text` is, unless it is none, is nested too deeply (128 levels), or has a
/// string that is not Unicode.
pub(in crate::cli) fn parse(text: &[u8]) -> Option<Node> {
    if !is_json(text) {
        return None;
    }
    // `is_json` has bounded the depth, and so the recursion.
    Reader { text: std::str::from_utf8(text).ok()?, at: 0 }.value()
}

/// Takes apart what is known to be JSON (RFC 8259).
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Node> {
        match self.peek()? {
            b'{' => self.record(),
            b'[' => self.list(),
            b'"' => self.string().map(Node::Text),
            _ => Some(match self.word() {
                "null" => Node::Null,
                "true" => Node::Bool(true),
                "false" => Node::Bool(false),
                number => Node::Number(number.to_owned()),
            }),
        }
    }

    fn record(&mut self) -> Option<Node> {
        let mut fields = Vec::new();
        self.at += 1;
        while self.peek()? != b'}' {
            let name = self.string()?;
            self.skip_mark(b':');
            fields.push((name, self.value()?));
            self.skip_mark(b',');
        }
        self.at += 1;
        Some(Node::Record(fields))
    }

    fn list(&mut self) -> Option<Node> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek()? != b']' {
            items.push(self.value()?);
            self.skip_mark(b',');
        }
        self.at += 1;
        Some(Node::List(items))
    }

    fn string(&mut self) -> Option<String> {
        self.peek()?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while *bytes.get(self.at)? != b'"' {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    /// A literal name or a number.
    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The next byte that is not blank.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += blanks;
        rest.get(blanks).copied()
    }

    fn skip_mark(&mut self, mark: u8) {
        if self.peek() == Some(mark) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::json::{compact, pretty};

    #[test]
    fn order_repetition_and_digits_are_kept() {
        let text =
            r#"{"z":1.50,"a":[-0,1E+9,18446744073709551616],"z":"\u00e9\n","e":{},"l":[],"t":true,"n":null}"#;
        let spaced = r#" { "z" : 1.50 , "a":[ -0,1E+9 ,18446744073709551616],"z":"\u00e9\n","e":{ },"l":[ ],"t":true , "n":null } "#;
        assert_eq!(compact(&parse(spaced.as_bytes()).unwrap()), text.replace("\\u00e9", "é"));
    }

    #[test]
    fn what_is_not_json_is_none() {
        for bad in ["", "{", "{\"a\"}", "[1,]", "nul", "01", "1 2", "\"\\ud800\"", "'a'", "\u{feff}{}"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"\"\xff\""), None);
        assert_eq!(parse("[".repeat(100_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:\\\\ 0-9a-z\u{e9}-]{0,40}") {
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn it_reads_what_a_full_parser_reads(text in "\\PC*", number: i64, flag: bool) {
            let value = serde_json::json!({ "t": text, "l": [number, flag, null], "o": { "k": text } });
            let node = parse(value.to_string().as_bytes()).unwrap();
            for printed in [compact(&node), pretty(&node)] {
                let back: serde_json::Value = serde_json::from_str(&printed).unwrap();
                prop_assert_eq!(&back, &value);
            }
        }
    }
}
