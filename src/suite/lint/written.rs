//! A rule beside the document that it was compiled from, which knows where each part stands.

use crate::spec::Place;
use crate::spec::policy::document::{PredDocument, WhenDocument};
use crate::spec::policy::{CheckedPolicy, Pred, Rule, RuleDocument, When};

/// A rule, as meant and as written.
pub(super) struct Written<'a> {
    /// The position of its file.
    pub(super) file: usize,
    pub(super) place: Place,
    pub(super) rule: &'a Rule,
    pub(super) document: &'a RuleDocument,
}

/// An alternative of a rule, as meant and as written.
pub(super) struct Alternative<'a> {
    pub(super) place: Place,
    pub(super) when: &'a When,
    pub(super) document: &'a WhenDocument,
}

/// A predicate of a rule, and whether its values are texts, as in queries, headers and forms.
pub(super) struct Condition<'a> {
    /// Of its operators.
    pub(super) place: Place,
    pub(super) name: &'a str,
    pub(super) pred: &'a Pred,
    pub(super) document: Option<&'a PredDocument>,
    pub(super) on_text: bool,
}

/// The rules of a file; none where it does not compile.
pub(super) fn of_file(file: usize, checked: &CheckedPolicy) -> Vec<Written<'_>> {
    let (Some(policy), Some(document)) = (&checked.policy, &checked.document) else { return Vec::new() };
    let place = |rule: &Rule| Place::root().key("rules").index(rule.position);
    let rules = policy.rules.iter().filter_map(|rule| {
        let document = document.rules.get(rule.position)?;
        Some(Written { file, place: place(rule), rule, document })
    });
    rules.collect()
}

impl<'a> Written<'a> {
    pub(super) fn alternatives(&self) -> Vec<Alternative<'a>> {
        let (place, documents) = match &self.document.any {
            Some(any) => (self.place.key("any"), any.as_slice()),
            None => (self.place.key("when"), self.document.when.as_slice()),
        };
        let at = |index: usize| if self.document.any.is_some() { place.index(index) } else { place.clone() };
        let pairs = self.rule.any.iter().zip(documents).enumerate();
        pairs.map(|(index, (when, document))| Alternative { place: at(index), when, document }).collect()
    }
}

impl<'a> Alternative<'a> {
    pub(super) fn conditions(&self) -> Vec<Condition<'a>> {
        let (when, document, body) = (self.when, self.document, self.place.key("body"));
        let written = document.body.as_ref();
        let fields = [
            (self.place.key("query"), when.query.as_ref(), document.query.as_ref()),
            (self.place.key("headers"), when.headers.as_ref(), document.headers.as_ref()),
            (
                body.key("form"),
                when.body.as_ref().and_then(|body| body.form.as_ref()),
                written.and_then(|body| body.form.as_ref()),
            ),
            (
                body.key("multipart"),
                when.body.as_ref().and_then(|body| body.multipart.as_ref()),
                written.and_then(|body| body.multipart.as_ref()),
            ),
        ];
        let on_text = fields.into_iter().flat_map(|(place, fields, document)| {
            let preds = fields.map(|fields| fields.preds.as_slice()).unwrap_or_default();
            preds.iter().map(move |(name, pred)| {
                let document = document.and_then(|document| document.fields.get(name));
                Condition { place: place.key(name), name, pred, document, on_text: true }
            })
        });
        let json = when.body.as_ref().map(|body| body.json.as_slice()).unwrap_or_default();
        let on_json = json.iter().map(|(pointer, pred)| {
            let name = pointer.as_str();
            let document = written.and_then(|body| body.json.as_ref()?.get(name));
            Condition { place: body.key("json").key(name), name, pred, document, on_text: false }
        });
        on_text.chain(on_json).collect()
    }
}
