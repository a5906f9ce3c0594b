//! The semantics of rules a second time, as plainly as they can be said: documents as written,
//! no types, no order, no speed, and nothing of the code that judges. Only tests read it.

use regex_lite::Regex;
use serde_json::{Value, json};

use super::generate::{Asked, Content};

/// True, false, or unknown.
type Three = Option<bool>;

pub fn selects(rule: &Value, asked: &Asked, capability: &str) -> bool {
    one_matches(&rule["callers"], ".*", &asked.caller) && one_matches(&rule["capabilities"], ".*", capability)
}

/// Whether the rule has its effect. Without conditions, every request meets it.
pub fn acts(rule: &Value, asked: &Asked, length: u64) -> bool {
    let require = rule["effect"] == "require";
    let whens = rule.get("when").into_iter().chain(rule["any"].as_array().into_iter().flatten());
    let met = whens.map(|when| holds(when, asked, length, require)).max_by_key(rank).unwrap_or(Some(true));
    met != Some(require)
}

/// The least of several is what all of them are, and the greatest what any is.
fn rank(truth: &Three) -> i8 {
    truth.map_or(0, |truth| if truth { 1 } else { -1 })
}

/// Of values in one place, a require wants all as it says, other rules any; none where none is.
fn several(truths: impl Iterator<Item = Three>, require: bool) -> Option<Three> {
    if require { truths.min_by_key(rank) } else { truths.max_by_key(rank) }
}

fn holds(when: &Value, asked: &Asked, length: u64, require: bool) -> Three {
    let body = &when["body"];
    let form = if let Content::Form(pairs) = &asked.body { pairs.as_slice() } else { &[] };
    let mut parts = vec![
        Some(when["methods"].as_array().is_none_or(|these| these.contains(&json!(asked.method)))),
        Some(one_matches(&when["paths"], "[^/]+", &asked.path)),
        Some(body["max_bytes"].as_u64().is_none_or(|most| length <= most)),
        fields(&when["query"], &asked.query, require),
        fields(&when["headers"], &asked.headers, require),
        // Of a body of another kind, no field is known.
        fields(&body["form"], form, require)
            .filter(|_| body["form"].is_null() || length == 0 || !form.is_empty()),
    ];
    for (pointer, pred) in body["json"].as_object().into_iter().flatten() {
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        parts.push(match &asked.body {
            Content::Json(json) => below(json, &steps, pred, require),
            _ => absent(pred).filter(|_| length == 0),
        });
    }
    parts.into_iter().min_by_key(rank).flatten()
}

fn absent(pred: &Value) -> Three {
    Some(pred["absent"] == "ok" || pred["absent"] == "match")
}

fn fields(wanted: &Value, pairs: &[(String, String)], require: bool) -> Three {
    let Some(wanted) = wanted.as_object() else { return Some(true) };
    let truths = wanted.iter().map(|(name, pred)| match pred.as_array() {
        Some(only) => {
            Some(pairs.iter().all(|(one, _)| wanted.contains_key(one) || only.contains(&json!(one))))
        }
        None => {
            let values = pairs.iter().filter(|(one, _)| one == name);
            let truths = values.map(|(_, text)| satisfies(pred, &json!(text), true));
            several(truths, require).unwrap_or(absent(pred))
        }
    });
    truths.min_by_key(rank).unwrap_or(Some(true))
}

/// What `pred` makes of that which `steps` lead to; unknown where one of them does not fit.
fn below(json: &Value, steps: &[&str], pred: &Value, require: bool) -> Three {
    let Some((step, rest)) = steps.split_first() else { return satisfies(pred, json, false) };
    let inner: Vec<&Value> = match (json, *step) {
        (Value::Null, _) => Vec::new(),
        (Value::Array(list), "*") => list.iter().collect(),
        (Value::Object(map), "*") => map.values().collect(),
        (Value::Object(map), name) => map.get(name).into_iter().collect(),
        (Value::Array(list), index) => list.get(index.parse::<usize>().ok()?).into_iter().collect(),
        _ => return None,
    };
    let truths = inner.into_iter().map(|value| below(value, rest, pred, require));
    several(truths, require).unwrap_or(absent(pred))
}

fn satisfies(pred: &Value, value: &Value, is_text: bool) -> Three {
    let text = value.as_str();
    let number = if is_text { text.and_then(|text| text.parse().ok()) } else { value.as_i64() };
    let length = text.map(|text| text.chars().count()).or(value.as_array().map(Vec::len));
    // Values of two types cannot be compared.
    let same = |one: &Value| match (one, value) {
        (Value::Number(one), _) => number.map(|number| one.as_i64() == Some(number)),
        (Value::Bool(one), Value::String(text)) if is_text => Some(*one == text.parse::<bool>().ok()?),
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => Some(one == value),
        _ => None,
    };
    let one_of = |these: &Vec<Value>| these.iter().filter_map(same).max();
    let operators = [
        pred.get("eq").map(same),
        pred["in"].as_array().map(one_of),
        pred["not_in"].as_array().map(|these| one_of(these).map(|found| !found)),
        pred["lte"].as_i64().map(|most| number.map(|number| number <= most)),
        pred["gte"].as_i64().map(|least| number.map(|number| number >= least)),
        pred["max_len"].as_u64().map(|most| length.map(|length| length as u64 <= most)),
        pred.get("glob").map(|pattern| text.map(|text| matches(pattern, ".*", text))),
    ];
    operators.into_iter().flatten().min_by_key(rank).unwrap_or(Some(true))
}

/// Whether any of a list of patterns does, where there is a list.
fn one_matches(patterns: &Value, star: &str, text: &str) -> bool {
    patterns.as_array().is_none_or(|these| these.iter().any(|one| matches(one, star, text)))
}

/// Of what regexes have signs for, patterns hold nothing but `*`.
fn matches(pattern: &Value, star: &str, text: &str) -> bool {
    let regex = pattern.as_str().unwrap().replace("/**", "(/.+)?").replace('*', star);
    Regex::new(&format!("^({regex})$")).unwrap().is_match(text)
}
