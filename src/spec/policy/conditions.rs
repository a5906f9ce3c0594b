//! From the conditions of a rule as written to those that are meant.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Number, Value};

use super::compile::Compiler;
use super::decimal::Decimal;
use super::document::{AbsentName, BodyDocument, EffectName, PredDocument, TimeDocument, WhenDocument};
use super::fields::FieldsDocument;
use super::glob::Glob;
use super::model::{Absent, BodyWhen, Fields, Pred, Scalar, When};
use super::pointer::Pointer;
use super::time::TimeOfWeek;
use crate::spec::code::Code;
use crate::spec::diagnostic::{Finding, Place};
use crate::spec::method::MethodSet;
use crate::spec::path::PathPattern;
/// Conditions within a rule, whose effect says what an absent value may mean.
pub(super) struct Words<'c> {
    compiler: &'c mut Compiler,
    effect: EffectName,
}

impl<'c> Words<'c> {
    pub(super) fn new(compiler: &'c mut Compiler, effect: EffectName) -> Self {
        Self { compiler, effect }
    }

    pub(super) fn when(&mut self, place: &Place, document: &WhenDocument) -> When {
        let empty = |list: Option<usize>| list == Some(0);
        for (key, count) in [
            ("methods", document.methods.as_ref().map(Vec::len)),
            ("paths", document.paths.as_ref().map(Vec::len)),
        ] {
            if empty(count) {
                self.compiler.report(Code::Empty, place.key(key), "an empty list is never satisfied");
            }
        }
        When {
            methods: document.methods.as_deref().map(MethodSet::of),
            paths: document.paths.as_deref().map(|paths| self.paths(&place.key("paths"), paths)),
            query: document.query.as_ref().map(|query| self.fields(&place.key("query"), query)),
            headers: document.headers.as_ref().map(|headers| self.headers(&place.key("headers"), headers)),
            body: document.body.as_ref().map(|body| self.body(&place.key("body"), body)),
            time: document.time.as_ref().and_then(|time| self.time(&place.key("time"), time)),
        }
    }

