//! `policy check`: one answer for each line, whatever the line holds.

use std::io::{BufRead, BufReader, Read};
use std::process::ExitCode;

use crate::cli::error::CliError;
use crate::cli::screen::Screen;
use crate::service::PolicyAnswer;
use crate::service::suite::PolicyChecker;

/// A line longer than this cannot be a question.
const LINE_MAX: u64 = 1 << 20;

/// Answers every line until the input ends.
pub(in crate::cli) fn check(
    checker: &PolicyChecker,
    input: impl Read,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let mut line = Vec::new();
    while read_line(&mut input, &mut line)? {
        serde_json::to_writer(&mut *screen.out, &answer(checker, &line)).map_err(std::io::Error::from)?;
        screen.out.write_all(b"\n")?;
        // Whoever asks one question at a time waits for this answer before the next.
        if !input.buffer().contains(&b'\n') {
            screen.out.flush()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(checker: &PolicyChecker, line: &[u8]) -> PolicyAnswer {
    match serde_json::from_slice(line) {
        Ok(question) => checker.check(question),
        Err(_) => PolicyAnswer::invalid(),
    }
}

/// The next line without its end; false when there is none. An overlong one comes cut, and so
/// malformed.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, CliError> {
    line.clear();
    let count = input.take(LINE_MAX).read_until(b'\n', line).map_err(CliError::Input)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if count as u64 == LINE_MAX {
        line.clear();
        skip_line(input)?;
    }
    Ok(count > 0)
}

fn skip_line(input: &mut impl BufRead) -> Result<(), CliError> {
    input.skip_until(b'\n').map(drop).map_err(CliError::Input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::Paint;

    fn answers(input: impl Read) -> Vec<String> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let paint = Paint::plain();
        let mut screen = Screen { out: &mut out, err: &mut err, paint, err_paint: paint, on_terminal: false };
        check(&PolicyChecker::built_in(), input, &mut screen).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    const MALFORMED: &str = r#"{"allowed":false,"capability":null,"reason":"invalid_request"}"#;

    #[test]
    fn every_line_is_answered_by_one() {
        let lines = "nonsense\n\n{\"method\":1}\n{\"method\":\"GET\",\"path\":\"/\",\"more\":1}\n\u{fffd}";
        let answers = answers(lines.as_bytes());
        assert_eq!(answers, [MALFORMED; 5]);
        assert!(self::answers(&b""[..]).is_empty());
        assert_eq!(self::answers(&b"\xff\xfe\n"[..]), [MALFORMED]);
    }

    #[test]
    fn an_overlong_line_is_one_line() {
        let mut lines = vec![b'x'; 3 << 20];
        lines.extend(b"\nnext\n");
        assert_eq!(answers(&lines[..]), [MALFORMED; 2]);
    }
}
