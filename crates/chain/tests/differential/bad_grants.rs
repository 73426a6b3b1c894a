//! Grants that break a rule of `spec/encoding.md`: the signer refuses to read them, the contract denies what is done with
//! them, at the place where it finds the fault.

use crate::generator::with_arguments;
use crate::grants::seconds;
use crate::one_sided::{ADDRESS, START, bench, meter, rule, word};
use crate::world::TARGETS;
use alloy_primitives::U256;
use hallpass_policy::Grant;
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{Amount, Condition, Meter, Path, Test, Use, What};

/// A grant that breaks a rule: the signer refuses to read it, and where an owner signed it all the same, the contract
/// denies its operations.
#[test]
fn a_bad_grant_is_refused_on_both_sides() {
    let condition = |index, test| Condition { path: Path::argument(index), test };
    type Change = Box<dyn Fn(&mut Grant)>;
    let bad: Vec<(&str, Change)> = vec![
        ("a path that leads nowhere", Box::new(move |g| g.calls[0].conditions = vec![condition(2, Test::Ne(word(9)))])),
        ("an order of addresses", Box::new(move |g| g.calls[0].conditions = vec![condition(1, Test::Le(word(9)))])),
        (
            "a mask of an address",
            Box::new(move |g| g.calls[0].conditions = vec![condition(1, Test::Mask(word(1), word(0)))]),
        ),
        (
            "bits outside the mask",
            Box::new(move |g| g.calls[0].conditions = vec![condition(0, Test::Mask(word(1), word(2)))]),
        ),
        (
            "a bound that is no value",
            Box::new(move |g| g.calls[0].conditions = vec![condition(0, Test::Le(Word([0xff; 32])))]),
        ),
        (
            "a list out of order",
            Box::new(move |g| g.calls[0].conditions = vec![condition(0, Test::In(vec![word(2), word(1)]))]),
        ),
        ("a list of one", Box::new(move |g| g.calls[0].conditions = vec![condition(0, Test::In(vec![word(1)]))])),
        ("value without a native meter", Box::new(|g| g.calls[0].max_value = U256::from(1))),
        (
            "an anchor after the start",
            Box::new(|g| {
                g.meters = vec![Meter { anchor: seconds(START + 1), ..meter(0, What::Calls) }];
                g.calls[0].uses = vec![Use { meter: 0, amount: Amount::One }];
            }),
        ),
        (
            "a period below a minute",
            Box::new(|g| {
                g.meters = vec![Meter { period: core::num::NonZeroU32::new(59), ..meter(0, What::Calls) }];
                g.calls[0].uses = vec![Use { meter: 0, amount: Amount::One }];
            }),
        ),
        (
            "a token that is not the target",
            Box::new(|g| {
                g.meters = vec![meter(0, What::Token(TARGETS[1]))];
                g.calls[0].uses = vec![Use { meter: 0, amount: Amount::Path(Path::argument(0)) }];
            }),
        ),
        (
            "an amount that is no number",
            Box::new(|g| {
                g.meters = vec![meter(0, What::Custom)];
                g.calls[0].uses = vec![Use { meter: 0, amount: Amount::Path(Path::argument(1)) }];
            }),
        ),
    ];
    for (what, change) in bad {
        let mut bench = bench(change);
        assert!(bench.made.grant.check().is_err(), "{what}: the signer reads it");
        let call = with_arguments(&bench.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO);
        let mut step = bench.step(vec![call]);
        step.op.valid_until = seconds(START + 30);
        assert_eq!(bench.words(&step).1, "bad_grant", "{what}");
    }
}

/// Each needs a grant that approval refuses, or a time in the year 10,000, so random grants do not come here.
#[test]
fn far_corners_have_one_word() {
    let path = |index, test| {
        move |g: &mut Grant| g.calls[0].conditions = vec![Condition { path: Path::argument(index), test }]
    };
    let nowhere = bench(path(2, Test::Ne(word(9)))).words_of(&[word(1), ADDRESS]);
    assert_eq!(nowhere, ("bad_grant", "bad_grant"));
    let unordered = bench(path(1, Test::Le(word(9)))).words_of(&[word(1), ADDRESS]);
    assert_eq!(unordered, ("bad_grant", "bad_grant"));
    let dirty = bench(|g| g.calls[0] = rule(TARGETS[0], "f(bool,string)")).words_of(&[word(2), ADDRESS]);
    assert_eq!(dirty, ("bad_calldata", "bad_calldata"));

    // Window 2^32 - 1 ends while the operation is valid.
    let edge = 60 * (1_u64 << 32);
    let mut late = bench(|g| {
        (g.not_before, g.not_after) = (seconds(edge - 60), seconds(edge + 600));
        g.meters = vec![Meter { period: core::num::NonZeroU32::new(60), anchor: seconds(0), ..meter(0, What::Calls) }];
        g.calls[0].uses = vec![Use { meter: 0, amount: Amount::One }];
    });
    let call = with_arguments(&late.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO);
    let mut step = late.step(vec![call]);
    step.op.valid_until = seconds(edge + 1);
    assert_eq!(late.words(&step), ("window_crossed", "window_crossed"));
}
