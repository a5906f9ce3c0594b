//! `.env` files: lines of `NAME=VALUE`, with comments, quotes and `export`.
//!
//! The tools that read such files differ in what `$` means. A value that asks for another variable or a command is
//! refused here rather than stored as something that it is not; between single quotes it stands for itself.

use thiserror::Error;

use super::{Raw, shown};
use crate::cli::error::CliError;

pub(super) fn entries(text: &str) -> Result<Vec<Raw>, CliError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let mut rest = Rest { text, line: 1 };
    while let Some((name, line)) = rest.name()? {
        let value = rest.value().map_err(|problem| at(line, &format!("{} {problem}", shown(name))))?;
        found.push(Raw::new(name, value.as_bytes())?);
    }
    Ok(found)
}

fn at(line: usize, problem: &str) -> CliError {
    CliError::with_help(
        format!("line {line}: {problem}; nothing was imported"),
        "write each as NAME='VALUE', on one line",
    )
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, Error)]
enum Doubt {
    #[error("has more behind its quotes")]
    More,
    #[error("has no value")]
    NoValue,
    #[error("has no end of its quotes")]
    Open,
    #[error("has an escape that not every tool reads in the same way")]
    Escape,
    #[error("asks for another variable or a command")]
    Reference,
}

/// What is still to be read.
struct Rest<'a> {
    text: &'a str,
    line: usize,
}

impl<'a> Rest<'a> {
    /// The next name, and the line that it stands in; what is left begins behind its `=`.
    fn name(&mut self) -> Result<Option<(&'a str, usize)>, CliError> {
        loop {
            if self.text.is_empty() {
                return Ok(None);
            }
            let (whole, _) = self.text.split_once('\n').unwrap_or((self.text, ""));
            let trimmed = whole.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                self.skip_line();
                continue;
            }
            let Some(equals) = whole.find('=') else { return Err(at(self.line, "there is no `=`")) };
            let name = whole[..equals].trim();
            let name =
                name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(name);
            self.text = &self.text[equals + 1..];
            return Ok(Some((name.trim(), self.line)));
        }
    }

    fn value(&mut self) -> Result<String, Doubt> {
        self.text = self.text.trim_start_matches([' ', '\t']);
        let value = match self.text.chars().next() {
            Some('\'') => self.literal()?,
            Some('"') => self.quoted()?,
            _ => return self.plain(),
        };
        let (behind, _) = self.text.split_once('\n').unwrap_or((self.text, ""));
        let behind = behind.trim();
        if !behind.is_empty() && !behind.starts_with('#') {
            return Err(Doubt::More);
        }
        self.skip_line();
        Ok(value)
    }

    /// Without quotes: to the line's end, or to a comment behind a blank.
    fn plain(&mut self) -> Result<String, Doubt> {
        let (whole, _) = self.text.split_once('\n').unwrap_or((self.text, ""));
        let end = whole.char_indices().find(|(at, c)| *c == '#' && whole[..*at].ends_with([' ', '\t']));
        let value = end.map_or(whole, |(at, _)| &whole[..at]).trim().to_owned();
        self.skip_line();
        refuse_references(&value)?;
        if value.starts_with('#') { Err(Doubt::NoValue) } else { Ok(value) }
    }

    fn literal(&mut self) -> Result<String, Doubt> {
        let end = self.text[1..].find('\'').ok_or(Doubt::Open)? + 1;
        let value = self.text[1..end].to_owned();
        self.advance(end + 1);
        Ok(value)
    }

    fn quoted(&mut self) -> Result<String, Doubt> {
        let (mut value, mut raw) = (String::new(), String::new());
        let mut characters = self.text.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    refuse_references(&raw)?;
                    self.advance(at + 1);
                    return Ok(value);
                }
                '\\' => {
                    let (_, escaped) = characters.next().ok_or(Doubt::Open)?;
                    value.push(match escaped {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        '"' | '\\' | '$' | '`' => escaped,
                        _ => return Err(Doubt::Escape),
                    });
                }
                other => {
                    value.push(other);
                    raw.push(other);
                }
            }
        }
        Err(Doubt::Open)
    }

    fn advance(&mut self, bytes: usize) {
        self.line += self.text[..bytes].matches('\n').count();
        self.text = &self.text[bytes..];
    }

    fn skip_line(&mut self) {
        self.advance(self.text.find('\n').map_or(self.text.len(), |newline| newline + 1));
    }
}

fn refuse_references(text: &str) -> Result<(), Doubt> {
    let asks = text.contains("${") || text.contains("$(") || text.contains('`');
    if asks { Err(Doubt::Reference) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let found = entries(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let text_of = |raw: &Raw| {
            let mut text = String::new();
            let is_text = raw.value.matches(|value| {
                text = value.to_owned();
                true
            });
            assert!(is_text);
            text
        };
        found.iter().map(|raw| (raw.name.clone(), text_of(raw))).collect()
    }

    #[test]
    fn values_are_read_as_the_tools_agree() {
        for (text, value) in [
            ("A=b", "b"),
            ("export A=b\n", "b"),
            ("\u{feff}# c\n\n  A = b # c\r\n", "b"),
            ("A=b#c", "b#c"),
            ("A=a=b==", "a=b=="),
            ("A='b # ${c} \\n'", "b # ${c} \\n"),
            ("A=\"b # c\\n\\\"\\$d\" # e", "b # c\n\"$d"),
            ("A=\"two\nlines\"\n", "two\nlines"),
            ("A=pa$$word", "pa$$word"),
        ] {
            assert_eq!(read(text), [("A".to_owned(), value.to_owned())], "{text:?}");
        }
        assert_eq!(read("A='x\ny'\nB=2\n").len(), 2);
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_is_doubtful_is_told_by_its_line_and_never_quoted() {
        for bad in [
            "A=1\nsk-verysecret",
            "A=1\nsk-verysecret=",
            "A=1\nB='sk-verysecret",
            "A=1\nB=\"sk-verysecret",
            "A=1\nB='sk-verysecret' more",
            "A=1\nB=sk-verysecret${C}",
            "A=1\nB=\"sk-verysecret$(C)\"",
            "A=1\nB=\"sk-verysecret\\x\"",
            "A=1\nB= # sk-verysecret",
            "A=1\nB=",
        ] {
            let error = entries(bad).err().unwrap_or_else(|| panic!("{bad:?}")).to_string();
            assert!(!error.contains("verysecret"), "{error}");
            assert!(
                error.contains("line 2") || error.contains("B has no value") || error.contains("an entry"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_stands_between_single_quotes_comes_back(value in "[^'\\r]{1,40}", other in "[a-z]{1,9}") {
            let found = read(&format!("# {other}\nA='{value}'\nB={other}\n"));
            prop_assert_eq!(found, [("A".to_owned(), value), ("B".to_owned(), other)]);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[A-C='\"\\\\ \n#$`{éx]{0,60}") {
            let _ = entries(&text);
        }
    }
}
