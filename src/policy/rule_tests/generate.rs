//! Rules and requests drawn at random from a small world, in which most of them meet.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, option, sample};
use serde_json::{Map, Value, json};

/// Names and values in their order.
pub type Pairs = Vec<(String, String)>;

/// A request as it is generated.
#[derive(Debug, Clone)]
pub struct Asked {
    pub caller: String,
    pub method: String,
    pub path: String,
    pub query: Pairs,
    pub headers: Pairs,
    pub body: Content,
}

/// A body before it is written.
#[derive(Debug, Clone)]
pub enum Content {
    None,
    Json(Value),
    Form(Pairs),
    Text(String),
}

fn word() -> impl Strategy<Value = &'static str> + Clone {
    sample::select(vec!["a", "b", "ab", "true", "7", "12", ""])
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => word().prop_map(Value::from),
        3 => (-3_i64..15).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![6 => scalar(), 1 => Just(Value::Null)];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(sample::select(vec!["a", "b", "0"]), inner, 0..3).prop_map(|map| {
                Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

fn pairs() -> impl Strategy<Value = Pairs> {
    let name = sample::select(vec!["a", "b", "c"]);
    collection::vec((name, word()), 0..3)
        .prop_map(|all| all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A request of a caller in the world.
pub fn asked() -> impl Strategy<Value = Asked> {
    let body = prop_oneof![
        2 => Just(Content::None),
        5 => json_value().prop_map(Content::Json),
        2 => pairs().prop_map(|pairs| if pairs.is_empty() { Content::None } else { Content::Form(pairs) }),
        1 => "[a-z{}\":]{1,6}".prop_map(Content::Text),
    ];
    let headers = option::of(word().prop_filter("headers are trimmed", |word| !word.is_empty()));
    let who = sample::select(vec!["agent:a", "agent:b", "uid:1"]);
    let what = (
        sample::select(vec!["GET", "POST"]),
        sample::select(vec!["/v1/rules", "/v1/rules/a", "/v1/rules/a/b"]),
    );
    (who, what, pairs(), headers, body).prop_map(|(caller, (method, path), query, header, body)| Asked {
        caller: caller.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers: header.map(|value| ("x-a".to_owned(), value.to_owned())).into_iter().collect(),
        body,
    })
}

fn pred(require: bool) -> impl Strategy<Value = Value> {
    let operators = (
        option::weighted(0.4, scalar()),
        option::weighted(0.3, collection::vec(scalar(), 1..3)),
        option::weighted(0.2, collection::vec(scalar(), 1..3)),
        option::weighted(0.2, -3_i64..15),
        option::weighted(0.2, -3_i64..15),
        option::weighted(0.2, 0_u64..4),
        option::weighted(0.2, sample::select(vec!["*", "a*", "*b", "a", "*1*"])),
        any::<bool>(),
    );
    operators.prop_map(move |(eq, one_of, not_in, lte, gte, max_len, glob, absent)| {
        let absent = match (require, absent) {
            (true, true) => "ok",
            (true, false) => "fail",
            (false, true) => "match",
            (false, false) => "skip",
        };
        let mut map = Map::new();
        let mut put =
            |key: &str, value: Option<Value>| map.extend(value.map(|value| (key.to_owned(), value)));
        put("eq", eq);
        put("in", one_of.map(Value::from));
        put("not_in", not_in.map(Value::from));
        put("lte", lte.map(Value::from));
        put("gte", gte.map(Value::from));
        put("max_len", max_len.map(Value::from));
        put("glob", glob.map(Value::from));
        put("absent", Some(absent.into()));
        Value::Object(map)
    })
}

fn preds(require: bool, names: Vec<&'static str>) -> impl Strategy<Value = Value> {
    collection::btree_map(sample::select(names), pred(require), 1..3)
        .prop_map(|map| Value::Object(map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

fn fields(require: bool, names: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let only = option::weighted(0.3, collection::vec(sample::select(names.clone()), 0..2));
    (preds(require, names), only).prop_map(|(mut fields, only)| {
        if let Some(only) = only {
            fields["only"] = only.into();
        }
        fields
    })
}

fn when(require: bool) -> impl Strategy<Value = Value> {
    let methods = sample::subsequence(vec!["GET", "POST"], 1..=2);
    let paths = sample::subsequence(vec!["/v1/rules", "/v1/rules/*", "/v1/*/a/**", "/v1/rules/**"], 1..=2);
    let pointers = vec!["/a", "/b", "/a/*", "/*", "/a/b", "/a/0", "/*/a"];
    let body = prop_oneof![
        3 => preds(require, pointers).prop_map(|json| json!({ "json": json })),
        1 => fields(require, vec!["a", "b"]).prop_map(|form| json!({ "form": form })),
        1 => (0_u64..30).prop_map(|most| json!({ "max_bytes": most })),
    ];
    let parts = (
        option::weighted(0.2, methods.prop_map(Value::from)),
        option::weighted(0.2, paths.prop_map(Value::from)),
        option::weighted(0.2, fields(require, vec!["a", "b"])),
        option::weighted(0.2, fields(require, vec!["x-a"])),
        option::weighted(0.7, body),
    );
    parts.prop_map(|(methods, paths, query, headers, body)| {
        let named =
            [("methods", methods), ("paths", paths), ("query", query), ("headers", headers), ("body", body)];
        named
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect::<Map<_, _>>()
            .into()
    })
}

/// A rule's document, without its id.
pub fn rule() -> impl Strategy<Value = Value> {
    let effect = sample::select(vec!["forbid", "require", "approve", "limit", "redact"]);
    effect.prop_flat_map(|effect| {
        let require = effect == "require";
        let callers = sample::select(vec![None, Some("agent:*"), Some("agent:a"), Some("uid:*")]);
        let whens = collection::vec(when(require), usize::from(require)..3);
        (Just(effect), callers, whens, proptest::bool::weighted(0.2)).prop_map(
            |(effect, callers, mut whens, shadow)| {
                let mut rule = json!({ "effect": effect, "why": "w", "shadow": shadow });
                if let Some(caller) = callers {
                    rule["callers"] = json!([caller]);
                }
                match (whens.len(), whens.pop()) {
                    (1, Some(only)) => rule["when"] = only,
                    (_, Some(last)) => rule["any"] = json!([whens, vec![last]].concat()),
                    (_, None) => {}
                }
                match effect {
                    "limit" => {
                        rule["limit"] = json!({ "max": 1, "per": "1m", "by": "rule", "cost": "requests" })
                    }
                    "redact" => rule["redact"] = json!({ "fields": ["f"] }),
                    _ => {}
                }
                rule
            },
        )
    })
}
