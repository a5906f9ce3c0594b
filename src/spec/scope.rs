//! Where a secret or credential holds: everywhere, in a workspace, or in a group of one.
//!
//! A scope is a place, not a permission: who may claim to be in it is for the
//! caller's identity to say.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::ScopeId;

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
}
