//! The steps of the guide, as typed, and two calls that policy must refuse.

use super::error::DemoError;
use super::key::DemoKey;
use super::report::Report;
use super::stage::{Ran, Stage};
use super::upstream::{HOST, Received, Upstream};

/// The guide's request.
pub(super) const BODY: &str = r#"{"model":"gpt-5.2","messages":[{"role":"user","content":"hello"}]}"#;
/// What it names.
pub(super) const CAPABILITY: &str = "openai/chat-completions";
/// Lines of one output that are shown, unless more are worth it.
const FEW: usize = 6;
const MANY: usize = 18;

/// A call, and what of it reached the upstream.
pub(super) struct Called {
    pub(super) ran: Ran,
    pub(super) received: Vec<Received>,
}

/// All that was seen.
#[derive(Default)]
pub(super) struct Seen {
    /// The commands that are no calls.
    pub(super) commands: Vec<Ran>,
    pub(super) allowed: Vec<Called>,
    pub(super) refused: Vec<Called>,
    /// The log as `audit --json` tells it, and what `audit verify` said.
    pub(super) audit: Option<Ran>,
    pub(super) verified: Option<Ran>,
}

/// Plays the steps on a stage.
pub(super) struct Play<'a> {
    pub(super) stage: &'a Stage,
    pub(super) upstream: &'a Upstream,
    pub(super) key: &'a DemoKey,
    pub(super) report: &'a mut Report,
    pub(super) seen: Seen,
}

impl Play<'_> {
    pub(super) async fn all(&mut self) -> Result<(), DemoError> {
        self.prepare().await?;
        self.check_status().await?;
        self.store_a_secret().await?;
        self.browse().await?;
        self.invoke().await?;
        self.be_refused().await?;
        self.verify().await
    }

    async fn prepare(&mut self) -> Result<(), DemoError> {
        self.report.step("Prepare: a test vault, and a local TLS server in the provider's place");
        let ca = self.stage.keep("ca.pem", self.upstream.ca_pem.as_bytes())?;
        let redirect = format!("upstream set {HOST} --to {} --ca '{}'", self.upstream.address, ca.display());
        for typed in ["init --provider file --test", &redirect] {
            let ran = self.stage.run(typed).await?;
            self.report.ran(&ran, FEW, self.key);
            if !ran.succeeded() {
                return Err(DemoError::Prepare { typed: ran.typed });
            }
            self.seen.commands.push(ran);
        }
        Ok(())
    }

    async fn check_status(&mut self) -> Result<(), DemoError> {
        self.report.step("1  Check vault status");
        self.command("status", MANY).await
    }

    async fn store_a_secret(&mut self) -> Result<(), DemoError> {
        self.report.step("2  Store a secret");
        let key = self.key.reveal();
        let typed = format!("secrets create --name OPENAI_API_KEY --value \"{key}\" --scope global");
        self.command(&typed, FEW).await
    }

    async fn browse(&mut self) -> Result<(), DemoError> {
        self.report.step("3  Browse capabilities");
        self.command("capability list", FEW).await?;
        self.command(&format!("capability describe {CAPABILITY}"), MANY).await
    }

    async fn invoke(&mut self) -> Result<(), DemoError> {
        self.report.step("4  Invoke a capability");
        let called = self.call(&format!("invoke {CAPABILITY} --method POST --body '{BODY}'")).await?;
        self.report.typed(&called.ran, self.key);
        self.report.both_sides(&called, self.key);
        self.seen.allowed.push(called);
        for surface in ["json", "markdown"] {
            let called = self.call(&format!("{surface} {CAPABILITY} --method POST --body '{BODY}'")).await?;
            self.report.ran(&called.ran, MANY, self.key);
            self.seen.allowed.push(called);
        }
        Ok(())
    }

    async fn be_refused(&mut self) -> Result<(), DemoError> {
        self.report.step("What policy refuses");
        let outside = format!("invoke {CAPABILITY} --method GET --path /v1/organization/admin_api_keys");
        let own_key = format!(
            "invoke {CAPABILITY} --method POST --header 'authorization: Bearer mine' --body '{BODY}'"
        );
        for typed in [outside, own_key] {
            let called = self.call(&typed).await?;
            self.report.typed(&called.ran, self.key);
            self.report.both_sides(&called, self.key);
            self.seen.refused.push(called);
        }
        Ok(())
    }

    async fn verify(&mut self) -> Result<(), DemoError> {
        self.report.step("5  Verify security posture");
        self.command("audit", MANY).await?;
        self.command("secrets list", FEW).await?;
        let verified = self.stage.run("audit verify").await?;
        self.report.ran(&verified, FEW, self.key);
        self.seen.verified = Some(verified);
        // For the checks only: the same log once more, and the status as a script reads it.
        self.seen.audit = Some(self.stage.run("audit --json").await?);
        let status = self.stage.run("status --json").await?;
        self.seen.commands.push(status);
        Ok(())
    }

    /// Runs and shows a command that is no call.
    async fn command(&mut self, typed: &str, lines: usize) -> Result<(), DemoError> {
        let ran = self.stage.run(typed).await?;
        self.report.ran(&ran, lines, self.key);
        self.seen.commands.push(ran);
        Ok(())
    }

    async fn call(&self, typed: &str) -> Result<Called, DemoError> {
        let before = self.upstream.received().len();
        let ran = self.stage.run(typed).await?;
        Ok(Called { ran, received: self.upstream.received().split_off(before) })
    }
}

impl Seen {
    /// Every command that was run.
    pub(super) fn ran(&self) -> impl Iterator<Item = &Ran> {
        let calls = self.allowed.iter().chain(&self.refused).map(|called| &called.ran);
        self.commands.iter().chain(calls).chain(&self.audit).chain(&self.verified)
    }
}
