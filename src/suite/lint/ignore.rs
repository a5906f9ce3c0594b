//! Comments that drop a finding: `# aivault-ignore: P009 why it is meant`, at the end of its line
//! or on a line of its own before it.

use crate::spec::{Code, Diagnostic, Finding, Place, Source};

const MARK: &str = "aivault-ignore:";

/// The comments of one file.
pub(super) struct Ignores<'a> {
    source: &'a Source,
    all: Vec<Ignore>,
}

struct Ignore {
    /// Of the comment itself.
    offset: usize,
    /// The line whose findings it drops, from 1.
    line: usize,
    code: Result<Code, Slip>,
}

/// Why a comment drops nothing.
enum Slip {
    UnknownCode(String),
    NoReason(Code),
}

impl<'a> Ignores<'a> {
    pub(super) fn of(source: &'a Source) -> Self {
        let mut all = Vec::new();
        // Comments on lines of their own, which are about the next line that says something.
        let mut waiting = Vec::new();
        let mut offset = 0;
        for (index, line) in source.text.split_inclusive('\n').enumerate() {
            let comment = comment_of(line);
            let alone = comment.is_some_and(|at| line[..at].trim().is_empty());
            if !line.trim().is_empty() && !alone {
                all.extend(waiting.drain(..).map(|(offset, code)| Ignore { offset, line: index + 1, code }));
            }
            if let Some((at, code)) = comment.and_then(|at| Some((at, parse(&line[at..])?))) {
                if alone {
                    waiting.push((offset + at, code));
                } else {
                    all.push(Ignore { offset: offset + at, line: index + 1, code });
                }
            }
            offset += line.len();
        }
        all.extend(waiting.into_iter().map(|(offset, code)| Ignore { offset, line: 0, code }));
        Self { source, all }
    }

    /// What is left of `found`, and, where `idle` ones matter, the comments that did nothing.
    pub(super) fn apply(&self, found: Vec<Diagnostic>, idle: bool) -> Vec<Diagnostic> {
        let drops = |ignore: &Ignore, one: &Diagnostic| {
            ignore.line == one.line && ignore.code.as_ref().ok() == Some(&one.finding.code)
        };
        let unused = self.all.iter().filter(|ignore| match ignore.code {
            Ok(_) => idle && !found.iter().any(|one| drops(ignore, one)),
            Err(_) => true,
        });
        let mut kept: Vec<Diagnostic> = unused.map(|ignore| self.slip(ignore)).collect();
        kept.extend(found.into_iter().filter(|one| !self.all.iter().any(|ignore| drops(ignore, one))));
        kept
    }

    fn slip(&self, ignore: &Ignore) -> Diagnostic {
        let (message, help) = match &ignore.code {
            Ok(code) => {
                (format!("there is no {} here to ignore", code.as_str()), "take the comment out".to_owned())
            }
            Err(Slip::UnknownCode(text)) => (
                format!("`{text}` is no code of a finding"),
                "codes are those of docs/lints.md, such as P009".to_owned(),
            ),
            Err(Slip::NoReason(code)) => (
                format!("this ignores {} without a reason, and so does not", code.as_str()),
                format!("say why: `# {MARK} {} …`", code.as_str()),
            ),
        };
        let finding = Finding::new(Code::Ignore, Place::root(), message).help(help);
        Diagnostic::at(finding, self.source, ignore.offset)
    }
}

/// Where the comment of a line begins: a `#` at its start or behind white space, outside of quotes.
fn comment_of(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') if before.is_whitespace() => return Some(at),
            (None, '"' | '\'') if before.is_whitespace() || matches!(before, '[' | '{' | ',' | ':') => {
                quote = Some(character);
            }
            (Some(open), close) if open == close && before != '\\' => quote = None,
            _ => {}
        }
        before = character;
    }
    None
}

fn parse(comment: &str) -> Option<Result<Code, Slip>> {
    let text = comment.trim_start_matches('#').trim().strip_prefix(MARK)?.trim();
    let (word, reason) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let shown: String = word.chars().take(20).collect();
    let code = Code::parse(word).ok_or_else(|| Slip::UnknownCode(shown.escape_debug().to_string()));
    Some(code.and_then(|code| if reason.trim().is_empty() { Err(Slip::NoReason(code)) } else { Ok(code) }))
}
