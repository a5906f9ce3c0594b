//! One vocabulary for every surface: a `Command` or a `Call` in, an `Outcome`, a
//! `Reply` or an error out.
//!
//! Decides where a thing is done (in this process, or by the daemon that holds the
//! key), never what is allowed.

mod another;
mod answered;
mod backup;
mod beside;
mod catalog;
mod clients;
mod command;
pub mod doctor;
mod edit;
mod error;
mod front;
mod gateway;
mod local;
pub mod login;
mod look;
mod meet;
pub mod messages;
pub mod metrics;
pub mod multipart;
mod operator;
mod outcome;
pub mod places;
mod policy;
mod remote;
mod review;
mod room;
mod shared;
pub mod suite;
mod token;
mod way;
mod which_vault;
pub mod wire;

pub use answered::{Opened, Reply};
pub use backup::{BackupKey, BackupLock};
pub use catalog::example_host;
pub use clients::{ClientView, ClientsRequest, ClientsView, ReadyView};
pub use command::{
    Bounds, Command, ImportEntry, InitRequest, NewCapability, NewKey, RekeyRequest, SecretSelector,
    SourceFile, UnlockWith,
};
pub use error::{ErrorKind, Fault, ServiceError};
pub use front::{AskPassphrase, Service};
pub use gateway::{Gateway, HandedListener, ListenerRecord, ListenerView, OfferView, RemoteRecord};
pub use local::{KeySources, Local, LocalOpened, LocalReply, OpenLog, Passed, Through};
pub use operator::{NO_SESSION, NoGrant, OperatorGrant, OperatorView};
pub use outcome::{
    AppliedPolicy, AuditView, BindingView, CapabilityDetail, CapabilityView, CredentialView, DaemonState,
    GrantView, Outcome, PlannedView, PolicyChange, PolicyView, ProviderView, Readiness, RekeyedView,
    RepairView, RetiredView, RetirementView, RuleView, SecretNeed, SecretView, SettingView, StatusView,
    StoredView, UpstreamView, VerifiedView,
};
pub use policy::{PolicyAnswer, PolicyQuestion, check_policy};
pub use remote::Remote;
pub use review::{
    AlterationView, ChangeView, Comparison, DiffQuestion, Facet, LintQuestion, RequestView, StandingView,
    diff, lint,
};
pub use room::{Room, Unread, Whole};
pub use shared::{SharedStatusView, SharedView};
pub use way::WayView;

pub use token::{MintRequest, MintedView, RevokedView, TokenSelector, TokenView};

pub use crate::audit::{
    Calls as AuditCalls, Event as AuditEvent, OfCapability as AuditOfCapability, Outcome as AuditOutcome,
    Query as AuditQuery, Stats as AuditStats, printable,
};
pub use crate::broker::{
    AskingRule, CallerBodyFault, CallerMessages, CallerStream, Close, MAX_MESSAGE, Message, MessageFault,
    Question, RequestBody, TimeLimit,
};
pub use crate::policy::{Call, Caller, Denial, Reason, TokenBounds};
pub use crate::vault::former;
pub use crate::vault::{CredentialFile, KeyCommand, SecretInput, SecretText, SettingName};
