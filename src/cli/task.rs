//! What one command line comes down to, and how it is carried out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::arguments::{
    ApprovalsVerb, Arguments, CoverageArguments, DoctorArguments, ExplainArguments, Format, McpArguments,
    MutateArguments, NewArguments, PassphraseArguments, RepairArguments, TestArguments, UnlockArguments,
    UpstreamVerb, Verb,
};
use super::error::CliError;
use super::invoke::Invocation;
use super::render::{self, View};
use super::screen::Screen;
use super::{
    approvals, audit, backup, capability, config, credential, gateway, import, input, key, oauth, policy,
    provider, run, secrets, setup, suite, token, vault,
};
use crate::platform::files;
use crate::service::suite::PolicyChecker;
use crate::service::{Command, SecretText, Service};
use crate::settings::DaemonUse;
use crate::spec::Scope;
use crate::spec::policy::Glob;

/// What the arguments mean, everything of theirs read and checked.
pub(super) enum Task {
    /// One question to the service, and how to show its answer.
    Ask(Command, View),
    /// The same, with something to be said beside it.
    Warned(Vec<&'static str>, Box<Task>),
    Oauth(oauth::Oauth),
    Unlock(UnlockArguments),
    Rekey(Box<key::Rekey>),
    RestartAudit(PassphraseArguments),
    FollowAudit(Box<audit::Follow>),
    Repair(RepairArguments),
    Import(Box<import::Import>),
    Doctor(DoctorArguments),
    Invoke(Box<Invocation>),
    Run(Box<run::Run>),
    /// What applying policies would change.
    Plan(Command, Format),
    Lint(policy::Lint),
    Diff(policy::Diff),
    WatchApprovals,
    /// So many files were checked, and nothing is wrong with them.
    Valid(usize),
    CheckPolicy {
        policies: Option<PathBuf>,
        providers: Option<PathBuf>,
    },
    ExplainPolicy(Box<ExplainArguments>),
    TestPolicies(Box<TestArguments>),
    NewTests(NewArguments),
    CoverPolicies(CoverageArguments),
    MutatePolicies(MutateArguments),
    /// Serve an agent, with these capabilities as tools of their own.
    Mcp {
        expose: Vec<Glob>,
        scope: Scope,
    },
    Setup(setup::Setup),
    Demo,
}

/// What of the settings the arguments are read beside.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The key of the `env` provider.
    pub(super) env_key: Option<&'a str>,
    pub(super) daemon: DaemonUse,
    pub(super) home: Option<&'a Path>,
}

impl Surroundings<'_> {
    pub(super) fn env_key(self) -> Option<SecretText> {
        self.env_key.map(|key| SecretText::new(key.to_owned()))
    }
}

impl Arguments {
    /// Reads what the arguments name: values, files, prompts.
    pub(super) fn into_task(self, around: Surroundings<'_>) -> Result<Task, CliError> {
        Ok(match self.verb {
            Verb::Status(format) => Task::Ask(Command::Status, View::of(format)),
            Verb::Init(init) => vault::init(init, around)?,
            Verb::Unlock(unlock) => Task::Unlock(unlock),
            Verb::Key(verb) => key::task(verb, around),
            Verb::RotateMaster(arguments) => key::rotate_master(arguments, around),
            Verb::Lock => Task::Ask(Command::Lock, View::default()),
            Verb::Secrets(verb) => secrets::task(verb)?,
            Verb::Import(arguments) => Task::Import(Box::new(import::Import::read(*arguments)?)),
            Verb::Capability(verb) => capability::task(verb)?,
            Verb::Credential(verb) => credential::task(verb)?,
            Verb::Oauth(verb) => oauth::task(verb)?,
            Verb::Token(verb) => token::task(verb)?,
            Verb::Run(run) => run::task(run)?,
            Verb::Invoke(invoke) => Task::Invoke(Box::new(Invocation::raw(invoke)?)),
            Verb::Json(invoke) => Task::Invoke(Box::new(Invocation::json(invoke)?)),
            Verb::Markdown(markdown) => Task::Invoke(Box::new(Invocation::markdown(markdown)?)),
            Verb::Audit(arguments) => audit::task(*arguments)?,
            Verb::Policy(verb) => policy::task(verb)?,
            Verb::Provider(verb) => provider::task(verb)?,
            Verb::Approvals(verb) => approvals_task(verb),
            Verb::Repair(repair) => Task::Repair(repair),
            Verb::Backup(arguments) => backup::backup(arguments)?,
            Verb::Restore(arguments) => backup::restore(arguments)?,
            Verb::Doctor(doctor) => Task::Doctor(doctor),
            Verb::Config(verb) => config::task(verb)?,
            Verb::Mcp(McpArguments { expose, place }) => Task::Mcp { expose, scope: secrets::place(place) },
            Verb::Metrics => Task::Ask(Command::Metrics, View::default()),
            Verb::Restart => Task::Ask(Command::Restart, View::default()),
            Verb::Gateway(arguments) => gateway::task(arguments),
            Verb::Upstream(verb) => upstream(verb)?,
            Verb::Setup(verb) => Task::Setup(setup::task(verb)?),
            Verb::Demo => Task::Demo,
        })
    }
}

