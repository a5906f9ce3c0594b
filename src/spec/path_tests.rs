//! What the path patterns promise, held against `globset` with literal separators.

use globset::GlobBuilder;
use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

#[test]
fn a_prefix_is_not_a_neighbour() {
    let files = pattern("/v1/files/**");
    for inside in ["/v1/files", "/v1/files/a", "/v1/files/a/content"] {
        assert!(files.matches(inside), "{inside}");
    }
    for outside in ["/v1/filesystem", "/v1", "/v1/files/", "/v1/files/a/", "/v2/files", "/", ""] {
        assert!(!files.matches(outside), "{outside}");
    }
    assert!(!pattern("/v1/files").matches("/v1/files/"));
    assert!(pattern("/api/0/").matches("/api/0/") && !pattern("/api/0/").matches("/api/0"));
}

#[test]
fn a_star_stays_in_its_segment() {
    assert!(pattern("/m/*:generate").matches("/m/gemini:generate"));
    assert!(!pattern("/m/*:generate").matches("/m/a/b:generate"));
    assert!(pattern("/f/img-*").matches("/f/img-1") && !pattern("/f/img-*").matches("/f/im"));
    assert!(!pattern("/a/*/b").matches("/a//b"));
}

#[test]
fn malformed_patterns_are_refused() {
    for (text, why) in [
        ("v1", "starts with"),
        ("/a//b", "empty segment"),
        ("/a/**/b", "only as the last"),
        ("/a*b*", "more than one"),
        ("/a*b", "both sides"),
        ("/a%20b", "without escapes"),
        ("/a;b", "without escapes"),
        ("/a/../b", "canonical"),
        ("/ä", "without escapes"),
    ] {
        let error = PathPattern::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
    for text in ["/{a", "/a}", "/{a,}", "/{}", "/{a/b,c}", "/{a,{b,c}}"] {
        assert!(PathPattern::parse_all(text).is_err(), "{text}");
    }
}

#[test]
fn braces_stand_for_each_alternative_in_order() {
    let all = PathPattern::parse_all("/{v1,v1beta}/m/{a,b}").unwrap();
    let texts: Vec<&str> = all.iter().map(PathPattern::as_str).collect();
    assert_eq!(texts, ["/v1/m/a", "/v1/m/b", "/v1beta/m/a", "/v1beta/m/b"]);
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,2}",
        2 => Just("*".to_owned()),
        1 => "[ab]{1}\\*",
        1 => "\\*[ab]{1}",
    ]
}

fn any_pattern() -> impl Strategy<Value = String> {
    (prop::collection::vec(segment(), 1..4), any::<bool>())
        .prop_map(|(parts, rest)| format!("/{}{}", parts.join("/"), if rest { "/**" } else { "" }))
}

fn any_path() -> impl Strategy<Value = String> {
    prop::collection::vec("[abc]{1,3}", 1..5).prop_map(|parts| format!("/{}", parts.join("/")))
}

/// `**` also stands for nothing here, which globset writes as a second glob.
fn oracle(text: &str, path: &str) -> bool {
    let glob = |text: &str| {
        GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(false)
            .build()
            .unwrap()
            .compile_matcher()
    };
    let bare = text.strip_suffix("/**");
    glob(text).is_match(path) || bare.is_some_and(|bare| glob(bare).is_match(path))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn matching_is_globset_with_literal_separators(text in any_pattern(), path in any_path()) {
        prop_assert_eq!(pattern(&text).matches(&path), oracle(&text, &path));
    }

    #[test]
    fn inclusion_and_overlap_are_exact(a in any_pattern(), b in any_pattern(), path in any_path()) {
        let (p, q) = (pattern(&a), pattern(&b));
        if p.includes(&q) && q.matches(&path) {
            prop_assert!(p.matches(&path));
        }
        match p.overlap(&q) {
            Some(witness) => prop_assert!(p.matches(&witness) && q.matches(&witness), "{witness}"),
            None => prop_assert!(!(p.matches(&path) && q.matches(&path))),
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
        let _ = PathPattern::parse_all(&text);
    }
}

#[test]
fn what_readers_take_for_a_path_resembles_it() {
    let verbs = pattern("/v1/Models/*:cancel");
    for alike in
        ["/v1/models/a:cancel", "/V1/MODELS/A:CANCEL", "/v1/Models/a%3Acancel", "/v1/models/a%3acancel"]
    {
        assert!(!verbs.matches(alike) && verbs.resembles(alike), "{alike}");
    }
    for other in ["/v1/models/a", "/v1/models/a%3Bcancel", "/v1/models/a/b%3Acancel", "/v1/models/a%", "/%3A"]
    {
        assert!(!verbs.resembles(other), "{other}");
    }
    assert!(!pattern("/v1/models/*").resembles("/v1/models/a/b"), "neither has what could be folded");
}
