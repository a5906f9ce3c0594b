//! `config …`.

use clap::Subcommand;

use super::Format;
use crate::service::SettingName;

#[derive(Subcommand)]
pub(in crate::cli) enum ConfigVerb {
    /// Set one; what was set before is replaced
    Set {
        /// egress-proxy, extra-ca or audit-retention
        #[arg(value_parser = name)]
        name: SettingName,
        /// For egress-proxy http://HOST:PORT; for extra-ca a file with certificates in PEM; for audit-retention an age,
        /// such as 90d
        #[arg(value_name = "URL|FILE|AGE")]
        value: String,
    },
    /// Print one as it is set
    Get {
        /// egress-proxy, extra-ca or audit-retention
        #[arg(value_parser = name)]
        name: SettingName,
    },
    /// List what is set
    List(Format),
    /// Take one back
    Unset {
        /// egress-proxy, extra-ca or audit-retention
        #[arg(value_parser = name)]
        name: SettingName,
    },
}

/// A word that nothing is called.
#[derive(Debug, thiserror::Error)]
#[error("what can be set: {}", names())]
struct NoSetting;

fn names() -> String {
    SettingName::ALL.map(SettingName::as_str).join(", ")
}

fn name(text: &str) -> Result<SettingName, NoSetting> {
    SettingName::parse(text).ok_or(NoSetting)
}
