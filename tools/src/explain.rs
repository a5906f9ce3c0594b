//! `explain`: what a diagnostic means and how it is put right, as `docs/lints.md` says it.

use std::process::ExitCode;

use crate::error::ToolError;
use crate::output::say;
use crate::spec::{Code, suggest};

const LINTS: &str = include_str!("../../docs/lints.md");

pub fn explain(asked: &str) -> Result<ExitCode, ToolError> {
    let section = code(asked).and_then(section);
    let Some(section) = section else { return Err(unknown(asked)) };
    say!("{}", section.trim_start_matches("## "));
    Ok(ExitCode::SUCCESS)
}

/// `P007`, however it is written: `p7`, `P0007`, `error[P007]`.
fn code(asked: &str) -> Option<Code> {
    let inner = asked.split_once('[').map_or(asked, |(_, rest)| rest.trim_end_matches(']'));
    let digits = inner.strip_prefix(['P', 'p']).unwrap_or(inner);
    let number: u16 = digits.parse().ok()?;
    Code::parse(&format!("P{number:03}"))
}

/// What stands below a code's heading, the heading included.
fn section(code: Code) -> Option<&'static str> {
    let start = LINTS.find(&format!("## {}: ", code.as_str()))?;
    let rest = &LINTS[start..];
    Some(rest[2..].find("\n## ").map_or(rest, |end| &rest[..end + 2]).trim_end())
}

fn unknown(asked: &str) -> ToolError {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let by_title = || {
        let all = Code::ALL.iter();
        let near = |code: &&&Code| code.title().to_lowercase().contains(&asked.to_lowercase());
        all.clone().find(|code| near(&code)).map(|code| code.as_str())
    };
    let near = by_title().or_else(|| suggest::nearest(asked, codes)).unwrap_or(Code::OverBroad.as_str());
    ToolError::Code { asked: asked.escape_debug().to_string(), near: near.to_owned() }
}
