//! `policy explain`: a decision, rule by rule, for a person or as JSON.

use std::io;
use std::process::ExitCode;

use serde::Serialize;

use crate::cli::arguments::ExplainArguments;
use crate::cli::error::CliError;
use crate::cli::escape;
use crate::cli::input;
use crate::cli::invoke::parse_header;
use crate::cli::screen::Screen;
use crate::platform::files;
use crate::service::suite::{
    Condition, DecisionName, ExplainRequest, Explanation, Record, RuleView, Spot, explain_policy,
    json_type_of,
};

/// The longest body that is explained: longer ones are not judged either.
const MAX_BODY: usize = 8 * input::MIB;

pub(in crate::cli) fn explain(
    arguments: ExplainArguments,
    screen: &mut Screen<'_>,
) -> Result<ExitCode, CliError> {
    let as_json = arguments.json;
    let explanation = match explain_policy(request(arguments)?) {
        Ok(explanation) => explanation,
        Err(error) => return super::broken(error, screen),
    };
    if as_json {
        json(&explanation, screen)?;
    } else {
        pretty(&explanation, screen)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn request(arguments: ExplainArguments) -> Result<ExplainRequest, CliError> {
    let given = arguments.headers.iter().enumerate();
    let mut headers = given.map(|(at, text)| parse_header(at + 1, text)).collect::<Result<Vec<_>, _>>()?;
    let body = match (arguments.body, arguments.body_file_path) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(path)) => files::read_bounded(&path, MAX_BODY)?,
        (None, None) => Vec::new(),
    };
    let announced = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(content_type) = json_type_of(&body).filter(|_| !announced) {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    Ok(ExplainRequest {
        capability: arguments.capability,
        provider: arguments.provider,
        method: arguments.method,
        path: arguments.path,
        caller: arguments.caller,
        scope: arguments.scope,
        credential: arguments.credential,
        headers,
        body,
        now: arguments.now,
        policies: arguments.sources.policies,
        providers: arguments.sources.providers,
    })
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    record: Record,
    capability: Option<&'a str>,
    message: Option<&'a str>,
    grants: &'a [String],
    candidates: Vec<&'a RuleView>,
    passed_over: Vec<&'a RuleView>,
    changes: &'a [String],
}

fn json(explanation: &Explanation, screen: &mut Screen<'_>) -> io::Result<()> {
    let outcome = &explanation.outcome;
    let capability = outcome.capability.as_ref().map(|id| id.as_str());
    let (passed_over, candidates) = explanation.rules.iter().partition(|rule| rule.passed_over.is_some());
    let answer = Answer {
        record: Record::of(capability.unwrap_or_default(), outcome),
        capability,
        message: outcome.message.as_deref(),
        grants: &explanation.grants,
        candidates,
        passed_over,
        changes: &explanation.changes,
    };
    serde_json::to_writer_pretty(&mut *screen.out, &answer)?;
    writeln!(screen.out)
}

fn pretty(explanation: &Explanation, screen: &mut Screen<'_>) -> io::Result<()> {
    let (outcome, paint) = (&explanation.outcome, screen.paint);
    let decision = match outcome.decision {
        DecisionName::Allow => paint.green("allow").to_string(),
        DecisionName::Deny => paint.red("deny").to_string(),
        DecisionName::Ask => paint.yellow("ask").to_string(),
    };
    writeln!(screen.out, "{decision}  {}", outcome.reason)?;
    if let Some(message) = &outcome.message {
        writeln!(screen.out, "  {}", escape::line(message))?;
    }
    section("grants", &explanation.grants, screen)?;
    rules(&explanation.rules, screen)?;
    let limits = outcome.limits.iter();
    let limits = limits.map(|one| format!("{} for {}: {} of {}", one.rule, one.key, one.used, one.limit.max));
    section("limits", &limits.collect::<Vec<_>>(), screen)?;
    section("what would pass", &explanation.changes, screen)?;
    upstream(&Record::of("", outcome), screen)
}

fn section(title: &str, lines: &[String], screen: &mut Screen<'_>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(screen.out, "\n{}", screen.paint.bold(title))?;
    lines.iter().try_for_each(|line| writeln!(screen.out, "  {}", escape::line(line)))
}

fn rules(rules: &[RuleView], screen: &mut Screen<'_>) -> io::Result<()> {
    let (passed_over, candidates): (Vec<&RuleView>, Vec<&RuleView>) =
        rules.iter().partition(|rule| rule.passed_over.is_some());
    if !candidates.is_empty() {
        writeln!(screen.out, "\n{}", screen.paint.bold("rules"))?;
    }
    candidates.into_iter().try_for_each(|rule| self::rule(rule, screen))?;
    let words = |rule: &&RuleView| {
        format!("{}: its {} select other requests", rule.rule, rule.passed_over.unwrap_or("selectors"))
    };
    section("not about this request", &passed_over.iter().map(words).collect::<Vec<_>>(), screen)
}

fn rule(rule: &RuleView, screen: &mut Screen<'_>) -> io::Result<()> {
    let paint = screen.paint;
    let shadow = if rule.shadow { "shadow " } else { "" };
    let truth = rule.truth.unwrap_or("not judged");
    let acts = if rule.acts { format!("{truth}, acts") } else { truth.to_owned() };
    let acts = if rule.acts { paint.yellow(acts) } else { paint.dim(acts) };
    writeln!(screen.out, "  {} ({shadow}{}): {acts}  {}", rule.rule, rule.effect, paint.dim(spot(&rule.at)))?;
    match &rule.failing {
        Some(condition) => failing(condition, screen),
        None => Ok(()),
    }
}

fn failing(condition: &Condition, screen: &mut Screen<'_>) -> io::Result<()> {
    let paint = screen.paint;
    let Condition { condition, truth, observed, wanted, at } = condition;
    writeln!(screen.out, "    {} is {truth}  {}", escape::line(condition), paint.dim(spot(at)))?;
    writeln!(screen.out, "      observed  {}", escape::line(observed))?;
    writeln!(screen.out, "      wanted    {}", escape::line(wanted))
}

fn spot(spot: &Spot) -> String {
    format!("{}:{}:{}", escape::line(&spot.file), spot.line, spot.column)
}

fn upstream(record: &Record, screen: &mut Screen<'_>) -> io::Result<()> {
    let Some(upstream) = &record.upstream else { return Ok(()) };
    let mut lines = vec![format!("{} {}", upstream.method, upstream.url)];
    lines.extend(upstream.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let certificate = upstream.client_certificate.iter();
    lines.extend(certificate.map(|secrets| format!("client certificate {secrets}")));
    lines.extend(upstream.body.iter().map(|body| format!("{} bytes, sha256 {}", body.bytes, body.sha256)));
    section("upstream", &lines, screen)
}
