//! `oauth …`.

use clap::{Args, Subcommand};

use super::ScopeArguments;
use crate::spec::ProviderId;

#[derive(Subcommand)]
pub(in crate::cli) enum OauthVerb {
    /// Log in to a provider: consent in a browser, and its refresh token is stored
    Login(LoginArguments),
    /// Print the address where a person consents, and nothing else
    Setup {
        /// The provider, such as google-gmail
        #[arg(value_parser = ProviderId::parse)]
        provider: ProviderId,
        /// Where the code is to be sent, as it is registered with the provider
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8765/callback")]
        redirect_uri: String,
        #[command(flatten)]
        wanted: WantedArguments,
    },
}

#[derive(Args)]
pub(in crate::cli) struct LoginArguments {
    /// The provider, such as google-gmail
    #[arg(value_parser = ProviderId::parse)]
    pub(in crate::cli) provider: ProviderId,
    /// Type a code on another device instead; for machines without a browser
    #[arg(long, conflicts_with_all = ["port", "redirect_uri"])]
    pub(in crate::cli) device: bool,
    /// Wait for the browser at this port of 127.0.0.1; one that is free when left out
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) port: Option<u16>,
    /// The loopback address that is registered with the provider, such as http://localhost:8765/callback
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    pub(in crate::cli) redirect_uri: Option<String>,
    /// How long to wait for the person, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(in crate::cli) wait: u64,
    #[command(flatten)]
    pub(in crate::cli) wanted: WantedArguments,
}

/// What is asked for, and for whom.
#[derive(Args)]
pub(in crate::cli) struct WantedArguments {
    /// Ask for these of the provider's scopes instead of those in its file
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub(in crate::cli) scopes: Option<Vec<String>>,
    #[command(flatten)]
    pub(in crate::cli) place: ScopeArguments,
}
