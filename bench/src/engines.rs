//! The three engines, each with its six rules ready, and questions in the form that it takes.
//!
//! What is done once for a session is done in `new`; what is done once for a request, and is no decision, in `ask`.

use crate::six::{Arg, Question};
use alloy_primitives::U256;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use hallpass_policy::{Action, At, Batch, Call, Facts, Grant, Ledger, Op, Policy};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::json;

const CEDAR: &str = include_str!("../policies/six_rules.cedar");
const REGO: &str = include_str!("../policies/six_rules.rego");
const RULE: &str = "data.hallpass.allow";
const KEY: &str = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

/// Ours. The question is calldata, decoded strictly by each decision; and each decision looks at chain, route, time, status
/// and value as well, which the peers are not asked about.
#[derive(Debug)]
pub struct Hallpass<'g> {
    policy: Policy<&'g Grant>,
    ledger: Ledger,
    at: At,
}

impl<'g> Hallpass<'g> {
    /// Makes it ready.
    #[must_use]
    pub fn new(grant: &'g Grant) -> Self {
        Self { policy: Policy::new(grant), ledger: Ledger::fresh(grant), at: crate::at() }
    }

    /// The question as our engine takes it.
    #[must_use]
    pub fn ask(question: &Question) -> Action {
        let call = Call { to: question.to.parse().unwrap(), value: U256::ZERO, data: question.calldata() };
        Action::Calls(Batch { chain: crate::at().chain, calls: vec![call] })
    }

    /// The rule that allows it.
    #[must_use]
    pub fn decide(&self, action: &Action) -> Option<u16> {
        let verdict = self.policy.judge(&self.ledger, action, &Op::default(), &self.at, &Facts::default());
        verdict.ok().and_then(|v| v.rules.first().copied())
    }
}

/// Cedar: `Authorizer::is_authorized`, without schema and entities, which these policies have no use for.
#[derive(Debug)]
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

impl Default for Cedar {
    fn default() -> Self {
        Self { authorizer: Authorizer::new(), policies: CEDAR.parse().unwrap(), entities: Entities::empty() }
    }
}

impl Cedar {
    /// The question as Cedar takes it.
    #[must_use]
    pub fn ask(question: &Question) -> Request {
        let uid = |ty: &str, id: &str| {
            EntityUid::from_type_name_and_id(ty.parse::<EntityTypeName>().unwrap(), EntityId::new(id))
        };
        let context = question.arguments.iter().map(|(name, argument)| {
            let value = match argument {
                Arg::Number(n) => RestrictedExpression::new_long(*n),
                Arg::Address(a) => RestrictedExpression::new_string((*a).to_owned()),
            };
            ((*name).to_owned(), value)
        });
        Request::new(
            uid("SessionKey", KEY),
            uid("Action", question.function),
            uid("Contract", question.to),
            Context::from_pairs(context).unwrap(),
            None,
        )
        .unwrap()
    }

    /// Whether it is allowed.
    #[must_use]
    pub fn decide(&self, request: &Request) -> bool {
        self.authorizer.is_authorized(request, &self.policies, &self.entities).decision() == Decision::Allow
    }
}

/// The question as both engines of regorus take it.
#[must_use]
pub fn rego_input(question: &Question) -> Value {
    let context: serde_json::Map<_, _> = question
        .arguments
        .iter()
        .map(|(name, argument)| match argument {
            Arg::Number(n) => ((*name).to_owned(), json!(n)),
            Arg::Address(a) => ((*name).to_owned(), json!(a)),
        })
        .collect();
    let input = json!({ "principal": KEY, "action": question.function, "resource": question.to, "context": context });
    Value::from_json_str(&input.to_string()).unwrap()
}

fn rego_engine() -> Engine {
    let mut engine = Engine::new();
    engine.add_policy("six_rules.rego".to_owned(), REGO.to_owned()).unwrap();
    engine
}

/// The virtual machine of regorus, with the rules compiled for it.
pub struct RegoMachine(RegoVM);

impl Default for RegoMachine {
    fn default() -> Self {
        let compiled = rego_engine().compile_with_entrypoint(&Rc::from(RULE)).unwrap();
        let mut machine = RegoVM::new();
        machine.load_program(Compiler::compile_from_policy(&compiled, &[RULE]).unwrap());
        Self(machine)
    }
}

impl RegoMachine {
    /// Sets the input: the part of a decision that is none.
    pub fn set(&mut self, input: &Value) {
        self.0.set_input(input.clone());
    }

    /// Whether it is allowed.
    #[must_use]
    pub fn decide(&mut self, input: &Value) -> bool {
        self.set(input);
        self.0.execute().unwrap() == Value::from(true)
    }
}

/// The interpreter of regorus: `Engine::eval_rule`, prepared by a first question.
pub struct RegoInterpreter(Engine);

impl Default for RegoInterpreter {
    fn default() -> Self {
        let mut engine = rego_engine();
        engine.eval_rule(RULE.to_owned()).unwrap();
        Self(engine)
    }
}

impl RegoInterpreter {
    /// Whether it is allowed.
    #[must_use]
    pub fn decide(&mut self, input: &Value) -> bool {
        self.0.set_input(input.clone());
        self.0.eval_rule(RULE.to_owned()).unwrap() == Value::from(true)
    }
}

/// Asks every engine every question, and panics where one of them is wrong.
pub fn agree() {
    let grant = crate::grant(crate::six::TEXT);
    let ours = Hallpass::new(&grant);
    let (cedar, mut machine, mut interpreter) = <(Cedar, RegoMachine, RegoInterpreter)>::default();
    for question in crate::six::questions() {
        assert_eq!(ours.decide(&Hallpass::ask(&question)), question.expected, "hallpass: {question:?}");
        let expected = question.expected.is_some();
        assert_eq!(cedar.decide(&Cedar::ask(&question)), expected, "cedar: {question:?}");
        assert_eq!(machine.decide(&rego_input(&question)), expected, "regorus, machine: {question:?}");
        assert_eq!(interpreter.decide(&rego_input(&question)), expected, "regorus, interpreter: {question:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::six::{TEXT, questions};

    #[test]
    fn all_engines_give_the_same_answers() {
        agree();
    }

    #[test]
    fn the_questions_tell_the_rules_apart() {
        let rules: std::collections::BTreeSet<_> = questions().iter().filter_map(|q| q.expected).collect();
        assert_eq!(rules.len(), crate::grant(TEXT).calls.len());
    }
}
