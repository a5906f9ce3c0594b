//! What is well-formed in a policy and still unwise: it does nothing, it does not do what it looks
//! like, or it lets more through than its author will have meant.
//!
//! Each finding has a code with a section in `docs/lints.md`. A comment `# aivault-ignore: P009 why`
//! drops one where it stands, except those of the compiler: what it refuses no comment mends.

mod ignore;
mod pairs;
mod predicate;
mod provider;
mod reach;
mod secret;
mod select;
mod set;
mod written;

use std::collections::BTreeSet;

use super::known::Known;
use crate::spec::policy::{Instant, compile_policy};
use crate::spec::{Checked, Diagnostic, Finding, Source};
use ignore::Ignores;
use written::{Written, of_file};

pub use provider::providers;

/// What rules are held against beside themselves.
pub struct Context<'a> {
    pub known: &'a Known<'a>,
    pub now: Instant,
    /// Which rules tests cover; none where nobody looked.
    pub tested: Option<&'a Tested>,
}

/// The rules that some test sees let a request pass, and those that one sees stop a request.
#[derive(Debug, Default)]
pub struct Tested {
    pub passing: BTreeSet<String>,
    pub stopping: BTreeSet<String>,
}

/// A finding in the file of that position.
type Located = (usize, Finding);

/// Everything that is wrong or unwise in policy files, by file and line.
#[must_use]
pub fn policies(sources: Vec<Source>, context: &Context<'_>) -> Vec<Diagnostic> {
    let secrets = secret::Patterns::of(context.known);
    let hidden: Vec<secret::Hidden> = sources.into_iter().map(|source| secrets.hide(source)).collect();
    let checked: Vec<_> = hidden.iter().map(|hidden| compile_policy(hidden.source.clone())).collect();
    let written: Vec<Written<'_>> =
        checked.iter().enumerate().flat_map(|(file, checked)| of_file(file, checked)).collect();
    let mut found = of_rules(&written, context);
    let mut all = Vec::new();
    for (file, checked) in checked.iter().enumerate() {
        all.extend(checked.diagnostics.iter().cloned());
        let own =
            found.extract_if(.., |(of, _)| *of == file).map(|(_, finding)| finding.locate(&checked.source));
        let mut own: Vec<Diagnostic> = own.collect();
        own.extend(hidden[file].diagnostics.iter().cloned());
        // Of a file that does not compile its rules are not looked at, so ignores may be idle.
        all.extend(Ignores::of(&checked.source).apply(own, checked.policy.is_some()));
    }
    in_order(&mut all);
    all
}

fn of_rules(written: &[Written<'_>], context: &Context<'_>) -> Vec<Located> {
    let mut found: Vec<Located> = Vec::new();
    for one in written {
        let findings = select::check(one, context).into_iter().chain(reach::check(one, context.known));
        let findings = findings.chain(predicate::check(one));
        found.extend(findings.map(|finding| (one.file, finding)));
    }
    found.extend(pairs::check(written, context.known));
    found.extend(set::unbounded(written, context.known));
    found.extend(set::untested(written, context.tested));
    found
}

/// Everything that the build refuses in provider files, and what is unwise in those that compile.
#[must_use]
pub fn provider_files(checked: &[Checked]) -> Vec<Diagnostic> {
    let across = crate::spec::lint::across(checked);
    let mut all: Vec<Diagnostic> = across;
    for one in checked {
        all.extend(one.diagnostics.iter().cloned());
        let found = providers(one).into_iter().map(|finding| finding.locate(&one.source)).collect();
        all.extend(Ignores::of(&one.source).apply(found, one.provider.is_some()));
    }
    in_order(&mut all);
    all
}

fn in_order(all: &mut [Diagnostic]) {
    let key = |one: &Diagnostic| (one.file().to_owned(), one.line, one.column, one.finding.code);
    all.sort_by_cached_key(key);
}

#[cfg(test)]
mod tests;
