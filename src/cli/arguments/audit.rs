//! `audit …`.

use clap::{Args, Subcommand};

use super::{Format, PassphraseArguments};
use crate::service::AuditOutcome;
use crate::spec::policy::Glob;
use crate::spec::{Age, Moment};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct AuditArguments {
    #[command(subcommand)]
    pub(in crate::cli) verb: Option<AuditVerb>,
    /// How many events to show, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(in crate::cli) limit: usize,
    /// Only events before this time, in milliseconds since 1970
    #[arg(long, value_name = "MS", conflicts_with = "until")]
    pub(in crate::cli) before_ts_ms: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) filter: AuditFilter,
    /// Show each event as it comes, until interrupted; with --json, each as one line
    #[arg(long, short, conflicts_with_all = ["until", "before_ts_ms"])]
    pub(in crate::cli) follow: bool,
    /// Print comma-separated values, the newest first
    #[arg(long, conflicts_with_all = ["json", "verbose", "follow"])]
    pub(in crate::cli) csv: bool,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

/// Which events; all that is said must hold.
#[derive(Args, Default)]
pub(in crate::cli) struct AuditFilter {
    /// Only calls of capabilities that match, such as openai/*
    #[arg(long, value_name = "GLOB", value_parser = Glob::parse)]
    pub(in crate::cli) capability: Option<Glob>,
    /// Only actions that match, such as invoke or secret.*
    #[arg(long, value_name = "GLOB", value_parser = Glob::parse)]
    pub(in crate::cli) action: Option<Glob>,
    /// Only callers that match, such as token:agent-7 or uid:1000*
    #[arg(long, value_name = "GLOB", value_parser = Glob::parse)]
    pub(in crate::cli) caller: Option<Glob>,
    /// Only this outcome: requested, ok, allowed, denied or failed; may be repeated
    #[arg(long = "outcome", value_name = "OUTCOME", value_parser = outcome)]
    pub(in crate::cli) outcomes: Vec<AuditOutcome>,
    /// Only events since then: so long ago, such as 2h or 7d, or a time, such as 2026-11-23 or 2026-11-23T10:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(in crate::cli) since: Option<Moment>,
    /// Only events before then, written in the same way
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub(in crate::cli) until: Option<Moment>,
}

#[derive(Subcommand)]
pub(in crate::cli) enum AuditVerb {
    /// Check that no event was changed, removed or added
    Verify {
        /// A checkpoint, or a file that holds one: nothing up to it may have changed either
        #[arg(long, value_name = "CHECKPOINT")]
        since: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Check the log, and print its signed head, to be kept elsewhere
    Checkpoint(Format),
    /// Count calls, by capability and by day
    Stats {
        #[command(flatten)]
        filter: Box<AuditFilter>,
        #[command(flatten)]
        format: Format,
    },
    /// Remove the files of the log whose events are all older, and say so in the log
    Retire {
        /// How old, such as 90d
        #[arg(long, value_name = "AGE", value_parser = Age::parse)]
        older_than: Age,
        #[command(flatten)]
        format: Format,
    },
    /// Set the log aside as it is, and begin another: for a log that is broken or lost
    Restart(PassphraseArguments),
}

impl AuditArguments {
    pub(in crate::cli) fn wants_json(&self) -> bool {
        match &self.verb {
            Some(AuditVerb::Checkpoint(format)) => format.json,
            Some(
                AuditVerb::Verify { format, .. }
                | AuditVerb::Stats { format, .. }
                | AuditVerb::Retire { format, .. },
            ) => format.json,
            Some(AuditVerb::Restart(_)) => false,
            None => self.format.json,
        }
    }
}

/// A word that no outcome has.
#[derive(Debug, thiserror::Error)]
#[error("an outcome is one of {}", words())]
struct NoOutcome;

fn words() -> String {
    AuditOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>().join(", ")
}

fn outcome(text: &str) -> Result<AuditOutcome, NoOutcome> {
    AuditOutcome::ALL.iter().copied().find(|outcome| outcome.as_str() == text).ok_or(NoOutcome)
}
