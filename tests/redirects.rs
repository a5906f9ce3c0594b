//! Redirects: followed where the same capability allows where they lead, and otherwise the caller's to see.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests prepare and look at the machine")]

mod support;

use std::fs;

use support::{Answer, Done, Door, Home, Upstream, secrets};

const START: &str = "/v1/models/old";

fn setting(door: Door) -> (Upstream, Home) {
    let upstream = Upstream::serving(&["api.openai.com"]);
    let home = Home::with_openai(door, &upstream, secrets::OPENAI);
    (upstream, home)
}

/// What is answered at `START` is a redirect, and everything else is an answer.
fn redirecting(upstream: &Upstream, status: u16, location: &str) {
    let location = location.to_owned();
    upstream.answers(move |received| match received.target.as_str() {
        START => Answer::redirect(status, &location),
        _ => Answer::text("found"),
    });
}

fn get(home: &Home) -> Done {
    home.run(&["invoke", "openai/models", "--method", "GET", "--path", START, "--header", "x-a: 1"])
}

#[track_caller]
fn assert_handed_back(done: Done, status: u16, location: &str) {
    let done = done.ok();
    let told = format!("warning: the upstream answered {status} to {location}; it was not followed\n");
    assert_eq!((done.text(), done.errors()), ("moved".to_owned(), told));
}

#[test]
fn what_stays_within_the_capability_is_followed_and_on_record() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        for (status, location) in [
            (301, "/v1/models/new"),
            (302, "new"),
            (303, "https://api.openai.com/v1/models/new"),
            (307, "//api.openai.com/v1/models/new#part"),
            (308, "/v1/models/new?x=1"),
        ] {
            redirecting(&upstream, status, location);
            let done = get(&home).ok();
            assert_eq!((done.text(), done.errors()), ("found".to_owned(), String::new()), "{location}");
            let received = upstream.take();
            assert_eq!(received.len(), 2, "{location}");
            assert!(received[1].target.starts_with("/v1/models/new"), "{}", received[1].target);
            for one in received {
                let key = format!("Bearer {}", secrets::OPENAI);
                assert_eq!((one.method.as_str(), one.header("x-a")), ("GET", "1"));
                assert_eq!((one.header("host"), one.header("authorization")), ("api.openai.com", &*key));
            }
            let events = home.events();
            let [end, follows, redirected, first] = &events[..4] else { panic!("{events:?}") };
            assert!(first.is("invoke", "allowed") && follows.is("invoke", "allowed"));
            assert!(redirected.is("response", "ok") && end.is("response", "ok"));
            assert_eq!(
                (redirected.event["status"].as_u64(), end.event["status"].as_u64()),
                (Some(status.into()), Some(200))
            );
            assert_eq!(follows.event["detail"], format!("follows the redirect of entry {}", first.seq));
        }
    }
}

#[test]
fn what_leaves_the_host_is_shown_and_not_fetched() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let elsewhere = Upstream::serving(&["api.anthropic.com"]);
        home.send_to(&elsewhere);
        for location in [
            "https://api.anthropic.com/v1/models/new".to_owned(),
            "http://api.openai.com/v1/models/new".to_owned(),
            format!("https://api.openai.com:{}/v1/models/new", elsewhere.address.port()),
            format!("https://{}/v1/models/new", elsewhere.address),
            "https://api.openai.com@api.anthropic.com/v1/models/new".to_owned(),
        ] {
            redirecting(&upstream, 302, &location);
            assert_handed_back(get(&home), 302, &location);
            assert_eq!(upstream.take().len(), 1, "{location}");
        }
        assert_eq!(elsewhere.accepted(), 0);
    }
}

#[test]
fn what_the_capability_does_not_allow_is_refused_on_record_and_shown() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        for (location, reason) in [
            ("/v1/organization/users", "capability.path"),
            ("/v1/models/../organization/users", "path.not_canonical"),
            ("/v1/models/%2e%2e/organization/users", "path.not_canonical"),
            ("/v1/models/a//b", "path.not_canonical"),
        ] {
            redirecting(&upstream, 302, location);
            assert_handed_back(get(&home), 302, location);
            assert_eq!(upstream.take().len(), 1, "{location}");
            let denied = home.events().into_iter().find(|one| one.is("invoke", "denied")).unwrap();
            assert_eq!(denied.event["reason"], reason, "{location}");
        }
    }
}

#[test]
fn a_method_that_changes_something_is_not_repeated_elsewhere() {
    for status in [301, 302, 303, 307, 308] {
        let (upstream, home) = setting(Door::InProcess);
        upstream.answers(move |_| Answer::redirect(status, "/v1/chat/completions/2"));
        let done = home.run(&["invoke", "openai/chat-completions", "--body", "{}"]);
        assert_handed_back(done, status, "/v1/chat/completions/2");
        assert_eq!(upstream.take().len(), 1, "{status}");
    }
}

#[test]
fn loops_and_endless_chains_end() {
    let (upstream, home) = setting(Door::InProcess);
    redirecting(&upstream, 302, START);
    assert_handed_back(get(&home), 302, START);
    assert_eq!(upstream.take().len(), 1);
    upstream.answers(|received| Answer::redirect(302, &format!("{}x", received.target)));
    assert_handed_back(get(&home), 302, &format!("{START}xxxxxx"));
    assert_eq!(upstream.take().len(), 6);
}

#[test]
fn a_redirect_that_is_followed_is_charged_like_any_request() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        let file = home.path("budget.policy.yaml");
        let rule = "{ id: two, effect: limit, why: Two., capabilities: [\"openai/*\"], \
                    limit: { max: 3, per: 1d, by: caller, cost: requests } }";
        fs::write(&file, format!("policy: budget\nversion: 1\nrules:\n  - {rule}\n")).unwrap();
        home.run(&["policy", "apply", file.to_str().unwrap()]).ok();
        redirecting(&upstream, 302, "/v1/models/new");
        assert_eq!(get(&home).ok().text(), "found");
        assert_handed_back(get(&home), 302, "/v1/models/new");
        assert_eq!(upstream.take().len(), 3);
    }
}

#[test]
fn a_location_with_the_key_in_it_is_not_followed() {
    for door in Door::BOTH {
        let (upstream, home) = setting(door);
        redirecting(&upstream, 302, &format!("/v1/models/new?key={}", secrets::OPENAI));
        assert_handed_back(get(&home), 302, "/v1/models/new?key=[redacted]");
        assert_eq!(upstream.take().len(), 1);
    }
}
