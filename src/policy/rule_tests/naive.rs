//! The semantics of rules a second time, as plainly as they can be said: documents as written,
//! no types, no order, no speed. Only tests read it.

use serde_json::Value;

/// A request as the generator made it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub caller: String,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Content,
}

/// A body before it was written.
#[derive(Debug, Clone)]
pub enum Content {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
    Text(String),
}

/// True, false, or unknown.
pub type Three = Option<bool>;

pub fn selects(rule: &Value, asked: &Asked, capability: &str) -> bool {
    let fits = |key: &str, text: &str| {
        rule[key].as_array().is_none_or(|globs| globs.iter().any(|one| glob(one.as_str().unwrap(), text)))
    };
    fits("callers", &asked.caller) && fits("capabilities", capability)
}

/// Whether the rule has its effect.
pub fn acts(rule: &Value, asked: &Asked, length: u64) -> bool {
    let require = rule["effect"] == "require";
    let whens = match (&rule["when"], &rule["any"]) {
        (Value::Null, Value::Null) => return !require,
        (Value::Null, any) => any.as_array().unwrap().clone(),
        (when, _) => vec![when.clone()],
    };
    let truth = whens.iter().map(|when| holds(when, asked, length, require)).fold(Some(false), or);
    if require { truth != Some(true) } else { truth != Some(false) }
}

fn and(a: Three, b: Three) -> Three {
    if a == Some(false) || b == Some(false) { Some(false) } else { a.and(b) }
}

fn or(a: Three, b: Three) -> Three {
    and(a.map(|a| !a), b.map(|b| !b)).map(|both| !both)
}

fn holds(when: &Value, asked: &Asked, length: u64, all: bool) -> Three {
    let mut parts = Vec::new();
    let list = |value: &Value| value.as_array().cloned();
    parts.extend(list(&when["methods"]).map(|methods| Some(methods.contains(&asked.method.as_str().into()))));
    parts
        .extend(list(&when["paths"]).map(|p| Some(p.iter().any(|p| path(p.as_str().unwrap(), &asked.path)))));
    parts.push(fields(&when["query"], Some(&asked.query), true, all));
    parts.push(fields(&when["headers"], Some(&asked.headers), true, all));
    let body = &when["body"];
    parts.extend(body["max_bytes"].as_u64().map(|most| Some(length <= most)));
    let empty = length == 0;
    for (pointer, pred) in body["json"].as_object().into_iter().flatten() {
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        parts.push(match &asked.body {
            Content::Json(json) => join(follow(json, &steps).into_iter().map(|end| seen(pred, end)), all),
            _ if empty => absent(pred),
            _ => None,
        });
    }
    let form = if let Content::Form(pairs) = &asked.body { Some(pairs) } else { None };
    parts.push(fields(&body["form"], form, empty, all));
    parts.into_iter().fold(Some(true), and)
}

fn join(truths: impl Iterator<Item = Three>, all: bool) -> Three {
    truths.reduce(|a, b| if all { and(a, b) } else { or(a, b) }).flatten()
}

fn fields(wanted: &Value, pairs: Option<&Vec<(String, String)>>, empty: bool, all: bool) -> Three {
    let Some(wanted) = wanted.as_object() else { return Some(true) };
    let of = |name: &str| -> Vec<String> {
        pairs.into_iter().flatten().filter(|(one, _)| one == name).map(|(_, value)| value.clone()).collect()
    };
    let mut truth = Some(true);
    for (name, pred) in wanted {
        truth = and(
            truth,
            match pairs {
                None if !empty => None,
                _ if name == "only" => Some(pairs.into_iter().flatten().all(|(one, _)| {
                    wanted.contains_key(one) && one != "only"
                        || pred.as_array().unwrap().contains(&one.as_str().into())
                })),
                _ if of(name).is_empty() => absent(pred),
                _ => join(of(name).into_iter().map(|text| satisfies(pred, &Value::String(text), true)), all),
            },
        );
    }
    truth
}

fn absent(pred: &Value) -> Three {
    Some(matches!(pred["absent"].as_str(), Some("ok" | "match")))
}

/// The ends of a pointer: a value, nothing (`Ok(None)`), or a step that does not fit.
fn follow<'a>(json: &'a Value, steps: &[&str]) -> Vec<Result<Option<&'a Value>, ()>> {
    let Some((step, rest)) = steps.split_first() else { return vec![Ok(Some(json))] };
    let inner: Vec<&Value> = match (json, *step) {
        (Value::Null, _) => Vec::new(),
        (Value::Array(list), "*") => list.iter().collect(),
        (Value::Object(map), "*") => map.values().collect(),
        (Value::Object(map), name) => map.get(name).into_iter().collect(),
        (Value::Array(list), index) if index.parse::<usize>().is_ok() => {
            list.get(index.parse::<usize>().unwrap()).into_iter().collect()
        }
        _ => return vec![Err(())],
    };
    if inner.is_empty() { vec![Ok(None)] } else { inner.into_iter().flat_map(|v| follow(v, rest)).collect() }
}

fn seen(pred: &Value, end: Result<Option<&Value>, ()>) -> Three {
    match end {
        Ok(Some(value)) => satisfies(pred, value, false),
        Ok(None) => absent(pred),
        Err(()) => None,
    }
}

fn satisfies(pred: &Value, value: &Value, is_text: bool) -> Three {
    let operands = |key: &str| pred[key].as_array().cloned();
    let one_of = |of: &[Value]| {
        let same: Vec<bool> = of.iter().filter_map(|one| same(one, value, is_text)).collect();
        if same.is_empty() { None } else { Some(same.contains(&true)) }
    };
    let mut parts = Vec::new();
    parts.extend(pred.get("eq").map(|eq| one_of(std::slice::from_ref(eq))));
    parts.extend(operands("in").map(|of| one_of(&of)));
    parts.extend(operands("not_in").map(|of| one_of(&of).map(|found| !found)));
    let number = number(value, is_text);
    parts.extend(pred["lte"].as_i64().map(|most| number.map(|n| n <= most)));
    parts.extend(pred["gte"].as_i64().map(|least| number.map(|n| n >= least)));
    let length = value.as_str().map(|s| s.chars().count()).or(value.as_array().map(Vec::len));
    parts.extend(pred["max_len"].as_u64().map(|most| length.map(|n| n as u64 <= most)));
    parts.extend(pred["glob"].as_str().map(|g| value.as_str().map(|text| glob(g, text))));
    parts.into_iter().fold(Some(true), and)
}

fn same(operand: &Value, value: &Value, is_text: bool) -> Option<bool> {
    match (operand, value) {
        (Value::String(a), Value::String(b)) => Some(a == b),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Bool(a), Value::String(b)) if is_text => b.parse::<bool>().ok().map(|b| *a == b),
        (Value::Number(a), _) => number(value, is_text).map(|b| a.as_i64() == Some(b)),
        _ => None,
    }
}

fn number(value: &Value, is_text: bool) -> Option<i64> {
    if is_text { value.as_str()?.parse().ok() } else { value.as_i64() }
}

/// Globs with `*` alone.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && glob(after, &rest[at..]))
        }),
    }
}

fn path(pattern: &str, path: &str) -> bool {
    let (p, t): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    match p.split_last() {
        Some((&"**", head)) => t.len() >= head.len() && head.iter().zip(&t).all(|(a, b)| *a == "*" || a == b),
        _ => p.len() == t.len() && p.iter().zip(&t).all(|(a, b)| *a == "*" || a == b),
    }
}
