//! What must hold of any draft that was read, from text or from JSON.

use alloy_primitives::Address;
use hallpass_policy::draft::{CompleteError, Fill, Span};
use hallpass_policy::eval::{Action, AppAction, At, Batch, Call, Op};
use hallpass_policy::grant::{Gas, Routes, SessionKey};
use hallpass_policy::words::{Lists, explain, to_text};
use hallpass_policy::{Draft, Facts, Grant, Policy, json, text};
use hallpass_types::UnixSeconds;

/// Both forms read back the same draft; the words can be said; the grant that it is taken for can be asked.
///
/// A form of more than 64 KiB is refused, as it must be (G14).
pub fn holds(draft: &Draft) {
    let printed = text::print(draft);
    match text::parse(&printed) {
        Ok(again) => assert_eq!(&again, draft, "the text form\n{printed}"),
        Err(e) => assert!(e.code == "too_large" && printed.len() > text::MAX_BYTES, "{e}\n{printed}"),
    }
    let printed = json::print(draft);
    match json::parse(&printed) {
        Ok(again) => assert_eq!(&again, &with_anchors(draft), "the JSON form\n{printed}"),
        Err(e) => assert!(e.code() == "too_large" && printed.len() > json::MAX_BYTES, "{e}\n{printed}"),
    }
    assert!(!to_text(&explain(draft, &Lists::default())).is_empty());
    for at in [0, 1, 1_000_000, 1_790_000_000, (1 << 48) - 1] {
        let at = UnixSeconds::new(at).unwrap_or(UnixSeconds::MAX);
        if let Ok(grant) = draft.supposed(at) {
            ask(&grant, at);
        }
    }
    completed(draft);
}

/// An anchor that is the grant's start is the same as none, and JSON writes it as none.
fn with_anchors(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    if let Some(Span::Between(from, _)) = draft.time {
        draft.meters.iter_mut().filter(|m| m.anchor == Some(from)).for_each(|m| m.anchor = None);
    }
    draft
}

/// Completed, it is a grant whose message and whose draft are itself again.
fn completed(draft: &Draft) {
    let fill = Fill {
        account: Some(Address::repeat_byte(0xac)),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(4),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: UnixSeconds::new(1_790_000_000),
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1_000_000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    };
    match draft.complete(&fill) {
        Ok(grant) => {
            grant.check().expect("a completed grant is a good one");
            let again = Draft::from(&grant).complete(&Fill::default()).expect("a grant's draft is complete");
            assert_eq!(again, grant, "through its draft");
            let printed = json::print(&Draft::from(&grant));
            if printed.len() <= json::MAX_BYTES {
                assert_eq!(json::parse_grant(&printed).expect("a grant's JSON reads"), grant, "{printed}");
            }
        }
        Err(CompleteError::Incomplete(missing)) => assert_eq!(missing, ["lasts"], "everything else was given"),
        Err(CompleteError::Bad(_)) => {}
    }
}

fn ask(grant: &Grant, now: UnixSeconds) {
    let policy = Policy::new(grant);
    let ledger = hallpass_policy::Ledger::fresh(grant);
    let at = At { now, chain: grant.chain, caller: None };
    let mut actions = Vec::new();
    if let Some(rule) = grant.calls.first() {
        let data = rule.selector().map_or_else(Vec::new, |s| s.to_vec()).into();
        let call = Call { to: rule.target, value: rule.max_value, data };
        actions.push(Action::Calls(Batch { chain: grant.chain, calls: vec![call.clone(), call] }));
    }
    if let Some(rule) = grant.rest.apps.first() {
        actions.push(Action::App(AppAction {
            app: rule.app.clone(),
            verb: rule.verb.clone(),
            attrs: Default::default(),
        }));
    }
    for action in actions {
        let asked = policy.judge(&ledger, &action, &Op::default(), &at, &Facts::default());
        let said = json::ask::print_verdict(&policy, &ledger, &asked);
        assert_eq!(said["allowed"].as_bool(), Some(asked.is_ok()));
    }
}
