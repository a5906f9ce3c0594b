//! What can be typed: the tree of commands and flags, and nothing of what they mean.

mod audit;
mod backup;
mod capability;
mod config;
mod credential;
mod gateway;
mod import;
mod invoke;
mod key;
mod mcp;
mod oauth;
mod operate;
mod review;
mod run;
mod scope;
mod secrets;
mod setup;
mod suite;
mod token;
mod vault;

use std::ffi::OsString;

use clap::{Args, Command, FromArgMatches as _, Parser, Subcommand};

pub(super) use audit::{AuditArguments, AuditFilter, AuditVerb};
pub(super) use backup::{BackupArguments, RestoreArguments};
pub(super) use capability::{
    BindArguments, BoundArguments, CapabilityVerb, DescribeArguments, ListArguments, NewCapabilityArguments,
    PolicyOfVerb, SwitchArguments, UnbindArguments,
};
pub(super) use config::ConfigVerb;
pub(super) use credential::{CredentialCreateArguments, CredentialVerb};
pub(super) use gateway::{GatewayArguments, GatewayVerb, OpenArguments};
pub(super) use import::{ImportKind, TakeOverArguments};
pub(super) use invoke::{BodyArguments, InvokeArguments, MarkdownArguments, WebSocketArguments};
pub(super) use key::{KeyPlaceArguments, KeyVerb, MigrateArguments, NewKeyArguments, RotateMasterArguments};
pub(super) use mcp::McpArguments;
pub(super) use oauth::{LoginArguments, OauthVerb, WantedArguments};
pub(super) use operate::{
    ApprovalsVerb, DoctorArguments, PolicyVerb, ProviderVerb, RepairArguments, UpstreamVerb,
};
pub(super) use review::{
    CoverageArguments, CoverageFormat, DiffArguments, DiffFormat, FailOn, LintArguments, MutateArguments,
    ReportFormat,
};
pub(super) use run::RunArguments;
pub(super) use scope::{PlaceArguments, ScopeArguments, ScopeKind};
pub(super) use secrets::{
    CreateArguments, GroupArguments, SecretsVerb, SelectArguments, UpdateArguments, ValueArguments,
};
pub(super) use setup::{AccountArguments, AgentAccessArguments, SetupVerb, UnitArguments};
pub(super) use suite::{ExplainArguments, NewArguments, TestArguments, TestFormat};
pub(super) use token::{MintArguments, RevokeArguments, TokenVerb};
pub(super) use vault::{InitArguments, KeyProvider, PassphraseArguments, UnlockArguments};

