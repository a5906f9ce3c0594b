//! What was counted, as text: the exposition format of Prometheus, version 0.0.4. Pure.
//!
//! Sixty lines of our own, since the format is small and fixed, and libraries of it bring counters that lock and hash
//! at each call. Names and labels come from the registry, the operator's own providers and this file: none of them is
//! a caller's text, a path or a secret.

use std::fmt::{self, Display, Write as _};

use crate::broker::metrics::{BOUNDS_MS, CapabilityCounts, Counts};

/// What a scraper is told that this is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All that is told at one moment.
pub struct Reading {
    pub counts: Counts,
    pub version: &'static str,
    /// The digest of the registry in the binary.
    pub registry: &'static str,
    pub unlocked: bool,
    /// Which change the vault stands at; none while it is locked.
    pub generation: Option<u64>,
    pub approvals_waiting: usize,
}

/// The whole text.
#[must_use]
pub fn exposition(reading: &Reading) -> String {
    let Reading { counts, version, registry, unlocked, generation, approvals_waiting } = reading;
    let mut text = Text::default();
    text.family("aivault_up", "gauge", "Whether a daemon answers.").one("", 1);
    text.family("aivault_build_info", "gauge", "The program and the registry in it.")
        .one(&label(&[("version", version), ("registry", registry)]), 1);
    let started = Seconds(counts.started_ms);
    text.family("aivault_start_time_seconds", "gauge", "When the daemon started, in seconds since 1970.")
        .one("", started);
    text.family("aivault_uptime_seconds", "gauge", "How long the daemon has been running.")
        .one("", Seconds(counts.uptime_ms));
    text.family("aivault_vault_unlocked", "gauge", "Whether the vault is open.").one("", u8::from(*unlocked));
    if let Some(generation) = generation {
        text.family("aivault_vault_generation", "gauge", "Which change the vault stands at.")
            .one("", generation);
    }
    text.family("aivault_approvals_waiting", "gauge", "Calls that wait for a person.")
        .one("", approvals_waiting);
    calls(&mut text, counts);
    text.family("aivault_upstream_connections_total", "counter", "Connections to upstreams.")
        .one(&label(&[("outcome", "opened")]), counts.connections.opened)
        .one(&label(&[("outcome", "failed")]), counts.connections.failed);
    text.family("aivault_token_fetches_total", "counter", "Access tokens fetched from providers.")
        .one(&label(&[("outcome", "ok")]), counts.tokens_fetched)
        .one(&label(&[("outcome", "failed")]), counts.tokens_not_fetched);
    text.family(
        "aivault_callers_refused_total",
        "counter",
        "Requests with a token that is none, or has ended.",
    )
    .one("", counts.callers_refused);
    text.0
}

/// What is told where no daemon runs.
#[must_use]
pub fn absent() -> String {
    let mut text = Text::default();
    text.family("aivault_up", "gauge", "Whether a daemon answers.").one("", 0);
    text.0
}

fn calls(text: &mut Text, counts: &Counts) {
    text.family("aivault_requests_in_flight", "gauge", "Calls that were allowed and have not ended.")
        .one("", counts.in_flight);
    let all = &counts.capabilities;
    if all.is_empty() {
        return;
    }
    let what = "Calls that have ended, by how, and by the class of the reason.";
    let mut requests = text.family("aivault_requests_total", "counter", what);
    all.iter().for_each(|one| outcomes(&mut requests, one));
    let what = "Answers of upstreams, by the class of their status.";
    let mut responses = text.family("aivault_upstream_responses_total", "counter", what);
    for one in all {
        for (class, count) in (1..).zip(one.statuses).filter(|(_, count)| *count > 0) {
            let status = format!("{class}xx");
            responses.one(&label(&[("capability", &one.capability), ("status", &status)]), count);
        }
    }
    let what = "How long allowed calls took, from the decision to the end of the answer.";
    let mut histogram = text.family("aivault_request_duration_seconds", "histogram", what);
    all.iter().filter(|one| one.latency.count() > 0).for_each(|one| durations(&mut histogram, one));
}

fn outcomes(requests: &mut Family<'_>, one: &CapabilityCounts) {
    let mut line = |outcome: &str, reason: &str, count: u64| {
        let labels = [("capability", one.capability.as_str()), ("outcome", outcome), ("reason", reason)];
        requests.one(&label(&labels), count);
    };
    if one.ok > 0 {
        line("ok", "none", one.ok);
    }
    one.denied.told().into_iter().for_each(|(reason, count)| line("denied", reason, count));
    one.failed.told().into_iter().for_each(|(reason, count)| line("failed", reason, count));
}

