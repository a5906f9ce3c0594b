//! Whom a rule is about: names that nobody has (P001), risks that nothing has (P002), everybody
//! at once (P009), and times that are over or far (P013).

use super::Context;
use super::written::Written;
use crate::spec::policy::{Glob, Select};
use crate::spec::{Code, Finding, suggest};

/// What callers' names begin with.
const CALLERS: &[&str] = &["uid:", "agent:", "token:"];
const SCOPES: &[&str] = &["global", "workspace:", "group:"];
const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
const DAY_MS: u64 = 86_400_000;
/// A rule for longer than this is no temporary one.
const LONG_DAYS: u64 = 90;

pub(super) fn check(one: &Written<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut findings = capabilities(one, context);
    let select = &one.rule.select;
    findings.extend(classes(one, "callers", select.callers.as_deref(), CALLERS));
    findings.extend(classes(one, "scopes", select.scopes.as_deref(), SCOPES));
    findings.extend(risks(one, context));
    findings.extend(everything(one));
    findings.extend(dated(one, context.now.0));
    findings
}

fn capabilities(one: &Written<'_>, context: &Context<'_>) -> Vec<Finding> {
    let globs = one.rule.select.capabilities.iter().flatten().enumerate();
    let ids: Vec<&str> = context.known.capabilities().map(|granted| granted.capability.id.as_str()).collect();
    let unknown = globs.filter(|(_, glob)| !ids.iter().any(|id| glob.matches(id)));
    let finding = |(index, glob): (usize, &Glob)| {
        let place = one.place.key("capabilities").index(index);
        let finding = Finding::new(
            Code::Unknown,
            place,
            format!("`{glob}` selects no capability", glob = glob.as_str()),
        );
        let provider = |id: &&str| id.split('/').next().map(str::to_owned);
        let known =
            ids.iter().filter_map(provider).map(|provider| format!("{provider}/*")).collect::<Vec<_>>();
        let near = if glob.is_literal() {
            suggest::nearest(glob.as_str(), ids.iter().copied())
        } else {
            suggest::nearest(glob.as_str(), known.iter().map(String::as_str))
        };
        match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("see `aivault capability list`; those of provider files need --providers"),
        }
    };
    unknown.map(finding).collect()
}

/// Globs that no name of one of these beginnings can match.
fn classes(one: &Written<'_>, key: &str, globs: Option<&[Glob]>, known: &[&str]) -> Vec<Finding> {
    let unknown =
        globs.unwrap_or_default().iter().enumerate().filter(|(_, glob)| !begins(glob.as_str(), known));
    let finding = |(index, glob): (usize, &Glob)| {
        let message = format!("`{}` matches none of the {key} that there are", glob.as_str());
        let finding = Finding::new(Code::Unknown, one.place.key(key).index(index), message);
        let (class, rest) = glob.as_str().split_once(':').unwrap_or(("", glob.as_str()));
        let classes = known.iter().map(|class| class.trim_end_matches(':'));
        match suggest::nearest(class, classes) {
            Some(near) if !class.is_empty() => finding.help(format!("did you mean `{near}:{rest}`?")),
            _ => finding.help(format!("they begin with {}", quoted(known))),
        }
    };
    unknown.map(finding).collect()
}

fn begins(glob: &str, known: &[&str]) -> bool {
    let plain = glob.split(SPECIAL).next().unwrap_or_default();
    let whole = plain.len() == glob.len();
    known.iter().any(|class| match class.strip_suffix(':') {
        Some(_) => {
            plain.len() > class.len() && plain.starts_with(class)
                || !whole && (class.starts_with(plain) || plain.starts_with(class))
        }
        None if whole => plain == *class,
        None => class.starts_with(plain),
    })
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn risks(one: &Written<'_>, context: &Context<'_>) -> Vec<Finding> {
    let named = Select { risk: None, ..one.rule.select.clone() };
    let selected = context.known.selected(&named);
    let risks = one.rule.select.risk.iter().flatten().enumerate();
    // Where nothing is selected at all, that was told already.
    let idle = risks.filter(|(_, risk)| {
        !selected.is_empty() && !selected.iter().any(|granted| granted.capability.risk == **risk)
    });
    let finding = |(index, risk): (usize, &crate::spec::Risk)| {
        let message = format!("none of the selected capabilities has the risk `{}`", risk.as_str());
        Finding::new(Code::NeverMatters, one.place.key("risk").index(index), message)
    };
    idle.map(finding).collect()
}

fn everything(one: &Written<'_>) -> Option<Finding> {
    let select = &one.rule.select;
    let all = |globs: &Option<Vec<Glob>>| {
        globs.as_ref().is_none_or(|globs| globs.iter().any(|glob| glob.as_str() == "*"))
    };
    let everyone = all(&select.callers) && all(&select.scopes) && all(&select.credentials);
    (everyone && all(&select.capabilities) && select.risk.is_none()).then(|| {
        let message = format!("`{}` is about everyone and everything", one.rule.id);
        let help = "name `callers`, `capabilities` or `risk`; or say why it is meant, in an ignore";
        Finding::new(Code::Everything, one.place.clone(), message).help(help)
    })
}

fn dated(one: &Written<'_>, now: u64) -> Option<Finding> {
    let end = one.rule.select.not_after?;
    let begin = one.rule.select.not_before.map_or(now, |from| from.0.max(now));
    let place = one.place.key("not_after");
    let days = end.0.saturating_sub(begin) / DAY_MS;
    if end.0 <= now {
        let finding = Finding::new(Code::Dated, place, format!("`{}` is over since {end}", one.rule.id));
        Some(finding.help("take the rule out, or give it another end"))
    } else if days > LONG_DAYS {
        let message = format!("`{}` is temporary, for {days} days", one.rule.id);
        let help = format!("end it within {LONG_DAYS} days, or leave `not_after` out");
        Some(Finding::new(Code::Dated, place, message).help(help))
    } else {
        None
    }
}
