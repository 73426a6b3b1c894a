//! Six rules without meters, and questions about them in a form that belongs to no engine.

use alloy_primitives::{Address, Bytes, U256, keccak256};

/// The grant.
pub const TEXT: &str = include_str!("../policies/six_rules.toml");

/// The first rule's contract.
pub const GAME: &str = "0xa28f80557588eee1d429812adcf49c51a3610665";
const GOLD: &str = "0x83142cd85e3b201a96099f6fbb5cee8873ca548c";
const DOOR: &str = "0x4fbafd65dd3eabd1f7feffd903fa8bb864d8c86b";
const BADGE: &str = "0x598f6ffc69e5b031e2f56a46d1138145288463c6";
const DROP: &str = "0x80d96eabca80deda11d7e9dfaa8587d48d4685a0";
const GOVERNOR: &str = "0x2764f604bd262908e317be2969017a29101f265e";
const SHOP: &str = "0xd0ddeedbe060c3a5dcceedd7245b4c06a49cbfb5";
const ACCOUNT: &str = "0x28c95f95d477f0296cd74ae231585bad318b72d3";

/// An argument: all that the six functions take.
#[derive(Debug, Clone, Copy)]
pub enum Arg {
    /// `uintN`, small enough for every engine.
    Number(i64),
    /// `address`, as the engines that know none compare it: in lower case.
    Address(&'static str),
}

/// One call.
#[derive(Debug, Clone)]
pub struct Question {
    /// The contract, in lower case.
    pub to: &'static str,
    /// The canonical signature; empty for empty calldata.
    pub function: &'static str,
    /// The arguments, with the names that the policies give them.
    pub arguments: Vec<(&'static str, Arg)>,
    /// The rule that allows it.
    pub expected: Option<u16>,
}

impl Question {
    /// The calldata: the only form in which our engine gets the arguments.
    #[must_use]
    pub fn calldata(&self) -> Bytes {
        if self.function.is_empty() {
            return Bytes::new();
        }
        let mut data = keccak256(self.function)[..4].to_vec();
        for (_, argument) in &self.arguments {
            let word = match argument {
                Arg::Number(n) => U256::from(*n).to_be_bytes::<32>(),
                Arg::Address(a) => a.parse::<Address>().unwrap().into_word().0,
            };
            data.extend(word);
        }
        data.into()
    }
}

/// Allowed by the last rule.
#[must_use]
pub fn allowed() -> Question {
    vote(12, 2, Some(5))
}

/// The same call with one argument out of bounds.
#[must_use]
pub fn denied() -> Question {
    vote(12, 3, None)
}

fn vote(proposal: i64, support: i64, expected: Option<u16>) -> Question {
    let arguments = vec![("proposal", Arg::Number(proposal)), ("support", Arg::Number(support))];
    Question { to: GOVERNOR, function: "castVote(uint256,uint8)", arguments, expected }
}

/// Each rule at the edge of what it allows and beyond, and what no rule is for.
#[must_use]
pub fn questions() -> Vec<Question> {
    use Arg::{Address as A, Number as N};
    let q = |to, function, arguments: &[(&'static str, Arg)], expected| Question {
        to,
        function,
        arguments: arguments.to_vec(),
        expected,
    };
    let step = |hero, direction, expected| {
        q(GAME, "move(uint256,uint8)", &[("hero", N(hero)), ("direction", N(direction))], expected)
    };
    let pay =
        |to, amount, expected| q(GOLD, "transfer(address,uint256)", &[("to", A(to)), ("amount", N(amount))], expected);
    let mint = |to, tier, expected| q(BADGE, "mint(address,uint256)", &[("to", A(to)), ("tier", N(tier))], expected);
    let claim =
        |season, to, expected| q(DROP, "claim(uint256,address)", &[("season", N(season)), ("to", A(to))], expected);
    vec![
        step(1, 0, Some(0)),
        step(3, 3, Some(0)),
        step(4, 0, None),
        step(1, 4, None),
        pay(SHOP, 50_000_000, Some(1)),
        pay(SHOP, 50_000_001, None),
        pay(DOOR, 1, None),
        q(DOOR, "", &[], Some(2)),
        q(SHOP, "", &[], None),
        mint(ACCOUNT, 2, Some(3)),
        mint(ACCOUNT, 3, None),
        mint(SHOP, 2, None),
        claim(7, ACCOUNT, Some(4)),
        claim(8, ACCOUNT, None),
        claim(7, SHOP, None),
        vote(11, 0, Some(5)),
        vote(13, 0, None),
        allowed(),
        denied(),
        q(GOLD, "approve(address,uint256)", &[("to", A(SHOP)), ("amount", N(1))], None),
        q(GAME, "castVote(uint256,uint8)", &[("proposal", N(11)), ("support", N(0))], None),
    ]
}