fn durations(histogram: &mut Family<'_>, one: &CapabilityCounts) {
    let bounds = BOUNDS_MS.iter().map(|bound| Seconds(*bound).to_string()).chain(["+Inf".to_owned()]);
    let mut within = 0;
    for (bound, count) in bounds.zip(one.latency.within) {
        within += count;
        histogram.part("_bucket", &label(&[("capability", &one.capability), ("le", &bound)]), within);
    }
    let labels = label(&[("capability", &one.capability)]);
    histogram.part("_sum", &labels, Seconds(one.latency.sum_ms));
    histogram.part("_count", &labels, within);
}

/// The text as far as it is written.
#[derive(Default)]
struct Text(String);

/// Lines of one name.
struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Text {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        // A string takes whatever it is given.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.0, name }
    }
}

impl Family<'_> {
    fn one(&mut self, labels: &str, value: impl Display) -> &mut Self {
        self.part("", labels, value)
    }

    fn part(&mut self, suffix: &str, labels: &str, value: impl Display) -> &mut Self {
        let _ = writeln!(self.text, "{name}{suffix}{labels} {value}", name = self.name);
        self
    }
}

/// `{name="value",…}`.
fn label(labels: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Milliseconds, told in seconds, exactly.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = format!("{:03}", self.0 % 1_000);
        let (whole, rest) = (self.0 / 1_000, rest.trim_end_matches('0'));
        if rest.is_empty() { write!(f, "{whole}") } else { write!(f, "{whole}.{rest}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Event, Outcome};
    use crate::broker::metrics::{Known, Metrics};

    const GOLDEN: &str = include_str!("metrics/golden.prom");

    fn event(action: Action, outcome: Outcome, reason: Option<&str>) -> Event {
        let (capability, reason) = (Some("openai/models".to_owned()), reason.map(str::to_owned));
        Event { capability, reason, ..Event::new(1, "c", action, outcome) }
    }

    fn counts() -> Counts {
        let known = Known { count: 1, number: |id| (id == "openai/models").then_some(0) };
        let metrics = Metrics::new(known);
        for (ms, status) in [(3, 200), (40, 404), (1_250, 200)] {
            metrics.saw(&event(Action::Invoke, Outcome::Allowed, None));
            let ended = event(Action::Response, Outcome::Ok, None);
            metrics.saw(&Event { duration_ms: Some(ms), status: Some(status), ..ended });
        }
        metrics.saw(&event(Action::Invoke, Outcome::Allowed, None));
        let failed = event(Action::Response, Outcome::Failed, Some("upstream.timeout"));
        metrics.saw(&Event { duration_ms: Some(61_000), ..failed });
        metrics.saw(&event(Action::Invoke, Outcome::Allowed, None));
        metrics.saw(&event(Action::Invoke, Outcome::Denied, Some("capability.path")));
        let unknown =
            Event { capability: Some("x\"y".to_owned()), ..event(Action::Invoke, Outcome::Denied, None) };
        metrics.saw(&unknown);
        metrics.saw(&event(Action::TokenFetch, Outcome::Ok, None));
        metrics.refused_caller();
        let connections = crate::broker::metrics::ConnectionCounts { opened: 2, failed: 1 };
        Counts { connections, started_ms: 1_764_000_000_250, uptime_ms: 60_000, ..metrics.counts() }
    }

    #[test]
    fn the_text_is_the_golden_one() {
        let reading = Reading {
            counts: counts(),
            version: "0.1.0",
            registry: "0123abcd",
            unlocked: true,
            generation: Some(7),
            approvals_waiting: 1,
        };
        assert_eq!(exposition(&reading), GOLDEN);
    }

    #[test]
    fn a_locked_vault_tells_no_generation_and_a_daemon_that_is_not_there_nothing() {
        let reading = Reading {
            counts: Metrics::new(Known { count: 0, number: |_| None }).counts(),
            version: "0.1.0",
            registry: "0123abcd",
            unlocked: false,
            generation: None,
            approvals_waiting: 0,
        };
        let text = exposition(&reading);
        assert!(text.contains("aivault_vault_unlocked 0\n") && !text.contains("generation"), "{text}");
        assert!(!text.contains("aivault_requests_total"), "a family without a line: {text}");
        assert!(absent().ends_with("\naivault_up 0\n"));
    }

    #[test]
    fn values_are_escaped_and_seconds_exact() {
        assert_eq!(label(&[("a", "b\\c\"d\ne")]), r#"{a="b\\c\"d\ne"}"#);
        for (ms, text) in [(0, "0"), (5, "0.005"), (250, "0.25"), (60_000, "60"), (1_001, "1.001")] {
            assert_eq!(Seconds(ms).to_string(), text);
        }
    }
}
