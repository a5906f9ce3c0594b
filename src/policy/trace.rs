//! How a decision came about: the grants that were looked at, and what each lacked.
//!
//! Positions only, so that a decision allocates nothing for it; words are made when
//! somebody asks.

use crate::spec::Capability;

/// What a decision looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The grant that permits the request, by its position in the capability.
    pub matched: Option<usize>,
    /// Grants whose path fits and whose methods do not.
    pub wrong_method: Vec<usize>,
}

impl Trace {
    /// A line for each grant that mattered.
    #[must_use]
    pub fn explain(&self, capability: &Capability) -> Vec<String> {
        let words = |index: &usize, verdict: &str| {
            let grant = capability.grants.get(*index)?;
            let paths: Vec<&str> = grant.paths.iter().map(|path| path.as_str()).collect();
            Some(format!("grant {}: {} on {}: {verdict}", index + 1, grant.methods, paths.join(" ")))
        };
        let matched = self.matched.iter().filter_map(|index| words(index, "permits it"));
        let near = self.wrong_method.iter().filter_map(|index| words(index, "has the path, not the method"));
        matched.chain(near).collect()
    }
}
