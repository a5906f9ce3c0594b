//! What authors of policies are told before a policy is in force: whether it is wise, and what a
//! change of it would let through.
//!
//! Pure: texts, rules and the time come in, values go out. It decides nothing of its own: whether
//! a request is allowed is for `policy` to say, and is asked there.

pub mod diff;
pub mod include;
pub mod known;
pub mod lint;
