//! What is wrong with a document, where, and what to write instead.
//!
//! A `Finding` points into the document by keys and indexes; `locate` turns it into
//! a `Diagnostic` with file, line and column. Codes are stable: people search for them.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::code::{Code, Severity};
use super::position;

/// A file's name, as people see it, and its text.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// A place in a document: a value, or the key in front of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place {
    pub steps: Vec<Step>,
    pub key: bool,
}

impl Place {
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The value under `key` of this place.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    /// The element `index` of this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// The key itself rather than its value.
    #[must_use]
    pub fn name(&self, key: &str) -> Self {
        Self { key: true, ..self.key(key) }
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { steps, key: false }
    }
}

/// A mistake, by its place in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    pub place: Place,
    pub message: String,
    pub help: Option<String>,
}

impl Finding {
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, place, message: message.into(), help: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The finding with its place looked up in `source`.
    #[must_use]
    pub fn locate(self, source: &Source) -> Diagnostic {
        let at = position::of(&source.text, &self.place).unwrap_or(0);
        Diagnostic::at(self, source, at)
    }
}

/// A mistake, by file, line and column (both from 1), with the line it stands on.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub finding: Finding,
    pub line: usize,
    pub column: usize,
    source: Source,
    span: Range<usize>,
}

impl Diagnostic {
    /// A finding at a byte offset of `source`.
    #[must_use]
    pub fn at(finding: Finding, source: &Source, offset: usize) -> Self {
        let text = &source.text;
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line_start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[..offset].matches('\n').count() + 1;
        let column = text[line_start..offset].chars().count() + 1;
        let span = offset..offset + token_length(&text[offset..]);
        Self { finding, line, column, source: source.clone(), span }
    }

    /// The name of the file that it is about.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// Whether it is about the file of that name.
    #[must_use]
    pub fn is_of(&self, name: &str) -> bool {
        self.source.name == name
    }

    /// Whether what it is about must not stand.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.finding.code.severity() == Severity::Error
    }

    /// The diagnostic as people read it: message, place, source line, caret, fix.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        let snippet = Snippet::source(&self.source.text)
            .path(&self.source.name)
            .annotation(AnnotationKind::Primary.span(self.span.clone()));
        let level = match self.finding.code.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&self.finding.message).id(self.finding.code.as_str());
        let group = title.element(snippet);
        let groups: Vec<Group<'_>> = match &self.finding.help {
            Some(help) => vec![group.element(Level::HELP.message(help))],
            None => vec![group],
        };
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&groups).to_string()
    }
}

/// `file:line:column: message`, for tools that read one line a mistake.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { code, message, help, .. } = &self.finding;
        let (severity, code) = (code.severity().as_str(), code.as_str());
        write!(f, "{}:{}:{}: {severity}[{code}]: {message}", self.source.name, self.line, self.column)?;
        match help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// How much of the text a caret should underline: a quoted text, or a plain word.
fn token_length(text: &str) -> usize {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => text[1..].find([quote, '\n']).map(|end| end + 2),
        None => text.find([',', ']', '}', '\n', '#']).map(|end| {
            let colon = text[..end].find(": ").or_else(|| text[..end].strip_suffix(':').map(str::len));
            text[..colon.unwrap_or(end)].trim_end().len()
        }),
    };
    end.unwrap_or(text.trim_end().len()).clamp(usize::from(!text.is_empty()), text.len())
}
