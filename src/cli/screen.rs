//! Where output goes, and whether it may be coloured.

use std::fmt::{self, Display};
use std::io::{self, Write};

use super::escape;

/// The two streams of one command.
pub(crate) struct Screen<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) err: &'a mut dyn Write,
    pub(crate) paint: Paint,
    pub(crate) err_paint: Paint,
    /// Whether a person reads `out`.
    pub(crate) on_terminal: bool,
}

impl Screen<'_> {
    /// Something worth a second look, beside the output proper.
    pub(crate) fn warn(&mut self, message: &str) -> io::Result<()> {
        let label = self.err_paint.yellow("warning:");
        writeln!(self.err, "{label} {}", escape::line(message))
    }
}

/// Colours, or their absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) const fn plain() -> Self {
        Self { on: false }
    }

    /// Colours are for a person at a terminal who did not say no.
    pub(crate) const fn for_stream(is_terminal: bool, no_color: bool) -> Self {
        Self { on: is_terminal && !no_color }
    }

    pub(crate) const fn is_on(self) -> bool {
        self.on
    }

    pub(crate) fn bold<T: Display>(self, text: T) -> Painted<T> {
        self.with("1", text)
    }

    pub(crate) fn dim<T: Display>(self, text: T) -> Painted<T> {
        self.with("2", text)
    }

    pub(crate) fn red<T: Display>(self, text: T) -> Painted<T> {
        self.with("1;31", text)
    }

    pub(crate) fn green<T: Display>(self, text: T) -> Painted<T> {
        self.with("32", text)
    }

    pub(crate) fn yellow<T: Display>(self, text: T) -> Painted<T> {
        self.with("33", text)
    }

    fn with<T: Display>(self, code: &'static str, text: T) -> Painted<T> {
        Painted { code: self.on.then_some(code), text }
    }
}

/// A text between the escape sequences of its colour. Pad the text, not this.
pub(crate) struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\u{1b}[{code}m{}\u{1b}[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_needs_a_terminal_and_consent() {
        let shown = |terminal, no_color| Paint::for_stream(terminal, no_color).red("x").to_string();
        assert_eq!(shown(true, false), "\u{1b}[1;31mx\u{1b}[0m");
        for (terminal, no_color) in [(true, true), (false, false), (false, true)] {
            assert_eq!(shown(terminal, no_color), "x");
        }
    }
}
