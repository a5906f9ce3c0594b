//! Who decides what: the same requests for everybody, and the check that everybody decides them alike.

use std::rc::Rc;

use aivault::policy::{Catalog, RuleSet};
use aivault::suite::Lowered;

use crate::asked::{self, Asked};
use crate::cedar::{self, Cedar, Names, Policies};
use crate::ours::{Ours, Static};
use crate::rego::{self, Keys, Machine, Rego};
use crate::{Decider, copies, policies};

/// Requests that are all permitted or all denied, and those who decide them, `aivault` first.
pub struct Workload {
    pub name: &'static str,
    pub deciders: Vec<Box<dyn Decider>>,
    permitted: bool,
}

impl Workload {
    /// Everything that is measured, checked.
    pub fn all() -> Vec<Self> {
        let once = copies::catalog(1);
        check_thoroughly(&once);
        let mut all = Vec::from(grants(["1x, granted", "1x, denied"], once, true));
        all.extend(grants(["10x, granted", "10x, denied"], copies::catalog(10), false));
        all.extend(six_rules());
        all.iter_mut().for_each(Self::check);
        all
    }

    fn new(name: &'static str, deciders: Vec<Box<dyn Decider>>, permitted: bool) -> Self {
        assert!(deciders.iter().all(|one| one.requests() > 0), "{name}: nothing to ask");
        Self { name, deciders, permitted }
    }

    fn check(&mut self) {
        for decider in &mut self.deciders {
            let wrong = (0..decider.requests()).find(|at| decider.decide(*at) != self.permitted);
            assert_eq!(wrong, None, "{}: {} decides that request otherwise", self.name, decider.name());
        }
    }
}

/// Grants in every form they are given in, made once for all that is asked.
struct Forms {
    names: Rc<Names>,
    narrowed: Rc<Policies>,
    whole: Rc<Policies>,
    lowered: Rc<Lowered>,
}

impl Forms {
    fn new(lowered: Lowered) -> Self {
        let providers = lowered.providers();
        Self {
            names: Rc::new(Names::of(providers)),
            narrowed: Rc::new(Policies::narrowed(providers, "")),
            whole: Rc::new(Policies::whole(providers)),
            lowered: Rc::new(lowered),
        }
    }

    fn deciders(&self, asked: &Rc<[Asked]>, in_binary: bool) -> Vec<Box<dyn Decider>> {
        let ours = |name, catalog| Ours { name, catalog, rules: RuleSet::default(), asked: Rc::clone(asked) };
        let mut all: Vec<Box<dyn Decider>> = Vec::new();
        if in_binary {
            all.push(Box::new(ours("aivault", Rc::new(Static))));
        }
        let lowered: Rc<dyn Catalog> = self.lowered.clone();
        all.push(Box::new(ours("aivault, files read at run time", lowered)));
        all.extend(self.cedar(asked));
        all.extend(rego(|| Machine::new(self.lowered.providers(), None), asked));
        all
    }

    fn cedar(&self, asked: &Rc<[Asked]>) -> [Box<dyn Decider>; 3] {
        let with = |name, policies, asked| Cedar { name, policies, names: Rc::clone(&self.names), asked };
        let narrowed = with("cedar-policy", Rc::clone(&self.narrowed), Rc::clone(asked));
        let prepared = cedar::Prepared::new("cedar-policy, request made beforehand", &narrowed);
        // It takes milliseconds, so that a sample has to do.
        let sample = asked.iter().take(100).cloned().collect();
        let whole = with("cedar-policy, all policies in one set", Rc::clone(&self.whole), sample);
        [Box::new(narrowed), Box::new(prepared), Box::new(whole)]
    }
}

fn rego(machine: impl Fn() -> Machine, asked: &Rc<[Asked]>) -> [Box<dyn Decider>; 2] {
    let keys = Keys::default();
    let inputs = asked.iter().map(|one| keys.input(one)).collect();
    let whole = Rego { name: "regorus", machine: machine(), keys, asked: Rc::clone(asked) };
    let prepared = rego::Prepared { name: "regorus, input made beforehand", machine: machine(), inputs };
    [Box::new(whole), Box::new(prepared)]
}

fn grants(names: [&'static str; 2], lowered: Lowered, in_binary: bool) -> [Workload; 2] {
    let forms = Forms::new(lowered);
    let providers = forms.lowered.providers();
    let granted = mixed(asked::granted(providers));
    let denied = mixed(asked::denied(forms.lowered.as_ref(), providers));
    let [if_granted, if_denied] = names;
    [(if_granted, granted, true), (if_denied, denied, false)]
        .map(|(name, asked, permitted)| Workload::new(name, forms.deciders(&asked, in_binary), permitted))
}

/// The same requests in an order without pattern, so that any stretch of them stands for all.
fn mixed(mut asked: Vec<Asked>) -> Rc<[Asked]> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for at in (1..asked.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        asked.swap(at, (state % (at as u64 + 1)) as usize);
    }
    asked.into()
}

fn six_rules() -> [Workload; 2] {
    let lowered = copies::catalog(1);
    let providers = lowered.providers();
    let of_it: Vec<_> = providers.iter().filter(|one| one.id.as_str() == "openai").cloned().collect();
    let names = Rc::new(Names::of(&of_it));
    let policies = Rc::new(Policies::narrowed(&of_it, policies::CEDAR));
    let all =
        [("six rules, granted", policies::granted(), true), ("six rules, denied", policies::denied(), false)];
    all.map(|(name, asked, permitted)| {
        let asked: Rc<[Asked]> = asked.into();
        let ours = Ours {
            name: "aivault",
            catalog: Rc::new(Static),
            rules: policies::ours(),
            asked: Rc::clone(&asked),
        };
        let (policies, names) = (Rc::clone(&policies), Rc::clone(&names));
        let cedar = Cedar { name: "cedar-policy", policies, names, asked: Rc::clone(&asked) };
        let prepared = cedar::Prepared::new("cedar-policy, request made beforehand", &cedar);
        let mut deciders: Vec<Box<dyn Decider>> = vec![Box::new(ours), Box::new(cedar), Box::new(prepared)];
        deciders.extend(rego(|| Machine::new(providers, Some(policies::REGO)), &asked));
        Workload::new(name, deciders, permitted)
    })
}

/// Asks everybody about every pattern of the registry, and about what lies beside it.
fn check_thoroughly(lowered: &Lowered) {
    let providers = lowered.providers();
    let asked: Rc<[Asked]> = asked::thorough(providers).into();
    let narrowed = Rc::new(Policies::narrowed(providers, ""));
    let cedar = Cedar {
        name: "cedar-policy",
        policies: narrowed,
        names: Rc::new(Names::of(providers)),
        asked: Rc::clone(&asked),
    };
    let mut ours = Ours {
        name: "aivault",
        catalog: Rc::new(Static),
        rules: RuleSet::default(),
        asked: Rc::clone(&asked),
    };
    let mut others: Vec<Box<dyn Decider>> = vec![Box::new(cedar)];
    others.extend(rego(|| Machine::new(providers, None), &asked));
    let mut permitted = 0;
    for at in 0..asked.len() {
        let verdict = ours.decide(at);
        permitted += usize::from(verdict);
        for other in &mut others {
            assert_eq!(other.decide(at), verdict, "{} on {:?}", other.name(), asked[at].call);
        }
    }
    println!("{} requests decided alike by all, {permitted} of them permitted", asked.len());
}
