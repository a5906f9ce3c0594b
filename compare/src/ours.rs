//! `aivault`: what the broker asks of `policy` for each call, from the raw call to the verdict. Besides matching the
//! grant that is to check path, query and headers, and to read the body strictly where a rule looks into it.

use std::rc::Rc;

use aivault::policy::{Body, Catalog, Facts, Granted, RuleSet, authorise, judge};
use aivault::registry;
use aivault::spec::policy::Instant;
use aivault::spec::{Provider, Scope};

use crate::Decider;
use crate::asked::{Asked, CALLER};

/// The registry in the binary.
pub struct Static;

impl Catalog for Static {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        registry::capability(id)
            .map(|(provider, capability)| Granted::by_default(provider, capability, false))
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        registry::provider(id)
    }

    fn near_miss(&self, _: &str) -> Option<String> {
        None
    }
}

pub struct Ours {
    pub name: &'static str,
    pub catalog: Rc<dyn Catalog>,
    pub rules: RuleSet,
    pub asked: Rc<[Asked]>,
}

impl Decider for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn requests(&self) -> usize {
        self.asked.len()
    }

    fn decide(&mut self, at: usize) -> bool {
        let Asked { call, body, bound } = &self.asked[at];
        let facts = Facts { caller: CALLER, scope: &Scope::Global, credential: "default", now: Instant(0) };
        let judged = authorise(self.catalog.as_ref(), call).and_then(|admitted| {
            let applicable = self.rules.applicable(&admitted, &facts)?;
            let body = Body::read(admitted.request(), body, applicable.wanted())?;
            judge(admitted, &applicable, facts, &body, Some(bound).filter(|bound| !bound.is_empty()).map(Vec::as_slice))
        });
        judged.is_ok()
    }
}
