//! Requests that wait for a person: which there are, and a person's answer.

use super::Local;
use crate::broker::{Answer, ApprovalError};
use crate::policy::Caller;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;

impl Local {
    pub(super) fn list_approvals(&self) -> Outcome {
        Outcome::Approvals { questions: self.approvals.list() }
    }

    pub(super) fn show_approval(&self, id: &str) -> Result<Outcome, ServiceError> {
        let found = self.approvals.list().into_iter().find(|question| question.id == id);
        found
            .map(|question| Outcome::Approval(Box::new(question)))
            .ok_or_else(|| gone(ApprovalError::NotWaiting))
    }

    /// The broker records the answer, when the request that waited for it goes on.
    pub(super) fn answer_approval(
        &self,
        caller: &Caller,
        id: &str,
        approve: bool,
    ) -> Result<Outcome, ServiceError> {
        let answer = Answer { approved: approve, by: caller.to_string() };
        let question = self.approvals.answer(id, answer).map_err(gone)?;
        Ok(Outcome::ApprovalAnswered { id: question.id, approved: approve })
    }
}

fn gone(error: ApprovalError) -> ServiceError {
    ServiceError::new(ErrorKind::NotFound, error.to_string())
        .reason("approval.missing")
        .help("see what waits: aivault approvals list")
}
