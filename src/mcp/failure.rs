//! A refusal or failure as a tool's result: words for the agent, and the error object for programs.

use rmcp::model::{CallToolResult, ContentBlock};

use crate::service::ServiceError;
use crate::service::wire::WireError;

/// The result of a call that was refused or came to nothing, behind what there is of an answer.
pub(super) fn result(error: &ServiceError, begun: Option<ContentBlock>) -> CallToolResult {
    let mut content: Vec<_> = begun.into_iter().collect();
    content.push(ContentBlock::text(words(error)));
    let mut result = CallToolResult::error(content);
    result.structured_content = serde_json::to_value(WireError::shown(error)).ok();
    result
}

fn words(error: &ServiceError) -> String {
    let code = error.kind.code();
    let code = error.reason.as_ref().map_or_else(|| code.to_owned(), |reason| format!("{code} ({reason})"));
    let retry = error.retry_after_s.map(|s| format!("\nretry after: {s} s")).unwrap_or_default();
    let help = error.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!("{code}: {}{help}{retry}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ErrorKind;

    #[test]
    fn the_words_have_code_reason_and_help() {
        let error = ServiceError::new(ErrorKind::RateLimited, "full").reason("limit.exceeded").help("wait");
        let error = ServiceError { retry_after_s: Some(7), ..error };
        assert_eq!(words(&error), "rate_limited (limit.exceeded): full\nhelp: wait\nretry after: 7 s");
        let result = result(&error, None);
        assert_eq!(result.is_error, Some(true));
        let object = result.structured_content.unwrap();
        assert_eq!((&object["error"], &object["help"]), (&"rate_limited".into(), &"wait".into()));
        assert_eq!(words(&ServiceError::new(ErrorKind::VaultLocked, "locked")), "vault_locked: locked");
    }
}
