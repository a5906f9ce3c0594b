//! Policies in force, and what applying one changed.

use std::io;

use super::table::Table;
use super::{counted, listed, time};
use crate::cli::screen::Screen;
use crate::service::{AppliedPolicy, PolicyChange, PolicyView};
use crate::spec::RuleId;

pub(super) fn print_list(policies: &[PolicyView], now_ms: u64, screen: &mut Screen<'_>) -> io::Result<()> {
    if policies.is_empty() {
        return writeln!(screen.out, "No policy is in force: what capabilities grant is allowed.");
    }
    let mut table = Table::new(&["RULE", "EFFECT", "APPLIED", "WHY"]);
    for policy in policies {
        for rule in &policy.rules {
            let effect = if rule.shadow { format!("{} (shadow)", rule.effect) } else { rule.effect.clone() };
            let why = rule.why.split_whitespace().collect::<Vec<_>>().join(" ");
            table.row([rule.id.to_string(), effect, time::ago(policy.applied_ms, now_ms), why]);
        }
    }
    table.print(screen.out, screen.paint)
}

pub(super) fn print_applied(
    policies: &[AppliedPolicy],
    dry_run: bool,
    screen: &mut Screen<'_>,
) -> io::Result<()> {
    for policy in policies {
        let verb = if dry_run { "would be applied" } else { "applied" };
        match policy.change {
            PolicyChange::Unchanged => writeln!(screen.out, "Policy {}: unchanged", policy.id)?,
            PolicyChange::New => writeln!(
                screen.out,
                "Policy {}: {verb}, with {}",
                policy.id,
                counted(policy.added.len() as u64, "rule")
            )?,
            PolicyChange::Changed => {
                writeln!(screen.out, "Policy {}: {verb}{}", policy.id, differences(policy))?;
            }
        }
    }
    Ok(())
}

fn differences(policy: &AppliedPolicy) -> String {
    let parts = [("adds", &policy.added), ("changes", &policy.changed), ("removes", &policy.removed)];
    let words = parts.iter().filter(|(_, rules)| !rules.is_empty());
    let words: Vec<String> = words.map(|(verb, rules)| format!("{verb} {}", names(rules))).collect();
    if words.is_empty() { ", with no rule changed".to_owned() } else { format!(": {}", words.join("; ")) }
}

fn names(rules: &[RuleId]) -> String {
    listed(&rules.iter().map(RuleId::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::testing::printed;
    use crate::service::RuleView;
    use crate::spec::PolicyId;

    fn applied(change: PolicyChange) -> AppliedPolicy {
        let rule = |name| RuleId::parse(name).unwrap();
        AppliedPolicy {
            id: PolicyId::from_static("p"),
            change,
            added: vec![rule("p/a"), rule("p/b")],
            changed: Vec::new(),
            removed: vec![rule("p/c")],
        }
    }

    #[test]
    fn a_change_is_told_rule_by_rule() {
        let show = |change, dry| printed(|screen| print_applied(&[applied(change)], dry, screen)).0;
        assert_eq!(show(PolicyChange::New, false), "Policy p: applied, with 2 rules\n");
        assert_eq!(
            show(PolicyChange::Changed, true),
            "Policy p: would be applied: adds p/a and p/b; removes p/c\n"
        );
    }

    #[test]
    fn a_list_has_a_row_for_each_rule() {
        let rule = RuleView {
            id: RuleId::from_static("p/a"),
            effect: "forbid".to_owned(),
            shadow: true,
            why: "one\n  two\u{1b}".to_owned(),
        };
        let policy = PolicyView { id: PolicyId::from_static("p"), applied_ms: 0, rules: vec![rule] };
        let (out, _) = printed(|screen| print_list(&[policy], 0, screen));
        assert!(out.ends_with("p/a   forbid (shadow)  just now  one two\\u{1b}\n"), "{out}");
    }
}
