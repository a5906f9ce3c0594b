//! `import`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::secrets::HostArguments;
use super::{PassphraseArguments, ScopeArguments};
use crate::spec::policy::Glob;

#[derive(Args)]
pub(in crate::cli) struct TakeOverArguments {
    /// What to import from
    #[arg(long, value_name = "KIND")]
    pub(in crate::cli) from: ImportKind,
    /// The file, or the folder of an older vault; `-` reads standard input
    #[arg(value_name = "SOURCE")]
    pub(in crate::cli) source: Option<OsString>,
    /// Only names that match, such as *_API_KEY; may be repeated
    #[arg(long = "name", value_name = "GLOB", value_parser = Glob::parse)]
    pub(in crate::cli) names: Vec<Glob>,
    /// Say what would be stored, and where each value could go; store nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Remove what was imported from, once all of it is stored
    #[arg(long, conflicts_with = "dry_run")]
    pub(in crate::cli) remove: bool,
    /// The key file of an older vault, where it is not where that vault says
    #[arg(long, value_name = "PATH", conflicts_with_all = ["passphrase", "passphrase_file"])]
    pub(in crate::cli) key_file: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) passphrase: PassphraseArguments,
    #[command(flatten)]
    pub(in crate::cli) hosts: HostArguments,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArguments,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum ImportKind {
    /// Lines of NAME=VALUE
    Dotenv,
    /// One object of names and texts
    Json,
    /// What `op item get --format json --reveal` prints
    #[value(name = "1password-json")]
    OnePasswordJson,
    /// This command's own environment
    Env,
    /// The vault folder of the older tool of the same name
    AivaultV0,
}