impl Task {
    /// Carries it out. `service` is called once at most: some tasks need none.
    pub(super) fn perform(
        self,
        service: impl FnOnce() -> Service,
        screen: &mut Screen<'_>,
    ) -> Result<ExitCode, CliError> {
        match self {
            Self::Ask(command, view) => {
                let outcome = service().execute(command)?;
                render::outcome(&outcome, &view, screen)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Warned(warnings, task) => {
                warnings.iter().try_for_each(|warning| screen.warn(warning))?;
                task.perform(service, screen)
            }
            Self::Oauth(oauth) => oauth.perform(&service(), screen),
            Self::Unlock(unlock) => vault::unlock(&service(), unlock, screen),
            Self::Rekey(rekey) => rekey.perform(&service(), screen),
            Self::RestartAudit(passphrase) => vault::restart_audit(&service(), passphrase, screen),
            Self::FollowAudit(follow) => follow.perform(&service(), screen),
            Self::Repair(repair) => vault::repair(&service(), repair, screen),
            Self::Import(import) => import.perform(&service(), screen),
            Self::Doctor(doctor) => vault::doctor(&service(), doctor, screen),
            Self::Invoke(invocation) => invocation.perform(&service(), screen),
            Self::Run(run) => run.perform(&service(), screen),
            Self::Plan(command, format) => policy::plan(&service(), command, format, screen),
            Self::Lint(lint) => lint.perform(screen),
            Self::Diff(diff) => diff.perform(screen),
            Self::Valid(files) => {
                let s = if files == 1 { "" } else { "s" };
                writeln!(screen.out, "{files} file{s}, nothing wrong")?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Setup(setup) => setup.perform(screen),
            Self::WatchApprovals => approvals::watch(&service(), screen),
            Self::CheckPolicy { policies, providers } => {
                match PolicyChecker::of(policies.as_deref(), providers.as_deref()) {
                    Ok(checker) => policy::check(&checker, std::io::stdin().lock(), screen),
                    Err(error) => suite::broken(error, screen),
                }
            }
            Self::ExplainPolicy(explain) => suite::explain(*explain, screen),
            Self::TestPolicies(test) => suite::test(*test, screen),
            Self::CoverPolicies(arguments) => suite::coverage(arguments, screen),
            Self::MutatePolicies(arguments) => suite::mutation(arguments, screen),
            Self::NewTests(new) => suite::new(new, screen),
            // Composed one level up: one makes a service of its own, the other needs the output for itself.
            Self::Demo | Self::Mcp { .. } => Ok(ExitCode::FAILURE),
        }
    }
}

fn approvals_task(verb: ApprovalsVerb) -> Task {
    let answer = |id, approve| Task::Ask(Command::ApprovalAnswer { id, approve }, View::default());
    match verb {
        ApprovalsVerb::List(format) => Task::Ask(Command::ApprovalList, View::of(format)),
        ApprovalsVerb::Show { id, format } => Task::Ask(Command::ApprovalShow { id }, View::of(format)),
        ApprovalsVerb::Approve { id } => answer(id, true),
        ApprovalsVerb::Deny { id } => answer(id, false),
        ApprovalsVerb::Watch => Task::WatchApprovals,
    }
}

fn upstream(verb: UpstreamVerb) -> Result<Task, CliError> {
    Ok(match verb {
        UpstreamVerb::Set(set) => {
            let pem = files::read_bounded(&set.ca, input::MIB)?;
            let ca_pem = String::from_utf8(pem).map_err(|_| {
                CliError::with_help("the --ca file is not text", "give a certificate in PEM form")
            })?;
            Task::Ask(Command::UpstreamSet { host: set.host, address: set.to, ca_pem }, View::default())
        }
        UpstreamVerb::List(format) => Task::Ask(Command::UpstreamList, View::of(format)),
        UpstreamVerb::Remove { host } => Task::Ask(Command::UpstreamRemove { host }, View::default()),
    })
}
