//! Why an answer is withheld. Says nothing of what was in it.

use thiserror::Error;

use crate::spec::RuleId;

/// An answer that may not be handed out, or no further.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RedactError {
    #[error("the rule `{rule}` lets an answer have {max} bytes, and this one has more")]
    TooLarge { rule: RuleId, max: u64 },
    #[error("{} takes values out of the answer, and cannot look into it: {why}", named(.rules))]
    Unreadable { rules: Vec<RuleId>, why: Why },
}

/// Why values could not be looked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Why {
    #[error("it is neither JSON nor lines or events of JSON")]
    Format,
    #[error("it is only a part of a document")]
    Part,
    #[error("it says that it is JSON, and is not")]
    NotJson,
    #[error("it has a message that is not JSON")]
    Message,
    #[error("it says that it is a stream of events, and has a line that is none")]
    NotAnEvent,
    #[error("it has more than {limit} bytes in one piece")]
    TooLong { limit: usize },
}

impl RedactError {
    /// A stable code for programs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "answer.too_large",
            Self::Unreadable { .. } => "answer.unreadable",
        }
    }

    /// What whoever sent the request should know.
    #[must_use]
    pub fn help(&self) -> &'static str {
        "the request was carried out; only its answer is withheld"
    }
}

fn named(rules: &[RuleId]) -> String {
    let names: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    let word = if rules.len() == 1 { "the rule" } else { "each of the rules" };
    format!("{word} {}", names.join(" and "))
}
