//! `repair`, `policy`, `provider`, `approvals` and `upstream`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::review::{CoverageArguments, DiffArguments, LintArguments, MutateArguments};
use super::suite::{ExplainArguments, NewArguments, TestArguments};
use super::{Format, PassphraseArguments};
use crate::spec::{PolicyId, ProviderId};

#[derive(Args)]
pub(in crate::cli) struct RepairArguments {
    /// Delete the records that do not open, and accept the rest as it is
    #[arg(long)]
    pub(in crate::cli) accept: bool,
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

#[derive(Args)]
pub(in crate::cli) struct DoctorArguments {
    /// Repair what is safe to repair: access of others, and what interrupted writes left
    #[arg(long)]
    pub(in crate::cli) fix: bool,
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
    #[command(flatten)]
    pub(in crate::cli) format: Format,
}

#[derive(Subcommand)]
pub(in crate::cli) enum PolicyVerb {
    /// Put policies in force, all of the files or none
    Apply {
        /// Policy files, `*.policy.yaml`
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Say what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        format: Format,
    },
    /// List the policies in force and their rules
    List(Format),
    /// Print a policy as it was applied
    Show {
        /// Its id
        #[arg(value_name = "POLICY", value_parser = PolicyId::parse)]
        id: PolicyId,
    },
    /// Take a policy out of force
    Remove {
        /// Its id
        #[arg(value_name = "POLICY", value_parser = PolicyId::parse)]
        id: PolicyId,
    },
    /// Look for what is unwise in policies: exit code 1 where something must not stand
    Lint(LintArguments),
    /// Say what NEW would allow that OLD does not, and the other way round, each with a request
    Diff(DiffArguments),
    /// Answer each line of standard input, {"capability" or "provider", "method", "path"}, with one line;
    /// a line may also say "caller", "scope", "credential", "headers" and "body"
    Check {
        /// Print JSON, as it always does
        #[arg(long)]
        json: bool,
        /// A folder of policies to decide by
        #[arg(long, value_name = "DIR")]
        policies: Option<PathBuf>,
        /// A folder of provider files to decide by, in place of the built-in providers
        #[arg(long, value_name = "DIR")]
        providers: Option<PathBuf>,
    },
    /// Show how a request is decided: each rule, what it observes and wants, and what would pass
    Explain(Box<ExplainArguments>),
    /// Run tests of policies: requests, and how each must be decided
    Test(TestArguments),
    /// Show what tests have seen of each rule and condition
    Coverage(CoverageArguments),
    /// Change each rule and condition in turn, and name the changes that no test notices
    Mutate(MutateArguments),
    /// Write the first tests of a capability, which pass at once
    New(NewArguments),
}

#[derive(Subcommand)]
pub(in crate::cli) enum ProviderVerb {
    /// Add a provider of your own from its file, or replace it
    Add {
        /// The provider's file, as those of the registry are written
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// List the registry's providers and your own
    List(Format),
    /// Show one
    Show {
        /// Its id
        #[arg(value_name = "PROVIDER", value_parser = ProviderId::parse)]
        id: ProviderId,
        #[command(flatten)]
        format: Format,
    },
    /// Print the file of one of your own
    Export {
        /// Its id
        #[arg(value_name = "PROVIDER", value_parser = ProviderId::parse)]
        id: ProviderId,
    },
    /// Remove one of your own; secrets stay pinned to it
    Remove {
        /// Its id
        #[arg(value_name = "PROVIDER", value_parser = ProviderId::parse)]
        id: ProviderId,
    },
    /// Check provider files without adding them
    Validate {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum ApprovalsVerb {
    /// List the requests that wait
    List(Format),
    /// Show one: the request without its secret, and what the rules name of its body
    Show {
        /// Its id, such as ask_1a2b3c4d
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Let one go out
    Approve {
        /// Its id
        id: String,
    },
    /// Refuse one
    Deny {
        /// Its id
        id: String,
    },
    /// Show each as it comes; on a terminal, ask about it
    Watch,
}

#[derive(Subcommand)]
pub(in crate::cli) enum UpstreamVerb {
    /// Send a host to a local address; test vaults only
    Set(UpstreamSetArguments),
    /// List the hosts that are sent elsewhere
    List(Format),
    /// Send a host where it belongs again
    Remove {
        /// The host, such as api.openai.com
        host: String,
    },
}

#[derive(Args)]
pub(in crate::cli) struct UpstreamSetArguments {
    /// The host, such as api.openai.com
    pub(in crate::cli) host: String,
    /// The local address, such as 127.0.0.1:8443
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) to: String,
    /// The certificate that signed the local server's, as a PEM file
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) ca: PathBuf,
}
