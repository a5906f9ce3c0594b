//! Values of JSON bodies that pointers and predicates may tell apart.

use std::collections::BTreeMap;

use super::{numbers, text};
use crate::policy::Json;
use crate::spec::policy::{Pointer, Pred, Token};

/// More values of one place than this are not made.
const MAX_VALUES: usize = 400;
/// Of each place below, at most this many values are put together with those beside it.
const MAX_BELOW: usize = 16;
/// Lists of more elements than this are not made.
const MAX_LIST: u64 = 64;

/// What pointers say of one place and of those below it.
#[derive(Default)]
pub(in crate::suite::diff) struct Tree<'p> {
    preds: Vec<&'p Pred>,
    /// A number is counted here, or a person is shown what stands here.
    looked_at: bool,
    names: BTreeMap<String, Tree<'p>>,
    every: Option<Box<Tree<'p>>>,
}

impl<'p> Tree<'p> {
    pub(in crate::suite::diff) fn add(&mut self, pointer: &Pointer, pred: Option<&'p Pred>) {
        let place = pointer.tokens().iter().fold(self, |tree, token| match token {
            Token::Name(name) => tree.names.entry(name.clone()).or_default(),
            Token::Every => tree.every.get_or_insert_default(),
        });
        place.preds.extend(pred);
        place.looked_at = true;
    }

    /// Whether pointers go through every member of the whole body.
    pub(in crate::suite::diff) fn has_every(&self) -> bool {
        self.every.is_some()
    }

    pub(in crate::suite::diff) fn names(&self) -> impl Iterator<Item = (&String, &Self)> {
        self.names.iter()
    }

    /// Values of this place, the plainest first; none stands for its absence.
    pub(in crate::suite::diff) fn values(&self) -> Vec<Option<Json>> {
        let mut all = vec![None];
        if self.looked_at {
            all.extend(self.leaves().into_iter().map(Some));
        }
        all.extend(self.maps().into_iter().chain(self.lists()).map(Some));
        all.extend([Json::Null, Json::Text("x".to_owned()), Json::List(Vec::new())].map(Some));
        all.truncate(MAX_VALUES);
        all
    }

    fn leaves(&self) -> Vec<Json> {
        let mut all: Vec<Json> =
            numbers(&self.preds).iter().map(|one| Json::Number(one.to_string())).collect();
        all.extend(text::in_json(&self.preds).into_iter().map(Json::Text));
        all.extend([Json::Number("1".to_owned()), Json::Bool(true), Json::Bool(false)]);
        let lengths = self.preds.iter().filter_map(|pred| pred.max_len).filter(|most| *most < MAX_LIST);
        for length in lengths.flat_map(|most| [most, most + 1]) {
            let length = usize::try_from(length).unwrap_or(0);
            all.push(Json::List(vec![Json::Null; length]));
        }
        all.push(Json::Map(BTreeMap::new()));
        all
    }

    /// Maps with every value of each name, put together.
    fn maps(&self) -> Vec<Json> {
        let mut all = vec![BTreeMap::new()];
        for (name, below) in &self.names {
            let values: Vec<_> = below.values().into_iter().take(MAX_BELOW * 2).collect();
            let longer = all.iter().flat_map(|map: &BTreeMap<String, Json>| {
                values.iter().map(move |value| {
                    let mut map = map.clone();
                    map.extend(value.clone().map(|value| (name.clone(), value)));
                    map
                })
            });
            all = longer.take(MAX_VALUES).collect();
        }
        let lists = self.names.keys().all(|name| name == "0").then(|| {
            all.iter().filter_map(|map| Some(Json::List(vec![map.get("0")?.clone()]))).collect::<Vec<_>>()
        });
        let lists = lists.unwrap_or_default();
        all.into_iter().filter(|map| !map.is_empty()).map(Json::Map).chain(lists).collect()
    }

    /// Lists of one and of two elements.
    fn lists(&self) -> Vec<Json> {
        let Some(every) = &self.every else { return Vec::new() };
        let values: Vec<Json> = every.values().into_iter().flatten().take(MAX_BELOW * 2).collect();
        let mut all: Vec<Json> = values.iter().map(|value| Json::List(vec![value.clone()])).collect();
        let few = &values[..values.len().min(MAX_BELOW)];
        let pairs = few.iter().flat_map(|one| few.iter().map(move |other| vec![one.clone(), other.clone()]));
        all.extend(pairs.map(Json::List));
        all
    }
}
