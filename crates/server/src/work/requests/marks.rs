//! Which actions the operator wants asked, and which denials an owner can lift.

use hallpass_policy::Batch;
use hallpass_policy::abi::signature::selector;
use hallpass_policy::eval::Code;
use hallpass_policy::known::{Does, KNOWN};
use hallpass_session::Met;
use hallpass_signer::Wanted;

/// The code of an action that is asked although the pass allows it.
pub const MARKED: &str = "ask_owner";

/// What the operator wants asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// What the pass does not allow and its owner could: as if every asker wanted it.
    OverLimit,
    /// Whatever carries native coin, although the pass allows it.
    Native,
    /// Whatever lets somebody else take tokens later, although the pass allows it.
    Approvals,
}

impl Mark {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OverLimit, Self::Native, Self::Approvals];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverLimit => "over_limit",
            Self::Native => "native",
            Self::Approvals => "approvals",
        }
    }
}

/// Why an action is asked although the pass allows it; `None` where it is not.
#[must_use]
pub fn met(marks: &[Mark], wanted: &Wanted) -> Option<Met> {
    let (native, approvals) = (marks.contains(&Mark::Native), marks.contains(&Mark::Approvals));
    if !native && !approvals {
        return None;
    }
    let marked = |at: &str, says: &str| {
        let (code, says) = (MARKED.to_owned(), format!("the operator wants the owner asked before {says}"));
        Some(Met { code, at: at.to_owned(), says })
    };
    let one = |value: bool, data: &[u8]| match () {
        () if native && value => marked("value", "native coin is sent"),
        () if approvals && approves(data) => marked("data", "somebody else is let take tokens"),
        () => None,
    };
    let any = |batch: &Batch| batch.calls.iter().find_map(|call| one(!call.value.is_zero(), &call.data));
    match wanted {
        Wanted::Calls(batch, ..) => any(batch),
        Wanted::UserOp(op) => any(&op.batch),
        Wanted::Transaction(tx) => one(!tx.value.is_zero(), &tx.data),
        // ERC-2612 and Permit2: a signature that lets somebody else take tokens.
        Wanted::Message(message) if approvals && message.ty.primary().starts_with("Permit") => {
            marked("message", "somebody else is let take tokens")
        }
        Wanted::Message(_) | Wanted::App(_) => None,
    }
}

fn approves(data: &[u8]) -> bool {
    let Some(found) = data.first_chunk::<4>() else { return false };
    KNOWN.iter().any(|known| known.does != Does::Moves && selector(known.signature) == *found)
}

/// Whether an owner could allow what was denied for this. Everything else is denied whoever signs: a bad encoding, another
/// chain, a forbidden target, an ended or frozen grant.
#[must_use]
pub const fn can_be_lifted(code: Code) -> bool {
    matches!(code, Code::NoRule | Code::ValueOverMax | Code::ConditionFailed | Code::MeterExceeded | Code::WindowPast)
}

/// The same of a code's text.
#[must_use]
pub fn is_liftable(code: &str) -> bool {
    code == MARKED || Code::ALL.iter().any(|c| c.as_str() == code && can_be_lifted(*c))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::*;
    use alloy_primitives::{Address, U256};
    use hallpass_policy::Call;
    use hallpass_types::ChainId;

    fn wanted(calls: &[(u64, &str)]) -> Wanted {
        let call = |(value, function): &(u64, &str)| Call {
            to: Address::repeat_byte(1),
            value: U256::from(*value),
            data: if function.is_empty() { Vec::new() } else { selector(function).to_vec() }.into(),
        };
        let calls = calls.iter().map(call).collect();
        Wanted::Calls(Batch { chain: ChainId::new(1).unwrap(), calls }, None, None)
    }

    #[test]
    fn a_mark_finds_its_kind_in_any_call_of_a_batch_and_no_other() {
        let (plain, pays) = (wanted(&[(0, "transfer(address,uint256)")]), wanted(&[(0, ""), (1, "")]));
        let approves = wanted(&[(0, "transfer(address,uint256)"), (0, "setApprovalForAll(address,bool)")]);
        let at = |marks: &[Mark], wanted| met(marks, wanted).map(|m| m.at);
        assert_eq!(at(&Mark::ALL, &plain), None);
        assert_eq!(at(&[Mark::Native], &pays).as_deref(), Some("value"));
        assert_eq!(at(&[Mark::Approvals, Mark::OverLimit], &pays), None);
        assert_eq!(at(&[Mark::Approvals], &approves).as_deref(), Some("data"));
        assert_eq!(at(&[Mark::Native], &approves), None);
    }

    #[test]
    fn what_no_owner_could_allow_is_not_asked() {
        let lifted: Vec<&str> = Code::ALL.iter().filter(|c| can_be_lifted(**c)).map(|c| c.as_str()).collect();
        assert_eq!(lifted, ["no_rule", "value_over_max", "condition_failed", "window_past", "meter_exceeded"]);
        assert!(is_liftable(MARKED) && !is_liftable("target_forbidden") && !is_liftable("bad_calldata"));
    }
}
