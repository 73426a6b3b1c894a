//! One step on both sides: the same verdict, and after it the same remaining budget.

use crate::generator::{Signing, Step};
use crate::grants::Made;
use crate::world::{Account, Outcome, World, high_s};
use crate::{encode, rules};
use alloy_primitives::{Address, B256, Uint, keccak256};
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::wire::{self, Opening};
use hallpass_policy::eip712::SessionOp;
use hallpass_policy::eval::{At, Verdict};
use hallpass_policy::grant::{FEE_METER, Grant};
use hallpass_policy::ledger::nonce;
use hallpass_policy::{Batch, Code, Denial, Facts, Ledger, Op, OpBounds, Policy, Status, authorise};

/// The word for an allowed operation, beside the codes.
pub const ALLOWED: &str = "allowed";

/// Judges `step` by the evaluator, sends it to the contract, and requires that they agree; `place` names the step.
/// Returns the verdict, which `ledger` then holds.
pub fn step(
    world: &mut World,
    account: &Account,
    made: &Made,
    step: &Step,
    ledger: &mut Ledger,
    place: &str,
) -> &'static str {
    let nothing =
        Ledger { status: Status::Unknown, base: 0, used: 0, lanes: Vec::new(), meters: Vec::new(), ..ledger.clone() };
    let known = if step.ours { &*ledger } else { &nothing };
    let verdict = judge(&step.grant, known, &step.action, &step.op, &step.at);
    let signed = step.signing == Signing::Good;
    let expected = match &verdict {
        Err(denial) if signed || denial.code < Code::BadSignature => denial.code.as_str(),
        _ if !signed => Code::BadSignature.as_str(),
        _ => ALLOWED,
    };

    let before = |batch: &Batch| judge(&step.grant, known, batch, &step.op, &step.at);
    let rules = rules::named(&step.grant, &step.action, before, &verdict);
    let outcome = send(world, account, made, step, &rules);
    let chain = outcome.word();
    assert_eq!(
        expected, chain,
        "{place}: the evaluator (left) and the contract (right) disagree\nverdict: {verdict:?}\noutcome: {outcome:?}\n\
         rules named: {rules:?}\nledger: {known:?}\n{step:#?}"
    );
    if chain == ALLOWED {
        signer(step, known, &rules, place);
        let Ok(verdict) = verdict else { unreachable!("allowed by both") };
        ledger.apply(step.op.lane, u32::try_from(step.op.sequence).unwrap(), &verdict.costs);
    }
    state(world, account, &made.grant, made.id, ledger, &|| format!("{place}, after {chain}: {step:#?}"));
    if !step.ours {
        let id = step.grant.id();
        state(world, account, &step.grant, id, &Ledger { meters: ledger.meters.clone(), ..nothing }, &|| {
            format!("{place}: an altered grant left something: {step:#?}")
        });
    }
    chain
}

/// Judges by the evaluator.
pub fn judge(grant: &Grant, ledger: &Ledger, batch: &Batch, op: &OpBounds, at: &At) -> Result<Verdict, Denial> {
    Policy::new(grant).judge_calls(ledger, batch, &Op::from(op), at, &Facts::default())
}

/// Requires that what the signer would sign, by its own encoder, is what was sent here; and that it signs nothing where
/// the grant is a bad one, although the chain, which sees only what is opened, took it.
fn signer(step: &Step, ledger: &Ledger, rules: &[u16], place: &str) {
    let signed = authorise(&step.grant, ledger, &step.action, &step.op, &step.at, &Facts::default());
    let signed = match (step.grant.check(), signed) {
        (Ok(()), Ok(signed)) => signed,
        (Err(_), Err(denial)) if denial.code == Code::BadGrant => return,
        (checked, signed) => panic!("{place}: the grant is {checked:?}, the signer says {signed:?}"),
    };
    let sent = message(step, step.grant.id(), rules);
    assert_eq!(*signed.op(), sent, "{place}: the signer would sign another operation");
    assert_eq!(signed.digest(), sent.digest(step.grant.chain.get(), step.grant.account), "{place}: another digest");
}

/// Sends the operation with `rules` named for its calls.
pub fn send(world: &mut World, account: &Account, made: &Made, step: &Step, rules: &[u16]) -> Outcome {
    let id = if step.ours { made.id } else { step.grant.id() };
    let op = message(step, id, rules);
    let opening = opening(step, rules);
    let data = wire::execute_calldata(&step.grant, &op, &opening, &signature(made, step, &op));
    world.send(opening.caller, account.at, data, step.at.now.get(), step.at.chain.get())
}

