//! Asks for what no flag says, where somebody is there to answer.
//!
//! An answer that cannot stand is asked for again; the end of the input stops everything. It
//! never writes a file, so that stopping leaves nothing behind.

use std::io::{BufRead, Write};

use crate::error::ToolError;

pub struct Asker<R, W> {
    pub on_terminal: bool,
    pub input: R,
    pub output: W,
}

impl<R: BufRead, W: Write> Asker<R, W> {
    /// What `flag` says, or else is answered.
    pub fn must<T>(
        &mut self,
        (flag, question): (&'static str, &str),
        said: Option<&String>,
        fit: impl Fn(&str) -> Result<T, ToolError>,
    ) -> Result<T, ToolError> {
        match said {
            Some(said) => fit(said),
            None if self.on_terminal => loop {
                match self.ask(question, None, &fit)? {
                    Some(answer) => return Ok(answer),
                    None => writeln!(self.output, "  this one has no default")?,
                }
            },
            None => Err(ToolError::Missing { flag }),
        }
    }

    /// What was said or is answered; nothing when nobody is there, or the answer is empty.
    pub fn may<T>(
        &mut self,
        question: &str,
        usual: &str,
        said: Option<&String>,
        fit: impl Fn(&str) -> Result<T, ToolError>,
    ) -> Result<Option<T>, ToolError> {
        match said {
            Some(said) => fit(said).map(Some),
            None if self.on_terminal => self.ask(question, Some(usual), &fit),
            None => Ok(None),
        }
    }

    fn ask<T>(
        &mut self,
        question: &str,
        usual: Option<&str>,
        fit: &impl Fn(&str) -> Result<T, ToolError>,
    ) -> Result<Option<T>, ToolError> {
        let usual = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
        loop {
            write!(self.output, "{question}{usual}: ")?;
            self.output.flush()?;
            let Some(answer) = self.line()? else { return Err(ToolError::Stopped) };
            if answer.is_empty() {
                return Ok(None);
            }
            match fit(&answer) {
                Ok(value) => return Ok(Some(value)),
                Err(ToolError::Answer { why, .. }) => writeln!(self.output, "  {why}")?,
                Err(other) => return Err(other),
            }
        }
    }

    /// The next line; none at the end of the input, as after Ctrl-D.
    fn line(&mut self) -> Result<Option<String>, ToolError> {
        let mut line = String::new();
        if self.input.read_line(&mut line)? == 0 {
            writeln!(self.output)?;
            return Ok(None);
        }
        Ok(Some(line.trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer;

    fn asker(typed: &str) -> Asker<&[u8], Vec<u8>> {
        Asker { on_terminal: true, input: typed.as_bytes(), output: Vec::new() }
    }

    #[test]
    fn what_cannot_stand_is_asked_for_again() {
        let mut asker = asker("https://api.acme.com/v1\n\n  api.acme.com  \n");
        let host = asker.must(("host", "Host"), None, answer::host).unwrap();
        let shown = String::from_utf8(asker.output).unwrap();
        assert_eq!(host, "api.acme.com");
        assert_eq!(shown.matches("Host: ").count(), 3, "{shown}");
        assert!(shown.contains("did you mean `api.acme.com`?\nHost:   this one has no default\n"), "{shown}");
    }

    #[test]
    fn an_empty_answer_takes_the_default_and_the_end_of_the_input_does_not() {
        assert_eq!(asker("\n").may("Name", "acme", None, answer::name).unwrap(), None);
        for typed in ["", "\u{7}\n"] {
            let stopped = asker(typed).may("Name", "acme", None, answer::name);
            assert!(matches!(stopped, Err(ToolError::Stopped)), "{stopped:?}");
        }
        let stopped = asker("").must(("host", "Host"), None, answer::host);
        assert!(matches!(stopped, Err(ToolError::Stopped)), "{stopped:?}");
    }

    #[test]
    fn what_a_flag_says_is_checked_and_not_asked() {
        let said = "https://x".to_owned();
        let mut asker = asker("api.acme.com\n");
        assert!(matches!(
            asker.must(("host", "Host"), Some(&said), answer::host),
            Err(ToolError::Answer { .. })
        ));
        assert!(asker.output.is_empty());
    }
}
