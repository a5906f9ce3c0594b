//! Where a secret holds, and where a call comes from.

use clap::{Args, ValueEnum};

use crate::spec::ScopeId;

/// A place to put a secret in, or to look for one.
#[derive(Args, Clone, Default)]
pub(in crate::cli) struct ScopeArguments {
    /// Which kind of scope; told from the ids when left out
    #[arg(long)]
    pub(in crate::cli) scope: Option<ScopeKind>,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceArguments,
}

/// A workspace, or a group within one.
#[derive(Args, Clone, Default)]
pub(in crate::cli) struct PlaceArguments {
    /// The workspace
    #[arg(long, value_name = "ID", value_parser = ScopeId::parse)]
    pub(in crate::cli) workspace_id: Option<ScopeId>,
    /// The group within the workspace
    #[arg(long, value_name = "ID", value_parser = ScopeId::parse, requires = "workspace_id")]
    pub(in crate::cli) group_id: Option<ScopeId>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum ScopeKind {
    Global,
    Workspace,
    Group,
}