/// Requires that the chain's view of account, grant and meters is the ledger.
pub fn state(
    world: &mut World,
    account: &Account,
    grant: &Grant,
    id: B256,
    ledger: &Ledger,
    place: &dyn Fn() -> String,
) {
    let whole = world.view(account.at, &IHallpass::accountStateCall {});
    assert_eq!((ledger.epoch, ledger.frozen), (whole.epoch, whole.frozen), "account: {}", place());
    let chain = world.view(account.at, &IHallpass::grantStateCall { grant: id });
    let status = match ledger.status {
        Status::Unknown => 0,
        Status::Active => 1,
        Status::Ended => 2,
    };
    assert_eq!((status, ledger.base, ledger.used), (chain.status, chain.base, chain.used), "grant: {}", place());
    for lane in &ledger.lanes {
        let chain = world.view(account.at, &IHallpass::laneStateCall { grant: id, lane: lane.lane });
        assert_eq!((lane.base, lane.used), (chain.base, chain.used), "lane {}: {}", lane.lane, place());
    }
    if ledger.status == Status::Unknown {
        assert_eq!((chain.window, chain.spent.to::<u128>()), (0, 0), "unknown grant: {}", place());
        return;
    }
    let fees = IHallpass::meterStateCall { epoch: grant.epoch, salt: grant.salt.into(), id: FEE_METER };
    let fees = world.view(account.at, &fees).spent.to::<u128>();
    let ours = ledger.meters.iter().find(|s| s.meter == FEE_METER).map_or(0, |s| s.spent);
    assert_eq!(ours, fees, "fees: {}", place());
    for (i, meter) in grant.meters.iter().enumerate() {
        let (window, spent) = if i == 0 {
            (chain.window, chain.spent)
        } else {
            let of = IHallpass::meterStateCall { epoch: grant.epoch, salt: grant.salt.into(), id: meter.id };
            let counter = world.view(account.at, &of);
            (counter.window, counter.spent)
        };
        let ours = ledger.meters.iter().find(|s| s.meter == meter.id).map_or((0, 0), |s| (s.window, s.spent));
        assert_eq!(ours, (window, spent.to::<u128>()), "meter {}: {}", meter.id, place());
    }
}

fn message(step: &Step, grant: B256, rules: &[u16]) -> SessionOp {
    let op = &step.op;
    SessionOp {
        grant,
        nonce: nonce(op.lane, op.sequence),
        validFrom: Uint::from(op.valid_from.get()),
        validUntil: Uint::from(op.valid_until.get()),
        relayer: op.relayer,
        maxFee: Uint::from(op.max_fee),
        calls: encode::calls(&step.action.calls, rules, &op.gas_floors).into(),
    }
}

/// The rules named and the meters that they use; every meter where one that is used does not exist, which the chain
/// believes only then.
fn opening(step: &Step, rules: &[u16]) -> Opening {
    let grant = &step.grant;
    let caller = step.at.caller.unwrap_or(Address::ZERO);
    let mut named: Vec<u16> = rules.iter().copied().filter(|r| usize::from(*r) < grant.calls.len()).collect();
    if step.open_all {
        named = (0..grant.calls.len() as u16).collect();
    }
    let mut opening = Opening::needed(grant, &named, caller);
    let missing =
        |r: &u16| grant.calls[usize::from(*r)].uses.iter().any(|u| !grant.meters.iter().any(|m| m.id == u.meter));
    if step.open_all || opening.rules.iter().any(missing) {
        opening.meters = (0..grant.meters.len() as u16).collect();
    }
    opening
}

fn signature(made: &Made, step: &Step, op: &SessionOp) -> [u8; 65] {
    let digest = op.digest(step.grant.chain.get(), step.grant.account);
    let mut good = made.session.sign(digest);
    match step.signing {
        Signing::Good => good,
        Signing::OtherKey => made.ender.sign(digest),
        Signing::HighS => high_s(good),
        Signing::OtherOp => made.session.sign(keccak256(digest)),
        Signing::WrongV(v) => {
            good[64] = v;
            good
        }
        Signing::ZeroR => {
            good[..32].fill(0);
            good
        }
    }
}
