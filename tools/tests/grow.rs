//! `grow`: what is measured is a registry that passes.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use support::Repository;

#[test]
fn synthetic_providers_pass_the_checks() {
    let repository = Repository::empty();
    repository.done(&["grow", "20", "providers"]);
    assert!(repository.done(&["check"]).contains("20 files, 0 mistakes"));
    let page = {
        repository.done(&["docs"]);
        repository.read("docs/providers.md")
    };
    assert!(page.contains("20 providers, 200 capabilities."), "{page}");
}