/// Calls APIs with keys that the caller never sees: an encrypted vault and a policy-enforced broker.
#[derive(Parser)]
#[command(
    name = "aivault",
    version,
    about = "Calls APIs with keys that the caller never sees: an encrypted vault and a policy-enforced broker.",
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Show where the vault stands and how well it is protected
    Status(Format),
    /// Make a vault (the first command makes one with safe defaults otherwise)
    Init(InitArguments),
    /// Open a locked vault for calls until `lock` or a restart; with --for, to its operator for a time
    Unlock(UnlockArguments),
    /// Forget the vault's key until `unlock`, and end every operator's session
    Lock,
    /// See where the vault's key comes from, and have it come from elsewhere
    #[command(subcommand, arg_required_else_help = true)]
    Key(KeyVerb),
    /// Lock the vault with a new key from where it comes now
    RotateMaster(RotateMasterArguments),
    /// Store, list, rotate and delete secrets
    #[command(subcommand, arg_required_else_help = true)]
    Secrets(SecretsVerb),
    /// Store secrets from what there is: a .env file, JSON, 1Password, the environment, an older vault
    Import(Box<TakeOverArguments>),
    /// Browse and use capabilities
    #[command(subcommand, arg_required_else_help = true)]
    Capability(CapabilityVerb),
    /// Make and list credentials: which secrets serve which account of a provider
    #[command(subcommand, arg_required_else_help = true)]
    Credential(CredentialVerb),
    /// Log in to providers that want a person's consent
    #[command(subcommand, arg_required_else_help = true)]
    Oauth(OauthVerb),
    /// Make and revoke access tokens: what a caller may use, and for how long
    #[command(subcommand, arg_required_else_help = true)]
    Token(TokenVerb),
    /// Run a program whose official clients go through the vault, with a token in place of each key
    Run(RunArguments),
    /// Call a capability, and print the upstream's answer as it comes
    Invoke(InvokeArguments),
    /// Call a capability, and print its answer as indented JSON
    Json(InvokeArguments),
    /// Call a capability, and print its answer as Markdown
    #[command(visible_alias = "md")]
    Markdown(MarkdownArguments),
    /// Show what was asked, decided and done
    Audit(Box<AuditArguments>),
    /// See what is left of a vault that was damaged or set back, and accept it
    Repair(RepairArguments),
    /// Check everything that the vault stands on: permissions, key, records, log, daemon, clock, disk
    Doctor(DoctorArguments),
    /// Copy the vault as it is to a file, still sealed; while it is in use
    Backup(BackupArguments),
    /// Put a backup where no vault is, everything in it checked before
    Restore(RestoreArguments),
    /// Ask the policy without a call
    #[command(subcommand, arg_required_else_help = true)]
    Policy(PolicyVerb),
    /// Add providers of your own, and look at all there are
    #[command(subcommand, arg_required_else_help = true)]
    Provider(ProviderVerb),
    /// Answer requests that wait for a person
    #[command(subcommand, arg_required_else_help = true)]
    Approvals(ApprovalsVerb),
    /// Say how requests leave this machine: through a proxy, trusting an authority of yours
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigVerb),
    /// Serve programs that know nothing of aivault, over TCP on loopback
    Gateway(GatewayArguments),
    /// Serve an agent that speaks the Model Context Protocol, at the standard input and output
    Mcp(McpArguments),
    /// Print what the daemon counted, in the text format of Prometheus
    Metrics,
    /// Put a new daemon in the place of the one that runs; calls that are under way come to their end
    Restart,
    /// Send a test vault's host to a local server
    #[command(subcommand, arg_required_else_help = true)]
    Upstream(UpstreamVerb),
    /// Prepare this machine: a daemon under a user of its own, or run by systemd or launchd
    #[command(subcommand, arg_required_else_help = true)]
    Setup(SetupVerb),
    /// Take the tour: the whole flow on a temporary test vault with a local upstream
    Demo,
}

/// How an answer is printed.
#[derive(Args, Clone, Copy, Default)]
pub(super) struct Format {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Print every detail, as JSON
    #[arg(short, long)]
    pub(super) verbose: bool,
}

impl Format {
    pub(super) fn is_json(self) -> bool {
        self.json || self.verbose
    }
}

impl Arguments {
    /// Parses a line by the one branch that its first word names, for the commands that scripts
    /// call most: building the whole tree takes longer than they do. None where that does not
    /// settle it; the whole tree then parses, and words all help and every error.
    pub(super) fn by_branch(argv: &[OsString]) -> Option<Self> {
        let branch = match argv.get(1)?.to_str()? {
            "status" => Format::augment_args(Command::new("status")),
            "secrets" => SecretsVerb::augment_subcommands(Command::new("secrets")),
            "capability" => CapabilityVerb::augment_subcommands(Command::new("capability")),
            "invoke" => InvokeArguments::augment_args(Command::new("invoke")),
            _ => return None,
        };
        let matches = Command::new("aivault").subcommand(branch).try_get_matches_from(argv).ok()?;
        Self::from_arg_matches(&matches).ok()
    }

