//! `regorus`: grants as data, by capability and method; the policy compiled once for its virtual machine, which
//! keeps program and data from one decision to the next.

use std::collections::BTreeMap;
use std::rc::Rc;

use aivault::spec::{Capability, Grant, Method, PathPattern, Provider, Segment};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Value};
use serde_json::{Map, Value as Json, json};

use crate::Decider;
use crate::asked::{Asked, CALLER, segments};

const GRANTS: &str = include_str!("../policies/grants.rego");

/// A virtual machine with a compiled policy and its data.
pub struct Machine(RegoVM);

/// A decision from the raw request on.
pub struct Rego {
    pub name: &'static str,
    pub machine: Machine,
    pub keys: Keys,
    pub asked: Rc<[Asked]>,
}

/// A decision on requests that are Rego's input already.
pub struct Prepared {
    pub name: &'static str,
    pub machine: Machine,
    pub inputs: Vec<Value>,
}

/// Names of the input's fields, made beforehand.
pub struct Keys {
    capability: Value,
    method: Value,
    path: Value,
    segments: Value,
    at: Value,
    caller: Value,
    body: Value,
    numbers: Vec<Value>,
}

impl Machine {
    /// `granted` alone, or `allow` where there are rules as well.
    pub fn new(providers: &[Provider], rules: Option<&str>) -> Self {
        let mut engine = Engine::new();
        engine.add_policy("grants.rego".to_owned(), GRANTS.to_owned()).unwrap();
        let entry = if rules.is_some() { "data.aivault.allow" } else { "data.aivault.granted" };
        if let Some(rules) = rules {
            engine.add_policy("six-rules.rego".to_owned(), rules.to_owned()).unwrap();
        }
        let policy = engine.compile_with_entrypoint(&entry.into()).unwrap();
        let mut machine = RegoVM::new();
        machine.load_program(Compiler::compile_from_policy(&policy, &[entry]).unwrap());
        machine.set_data(json!({ "grants": data(providers) }).into()).unwrap();
        Self(machine)
    }

    fn permits(&mut self, input: Value) -> bool {
        self.0.set_input(input);
        self.0.execute().unwrap() == Value::Bool(true)
    }
}

/// What is off by default is granted by nothing.
fn data(providers: &[Provider]) -> Json {
    let all = providers.iter().flat_map(|provider| provider.capabilities.iter());
    let enabled = all.filter(|one| !one.is_administrative());
    Json::Object(enabled.map(|one| (one.id.to_string(), by_method(one))).collect())
}

fn by_method(one: &Capability) -> Json {
    let granting = |method: Method| one.grants.iter().filter(move |grant| grant.methods.contains(method));
    let methods = one.methods();
    Json::Object(methods.iter().map(|method| (method.to_string(), paths(granting(method)))).collect())
}

fn paths<'a>(grants: impl Iterator<Item = &'a Grant>) -> Json {
    let mut by_kind = json!({ "exact": {}, "shaped": {}, "starting": {}, "ending": {}, "rest": [] });
    for pattern in grants.flat_map(|grant| grant.paths.iter()) {
        add(&mut by_kind, pattern);
    }
    by_kind
}

fn add(by_kind: &mut Json, pattern: &PathPattern) {
    if pattern.is_exact() {
        by_kind["exact"][pattern.as_str()] = json!(true);
        return;
    }
    let count = segments(pattern.bare());
    assert!(count > 0, "`{pattern}` matches paths that end in a slash");
    let mut literal = Map::new();
    let mut partial = Vec::new();
    for (at, segment) in pattern.segments().into_iter().enumerate() {
        match segment {
            Segment::Literal(text) => _ = literal.insert(at.to_string(), json!(text)),
            Segment::Starts(text) => partial.push(("starting", at, text)),
            Segment::Ends(text) => partial.push(("ending", at, text)),
            Segment::Any => {}
        }
    }
    let count_key = count.to_string();
    match (pattern.has_rest(), &partial[..]) {
        (true, []) => {
            push(&mut by_kind["rest"], json!({ "last": (count - 1).to_string(), "literal": literal }))
        }
        (false, []) => push(&mut by_kind["shaped"][count_key], json!(literal)),
        (false, [(kind, at, text)]) => {
            let wanted = json!({ "at": at.to_string(), "text": text, "literal": literal });
            push(&mut by_kind[*kind][count_key], wanted);
        }
        _ => panic!("`{pattern}` needs another rule"),
    }
}

/// Adds to a list, which `null` begins.
fn push(list: &mut Json, value: Json) {
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().unwrap().push(value);
}

impl Default for Keys {
    fn default() -> Self {
        let [capability, method, path, segments, at, caller, body] =
            ["capability", "method", "path", "segments", "at", "caller", "body"].map(Value::from);
        let numbers = (0..32).map(|number: u32| Value::from(number.to_string())).collect();
        Self { capability, method, path, segments, at, caller, body, numbers }
    }
}

impl Keys {
    pub fn input(&self, asked: &Asked) -> Value {
        let path = asked.path();
        let count = segments(path);
        let texts = path.split('/').skip(1).take(count).map(Value::from);
        let at: BTreeMap<Value, Value> = self.numbers.iter().cloned().zip(texts).collect();
        let mut input = BTreeMap::from([
            (self.capability.clone(), asked.capability().into()),
            (self.method.clone(), asked.method().into()),
            (self.path.clone(), path.into()),
            (self.segments.clone(), self.numbers[count].clone()),
            (self.at.clone(), Value::from(at)),
        ]);
        if !asked.body.is_empty() {
            let body = std::str::from_utf8(&asked.body).unwrap();
            input.insert(self.caller.clone(), CALLER.into());
            input.insert(self.body.clone(), Value::from_json_str(body).unwrap());
        }
        Value::from(input)
    }
}

impl Decider for Rego {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self) -> usize {
        self.asked.len()
    }

    fn decide(&mut self, at: usize) -> bool {
        let input = self.keys.input(&self.asked[at]);
        self.machine.permits(input)
    }
}

impl Decider for Prepared {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self) -> usize {
        self.inputs.len()
    }

    fn decide(&mut self, at: usize) -> bool {
        self.machine.permits(self.inputs[at].clone())
    }
}