    fn paths(&mut self, place: &Place, texts: &[String]) -> Vec<PathPattern> {
        let mut all = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let parsed = self.compiler.parsed(place.index(index), PathPattern::parse_all(text));
            all.extend(parsed.unwrap_or_default());
        }
        all
    }

    /// Header names are judged in lower case, which is how requests carry them here.
    fn headers(&mut self, place: &Place, document: &FieldsDocument) -> Fields {
        let names = document.fields.keys().chain(document.only.iter().flatten());
        for name in names.filter(|name| crate::spec::HeaderName::parse(name).is_none()) {
            let message = format!("`{name}`: a header's name is lower-case letters, digits and `-` here");
            self.compiler.report(Code::Malformed, place.clone(), message);
        }
        self.fields(place, document)
    }

    fn fields(&mut self, place: &Place, document: &FieldsDocument) -> Fields {
        Fields {
            only: document.only.clone(),
            preds: self.preds(place, &document.fields, |name| Ok::<_, String>(name.to_owned())),
        }
    }

    fn preds<K, E: Display>(
        &mut self,
        place: &Place,
        documents: &BTreeMap<String, PredDocument>,
        key: impl Fn(&str) -> Result<K, E>,
    ) -> Vec<(K, Pred)> {
        let mut all = Vec::with_capacity(documents.len());
        for (name, document) in documents {
            let parsed = self.compiler.parsed(place.name(name), key(name));
            let pred = self.pred(place, name, document);
            all.extend(parsed.map(|key| (key, pred)));
        }
        all
    }

    fn body(&mut self, place: &Place, document: &BodyDocument) -> BodyWhen {
        let json = document.json.as_ref();
        let kinds = [
            ("json", json.is_some()),
            ("form", document.form.is_some()),
            ("multipart", document.multipart.is_some()),
        ];
        let mut given = kinds.iter().filter(|(_, given)| *given);
        if let (Some(_), Some((second, _))) = (given.next(), given.next()) {
            let message = "a body is of one kind: put the other under another rule or alternative";
            self.compiler.report(Code::Contradiction, place.name(second), message);
        }
        for (index, text) in document.content_types.iter().flatten().enumerate() {
            if !is_media_type(text) {
                let message = "a media type is written in lower case and without parameters, such as `application/json`";
                self.compiler.report(Code::Malformed, place.key("content_types").index(index), message);
            }
        }
        BodyWhen {
            max_bytes: document.max_bytes,
            content_types: document.content_types.clone(),
            json: json.map(|json| self.preds(&place.key("json"), json, Pointer::parse)).unwrap_or_default(),
            form: document.form.as_ref().map(|form| self.fields(&place.key("form"), form)),
            multipart: document.multipart.as_ref().map(|fields| self.fields(&place.key("multipart"), fields)),
        }
    }

    fn time(&mut self, place: &Place, document: &TimeDocument) -> Option<TimeOfWeek> {
        let days: Vec<usize> = match &document.days {
            None => (0..7).collect(),
            Some(days) => days.iter().map(|day| *day as usize).collect(),
        };
        if days.is_empty() {
            self.compiler.report(Code::Empty, place.key("days"), "an empty list is never satisfied");
        }
        self.compiler.parsed(place.key("utc"), TimeOfWeek::parse(&days, document.utc.as_deref()))
    }

    fn pred(&mut self, place: &Place, name: &str, document: &PredDocument) -> Pred {
        let here = place.key(name);
        let says_nothing = document.eq.is_none() && document.r#in.is_none() && document.not_in.is_none();
        let says_nothing = says_nothing && document.lte.is_none() && document.gte.is_none();
        let says_nothing = says_nothing && document.max_len.is_none() && document.glob.is_none();
        if says_nothing && document.r#type.is_none() && document.absent.is_none() {
            self.compiler.report(Code::Empty, place.name(name), "this says nothing about the value");
        }
        let glob = document.glob.as_deref();
        let glob = glob.and_then(|glob| self.compiler.parsed(here.key("glob"), Glob::parse(glob)));
        Pred {
            eq: document.eq.as_ref().and_then(|value| self.scalar(here.key("eq"), value)),
            one_of: document.r#in.as_deref().map(|values| self.scalars(&here.key("in"), values)),
            not_in: document.not_in.as_deref().map(|values| self.scalars(&here.key("not_in"), values)),
            lte: document.lte.as_ref().and_then(|number| self.number(here.key("lte"), number)),
            gte: document.gte.as_ref().and_then(|number| self.number(here.key("gte"), number)),
            max_len: document.max_len,
            glob,
            kind: document.r#type,
            absent: self.absent(place, name, document.absent),
        }
    }

    fn absent(&mut self, place: &Place, name: &str, word: Option<AbsentName>) -> Absent {
        let here = place.key(name).key("absent");
        match (self.effect, word) {
            (EffectName::Require, Some(AbsentName::Ok)) | (_, Some(AbsentName::Match))
                if !self.is_foreign(word) =>
            {
                Absent::Holds
            }
            (EffectName::Require, None | Some(AbsentName::Fail)) | (_, Some(AbsentName::Skip))
                if !self.is_foreign(word) =>
            {
                Absent::Fails
            }
            (_, None) => {
                let message = format!("say what it means that `{name}` is not there");
                let finding = Finding::new(Code::AbsentUnsaid, place.name(name), message);
                let help = "`absent: skip` lets such a request be, `absent: match` counts it in";
                self.compiler.findings.push(finding.help(help));
                Absent::Holds
            }
            (_, Some(_)) => {
                let words =
                    if self.effect == EffectName::Require { "`ok` or `fail`" } else { "`skip` or `match`" };
                let message =
                    format!("in a rule with `effect: {}` this is {words}", super::compile::word(self.effect));
                self.compiler.report(Code::WrongValue, here, message);
                Absent::Holds
            }
        }
    }

    /// `ok` and `fail` are the words of a `require`, `skip` and `match` those of all others.
    fn is_foreign(&self, word: Option<AbsentName>) -> bool {
        let required = matches!(word, Some(AbsentName::Ok | AbsentName::Fail));
        word.is_some() && required != (self.effect == EffectName::Require)
    }

    fn scalars(&mut self, place: &Place, values: &[Value]) -> Vec<Scalar> {
        if values.is_empty() {
            self.compiler.report(Code::Empty, place.clone(), "an empty list says nothing");
        }
        values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| self.scalar(place.index(index), value))
            .collect()
    }

    fn scalar(&mut self, place: Place, value: &Value) -> Option<Scalar> {
        match value {
            Value::Bool(value) => Some(Scalar::Bool(*value)),
            Value::String(value) => Some(Scalar::Text(value.clone())),
            Value::Number(number) => self.number(place, number).map(Scalar::Number),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.compiler.report(
                    Code::WrongValue,
                    place,
                    "this must be text, a number, `true` or `false`",
                );
                None
            }
        }
    }

    /// The YAML reader gives a number with a fraction as a float, which holds 15 digits of any text.
    fn number(&mut self, place: Place, number: &Number) -> Option<Decimal> {
        let text = number.to_string();
        let exact = !number.is_f64() || text.bytes().filter(u8::is_ascii_digit).count() <= 15;
        let parsed = Decimal::parse(&text).filter(|_| exact);
        if parsed.is_none() {
            self.compiler.report(Code::InexactNumber, place, "this number cannot be kept exactly");
        }
        parsed
    }
}

fn is_media_type(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
            })
    };
    text.split_once('/').is_some_and(|(kind, subtype)| plain(kind) && plain(subtype))
}
