//! Where a secret or credential holds: everywhere, in a workspace, or in a group of one.
//!
//! A scope is a place, not a permission: who may claim to be in it is for the
//! caller's identity to say.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::{NameError, ScopeId};

/// One place in the tree of scopes; a narrower one is preferred when several fit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(tag = "scope", rename_all = "kebab-case")]
pub enum Scope {
    #[default]
    Global,
    Workspace {
        workspace: ScopeId,
    },
    Group {
        workspace: ScopeId,
        group: ScopeId,
    },
}

impl Scope {
    /// The scope that its [`Display`](fmt::Display) writes so.
    ///
    /// # Errors
    /// When the text is none of the three forms.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let no_scope = || NameError {
            kind: "scope",
            text: text.escape_debug().to_string(),
            rule: "write `global`, `workspace:w` or `group:w/g`",
        };
        let (kind, place) = text.split_once(':').unwrap_or((text, ""));
        match (kind, place.split_once('/')) {
            ("global", None) if text == "global" => Ok(Self::Global),
            ("workspace", None) => Ok(Self::Workspace { workspace: ScopeId::parse(place)? }),
            ("group", Some((workspace, group))) => {
                Ok(Self::Group { workspace: ScopeId::parse(workspace)?, group: ScopeId::parse(group)? })
            }
            _ => Err(no_scope()),
        }
    }

    /// The scopes that are in sight from here, narrowest first.
    #[must_use]
    pub fn in_sight(&self) -> Vec<Scope> {
        match self {
            Self::Global => vec![Self::Global],
            Self::Workspace { .. } => vec![self.clone(), Self::Global],
            Self::Group { workspace, .. } => {
                vec![self.clone(), Self::Workspace { workspace: workspace.clone() }, Self::Global]
            }
        }
    }

    /// `global`, `workspace` or `group`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Workspace { .. } => "workspace",
            Self::Group { .. } => "group",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Workspace { workspace } => write!(f, "workspace:{workspace}"),
            Self::Group { workspace, group } => write!(f, "group:{workspace}/{group}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_comes_first() {
        let group = Scope::Group { workspace: ScopeId::from_static("w"), group: ScopeId::from_static("g") };
        let seen: Vec<String> = group.in_sight().iter().map(Scope::to_string).collect();
        assert_eq!(seen, ["group:w/g", "workspace:w", "global"]);
    }

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        for text in ["global", "workspace:w", "group:w/g"] {
            assert_eq!(Scope::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "global:", "workspace", "workspace:", "workspace:a/b", "group:w", "group:w/g/h", "x"]
        {
            assert!(Scope::parse(bad).is_err(), "{bad}");
        }
    }
}
