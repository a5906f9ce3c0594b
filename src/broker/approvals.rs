//! Requests that wait for a person, and the answers that people give.
//!
//! What waits is kept in memory only: a request whose caller goes away, or whose daemon ends,
//! is not sent, and nobody's later answer can change that.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::spec::{CapabilityId, CredentialName, RuleId, Scope};

/// More requests than this do not wait at once: each is one that a person should read.
const MAX_WAITING: usize = 100;

/// A request as the person who decides sees it: the plan without a secret, and of the body what
/// the rules name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub id: String,
    pub asked_ms: u64,
    pub until_ms: u64,
    /// Who wants it, from peer credentials or a token.
    pub caller: String,
    pub rules: Vec<AskingRule>,
    pub capability: CapabilityId,
    pub credential: CredentialName,
    #[serde(flatten)]
    pub scope: Scope,
    pub method: String,
    /// Scheme, host, path and query, without what authentication adds.
    pub url: String,
    /// The caller's headers; authentication is added later.
    pub headers: Vec<(String, String)>,
    pub body_bytes: u64,
    /// Pointers that the rules name, and what stands there.
    pub shown: Vec<(String, Vec<String>)>,
}

/// A rule that wants a person asked, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskingRule {
    pub id: RuleId,
    pub why: String,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub approved: bool,
    /// Who said it.
    pub by: String,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Answered(Answer),
    TimedOut,
}

/// Why a question cannot be asked or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApprovalError {
    #[error("no request of that id waits: it was answered, timed out, or its caller went away")]
    NotWaiting,
    #[error("too many requests wait for an answer already")]
    TooMany,
    #[error("a person must approve this, and nobody can answer a call that is made without the daemon")]
    NobodyAsked,
}

/// The questions that are open.
pub struct Approvals {
    /// Whether somebody can answer here: only the daemon is asked what waits.
    answerable: bool,
    waiting: Mutex<BTreeMap<String, Waiting>>,
}

struct Waiting {
    question: Question,
    answer: oneshot::Sender<Answer>,
}

impl Approvals {
    #[must_use]
    pub fn new(answerable: bool) -> Self {
        Self { answerable, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        // A panic elsewhere leaves the map whole: each change of it is one insertion or removal.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Question> {
        let mut all: Vec<_> = self.waiting().values().map(|one| one.question.clone()).collect();
        all.sort_by(|a, b| (a.asked_ms, &a.id).cmp(&(b.asked_ms, &b.id)));
        all
    }

    /// Gives a person's answer to the request that waits for it.
    ///
    /// # Errors
    /// When it waits no more.
    pub fn answer(&self, id: &str, answer: Answer) -> Result<Question, ApprovalError> {
        let waiting = self.waiting().remove(id).ok_or(ApprovalError::NotWaiting)?;
        waiting.answer.send(answer).map_err(|_| ApprovalError::NotWaiting)?;
        Ok(waiting.question)
    }

    /// Opens a question; it is closed when what is returned is dropped.
    ///
    /// # Errors
    /// When nobody could answer it, or too many wait.
    pub fn ask(self: &Arc<Self>, question: Question) -> Result<Asked, ApprovalError> {
        if !self.answerable {
            return Err(ApprovalError::NobodyAsked);
        }
        let (answer, answered) = oneshot::channel();
        let id = question.id.clone();
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING {
            return Err(ApprovalError::TooMany);
        }
        waiting.insert(id.clone(), Waiting { question, answer });
        Ok(Asked { approvals: Arc::clone(self), id, answered })
    }
}

/// A question that is open as long as this is kept.
pub struct Asked {
    approvals: Arc<Approvals>,
    id: String,
    answered: oneshot::Receiver<Answer>,
}

impl Asked {
    /// Waits for a person, but no longer than `patience`.
    pub async fn wait(mut self, patience: Duration) -> Settled {
        match tokio::time::timeout(patience, &mut self.answered).await {
            Ok(Ok(answer)) => Settled::Answered(answer),
            // An answer that came in the last moment counts: the person was told that it did.
            Ok(Err(_)) | Err(_) => match self.answered.try_recv() {
                Ok(answer) => Settled::Answered(answer),
                Err(_) => Settled::TimedOut,
            },
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.approvals.waiting().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(id: &str) -> Question {
        Question {
            id: id.to_owned(),
            asked_ms: 1,
            until_ms: 2,
            caller: "uid:1".to_owned(),
            rules: vec![AskingRule { id: RuleId::from_static("p/r"), why: "because".to_owned() }],
            capability: CapabilityId::from_static("a/b"),
            credential: CredentialName::from_static("a"),
            scope: Scope::Global,
            method: "DELETE".to_owned(),
            url: "https://a.example/x".to_owned(),
            headers: Vec::new(),
            body_bytes: 0,
            shown: Vec::new(),
        }
    }

    fn yes() -> Answer {
        Answer { approved: true, by: "uid:2".to_owned() }
    }

    #[tokio::test]
    async fn an_answer_reaches_the_one_who_waits() {
        let approvals = Arc::new(Approvals::new(true));
        let asked = approvals.ask(question("one")).unwrap();
        assert_eq!(approvals.list(), [question("one")]);
        approvals.answer("one", yes()).unwrap();
        assert_eq!(asked.wait(Duration::from_secs(5)).await, Settled::Answered(yes()));
        assert_eq!(approvals.answer("one", yes()), Err(ApprovalError::NotWaiting));
    }

    #[tokio::test]
    async fn a_caller_who_leaves_takes_the_question_along() {
        let approvals = Arc::new(Approvals::new(true));
        drop(approvals.ask(question("one")).unwrap());
        assert!(approvals.list().is_empty());
        assert_eq!(approvals.answer("one", yes()), Err(ApprovalError::NotWaiting));
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let approvals = Arc::new(Approvals::new(true));
        let asked = approvals.ask(question("one")).unwrap();
        assert_eq!(asked.wait(Duration::from_secs(300)).await, Settled::TimedOut);
        assert!(approvals.list().is_empty());
    }

    #[test]
    fn nobody_is_asked_where_nobody_can_answer() {
        let approvals = Arc::new(Approvals::new(false));
        assert_eq!(approvals.ask(question("one")).err(), Some(ApprovalError::NobodyAsked));
    }

    #[test]
    fn only_so_many_wait() {
        let approvals = Arc::new(Approvals::new(true));
        let asked: Vec<_> =
            (0..MAX_WAITING).map(|n| approvals.ask(question(&n.to_string())).unwrap()).collect();
        assert_eq!(approvals.ask(question("more")).err(), Some(ApprovalError::TooMany));
        drop(asked);
        assert!(approvals.ask(question("more")).is_ok());
    }
}