    /// Whether errors, too, are told as JSON.
    pub(super) fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::Status(format) => format.json,
            Verb::Secrets(SecretsVerb::List(list)) => list.format.json,
            Verb::Capability(CapabilityVerb::List(list)) => list.format.json,
            Verb::Capability(CapabilityVerb::Describe(describe)) => describe.format.json,
            Verb::Capability(CapabilityVerb::Bindings(format)) => format.json,
            Verb::Credential(CredentialVerb::List(format)) => format.json,
            Verb::Token(TokenVerb::Mint(mint)) => mint.format.json,
            Verb::Token(TokenVerb::List(format)) => format.json,
            Verb::Audit(audit) => audit.wants_json(),
            Verb::Key(KeyVerb::Status(format)) => format.json,
            Verb::Repair(repair) => repair.format.json,
            Verb::Doctor(doctor) => doctor.format.json,
            Verb::Policy(PolicyVerb::Check { json, .. }) => *json,
            Verb::Policy(PolicyVerb::Apply { format, .. } | PolicyVerb::List(format)) => format.json,
            Verb::Provider(ProviderVerb::List(format) | ProviderVerb::Show { format, .. }) => format.json,
            Verb::Approvals(ApprovalsVerb::List(format) | ApprovalsVerb::Show { format, .. }) => format.json,
            Verb::Policy(PolicyVerb::Explain(explain)) => explain.json,
            Verb::Gateway(gateway) => gateway.wants_json(),
            Verb::Config(ConfigVerb::List(format)) => format.json,
            Verb::Upstream(UpstreamVerb::List(format)) => format.json,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_tree_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_guides_commands_parse() {
        for line in [
            "aivault status",
            "aivault init --provider passphrase --passphrase your-passphrase",
            "aivault init --provider command --command-env GNUPGHOME -- /usr/bin/pass show aivault",
            "aivault init --provider systemd --credential aivault.key",
            "aivault unlock --trust-command",
            "aivault key status --json",
            "aivault key migrate --to passphrase --new-passphrase several-words",
            "aivault key migrate --to command -- /usr/bin/op read op://vault/aivault/key",
            "aivault key migrate --to file --passphrase -",
            "aivault rotate-master",
            "aivault rotate-master --new-key AAAA",
            "aivault rotate-master --passphrase old --new-passphrase-file new",
            "aivault secrets create --name OPENAI_API_KEY --value sk-... --scope global",
            "aivault capability list",
            "aivault capability describe openai/chat-completions",
            "aivault invoke openai/chat-completions --method POST --body {}",
            "aivault json openai/chat-completions --method POST --body {}",
            "aivault markdown openai/chat-completions --method POST --body {}",
            "aivault md openai/chat-completions",
            "aivault capability invoke openai/chat-completions",
            "aivault capability md openai/chat-completions",
            "aivault unlock --for 15m",
            "aivault unlock --for 1h --passphrase-file file",
            "aivault audit",
            "aivault audit verify --json",
            "aivault audit restart",
            "aivault audit --capability openai/* --outcome denied --outcome failed --since 2h --until 1m --caller cli --csv",
            "aivault audit --since 2026-11-23 --until 2026-11-24T10:00:00Z --action secret.* --limit 5 --json",
            "aivault audit --follow --json --capability openai/*",
            "aivault audit checkpoint",
            "aivault audit verify --since head.txt --json",
            "aivault audit stats --since 7d --json",
            "aivault audit retire --older-than 90d",
            "aivault repair --accept --passphrase -",
            "aivault doctor --fix --json",
            "aivault backup vault.backup",
            "aivault backup vault.age --recipient age1example --recipient age1other",
            "aivault backup vault.age --passphrase -",
            "aivault restore vault.age --identity-file identity --vault-passphrase -",
            "aivault secrets list",
            "aivault secrets import --entry OPENAI_API_KEY=sk-... --entry GITHUB_TOKEN=ghp-... --scope global",
            "aivault import --from dotenv .env --dry-run",
            "aivault import --from env --name *_API_KEY --workspace-id w",
            "aivault import --from 1password-json - --name OPENAI_*",
            "aivault import --from aivault-v0 old/vault --key-file old/kek.key --remove",
            "aivault secrets update --id 1 --name NEW",
            "aivault secrets create --name A --value -",
            "aivault secrets create --name A --value -starts-with-a-dash",
            "aivault upstream set api.openai.com --to 127.0.0.1:1 --ca ca.pem",
            "aivault policy check --json",
            "aivault policy coverage policy-tests --min 80 --format lcov",
            "aivault policy mutate --policies policies --min 80",
            "aivault policy diff old new --providers-old a --providers-new b --fail-on widen --format json",
            "aivault policy lint policies --providers providers --format sarif --now 2026-11-23T10:00:00Z",
            "aivault policy check --policies policies",
            "aivault policy new openai/models",
            "aivault policy explain --capability openai/models --path /v1/models --json",
            "aivault policy test policy-tests --require-tests --format junit",
            "aivault policy test --require-tests --coverage --min 90",
            "aivault config set egress-proxy http://proxy:3128",
            "aivault config set extra-ca ca.pem",
            "aivault config get extra-ca",
            "aivault config list --json",
            "aivault config unset egress-proxy",
            "aivault invoke openai/models --timeout-ms 5000 --include",
            "aivault restart",
            "aivault setup agent-access --dry-run --caller alice",
            "aivault setup systemd --user --dry-run",
            "aivault setup launchd --program /usr/local/bin/aivaultd",
            "aivault metrics",
            "aivault mcp",
            "aivault mcp --expose openai/* --expose github/repos --workspace-id w",
            "aivault gateway",
            "aivault gateway --json",
            "aivault gateway open --credential stripe",
            "aivault gateway status --json",
            "aivault token mint --capability openai/* --ttl 90s",
            "aivault token mint --capability openai/* --capability github/repos --credential work --name agent-7",
            "aivault token mint --capability openai/* --workspace-id w --json",
            "aivault token list --json",
            "aivault run --capability openai/* --ttl 1h --name agent-7 -- python agent.py --verbose",
            "aivault run --all -- env",
            "aivault run -- env",
            "aivault token revoke agent-7",
            "aivault token revoke --all",
            "aivault demo",
        ] {
            assert!(Arguments::try_parse_from(line.split(' ')).is_ok(), "{line}");
            let branched =
                ["status", "secrets", "capability", "invoke"].contains(&words(line)[1].to_str().unwrap());
            assert_eq!(Arguments::by_branch(&words(line)).is_some(), branched, "{line}");
        }
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "aivault",
            "aivault secrets",
            "aivault stauts",
            "aivault secrets create",
            "aivault key",
            "aivault key migrate",
            "aivault key migrate --to paper",
            "aivault rotate-master --new-passphrase a --new-passphrase-file b",
            "aivault unlock --trust-command --passphrase p",
            "aivault secrets create --name lower --value x",
            "aivault secrets create --name A --value x --value-file y",
            "aivault secrets rotate --id 1 --name A --value x",
            "aivault secrets list --group-id g",
            "aivault invoke",
            "aivault invoke a/b --body x --request {}",
            "aivault invoke a/b --body x --multipart-field a=b",
            "aivault import .env",
            "aivault import --from csv x",
            "aivault import --from dotenv .env --dry-run --remove",
            "aivault audit --limit -1",
            "aivault unlock --for 25h",
            "aivault unlock --for 15",
            "aivault setup",
            "aivault setup agent-access --caller Alice",
            "aivault setup agent-access --service-user a;b",
            "aivault setup systemd --program relative",
            "aivault setup systemd --user --service-user a",
            "aivault audit --since yesterday",
            "aivault audit --outcome refused",
            "aivault audit --follow --until 1m",
            "aivault audit --csv --json",
            "aivault audit retire",
            "aivault audit retire --older-than 0d",
            "aivault config set proxy http://proxy:3128",
            "aivault invoke a/b --timeout-ms 0",
            "aivault invoke a/b --timeout-ms 86400001",
            "aivault invoke a/b --timeout-ms 5s",
            "aivault token mint",
            "aivault token mint --capability a/b --ttl 31d",
            "aivault token mint --capability a/b --ttl 1w",
            "aivault token mint --capability a/b --name Agent",
            "aivault token revoke",
            "aivault run --capability openai/*",
            "aivault run --capability openai/* python",
            "aivault run --all --capability openai/* -- env",
            "aivault token revoke agent-7 --all",
        ] {
            let error = Arguments::try_parse_from(line.split(' ')).err();
            assert_eq!(error.map(|error| error.exit_code()), Some(2), "{line}");
            assert!(Arguments::by_branch(&words(line)).is_none(), "{line}");
        }
    }
}
