//! What is said of changes, one by one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::diff::{Change, Effect, Kind, Summary, diff};
use hallpass_policy::{Draft, gallery, text};

const TOKEN: &str = "0x7070707070707070707070707070707070707070";
const SHOP: &str = "0x5151515151515151515151515151515151515151";
const BASE: &str = r#"
title = "Play"
chain = "eip155:1"
account = "0xacacacacacacacacacacacacacacacacacacacac"
backend = "0xbebebebebebebebebebebebebebebebebebebebe"
key = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
ender = "0xedededededededededededededededededededed"
sequences = "5..100"
from = 1000000
until = 1003600

[relay]
routes = ["direct", "entrypoint-0.7"]
relayer = "0x0101010101010101010101010101010101010101"
relayers = ["0x0202020202020202020202020202020202020202"]
paymasters = ["0x0303030303030303030303030303030303030303"]

[gas]
per_op = 500000
fee_per_op = 10
fee_cap = 100

[tokens.T]
address = "0x7070707070707070707070707070707070707070"
decimals = 2

[[requires]]
holds = "T"
at_least = "50"

[[requires]]
role = "player"

[[allow]]
call = "0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a"
function = "move(uint256 hero, uint8 direction)"
where = ["hero in [1, 2, 3]", "direction <= 3"]
at_most = "120 per 2m"

[[allow]]
call = "T"
function = "transfer(address to, uint256 amount)"
where = ["to == 0x5151515151515151515151515151515151515151"]
spend = "amount <= 100 per 1h"

[[allow]]
call = "0x5151515151515151515151515151515151515151"
value = "<= 5 wei"
spend = "value <= 9 wei"

[[allow]]
app = "a.example"
verb = "post"
where = ["board == 'art'"]
at_most = "5"
"#;

fn draft(source: &str) -> Draft {
    text::parse(source).unwrap_or_else(|e| panic!("{e}\n{source}"))
}

fn edited(from: &str, to: &str) -> Draft {
    assert!(BASE.contains(from), "{from}");
    draft(&BASE.replacen(from, to, 1))
}

/// The only change, one way and back.
fn one(from: &str, to: &str, there: (Kind, Effect, &str), back: (Kind, Effect, &str)) {
    let (a, b) = (draft(BASE), edited(from, to));
    for (old, new, (kind, effect, at)) in [(&a, &b, there), (&b, &a, back)] {
        let found = diff(old, new);
        let [change] = found.changes.as_slice() else { panic!("{from} to {to}: {:#?}", found.changes) };
        let Change { change, effect: seen, at: place, says } = change;
        assert_eq!((*change, *seen, place.as_str()), (kind, effect, at), "{from} to {to}: {says}");
        let summary = match effect {
            Effect::Wider | Effect::Unknown => Summary::Wider,
            Effect::Narrower => Summary::Narrower,
            Effect::Both => Summary::Mixed,
            Effect::Neutral => Summary::Same,
        };
        assert_eq!(found.summary, summary, "{from} to {to}");
    }
}

const fn up(at: &'static str) -> (Kind, Effect, &'static str) {
    (Kind::Changed, Effect::Wider, at)
}

const fn down(at: &'static str) -> (Kind, Effect, &'static str) {
    (Kind::Changed, Effect::Narrower, at)
}

fn same_both_ways(from: &str, to: &str, kind: Kind, effect: Effect, at: &str) {
    one(from, to, (kind, effect, at), (kind, effect, at));
}

#[test]
fn a_bound_that_is_raised_is_wider_and_one_that_is_lowered_narrower() {
    for (from, to, at) in [
        ("until = 1003600", "until = 1003601", "notAfter"),
        ("sequences = \"5..100\"", "sequences = \"5..101\"", "endSeq"),
        ("sequences = \"5..100\"", "sequences = \"4..100\"", "firstSeq"),
        ("per_op = 500000", "per_op = 500001", "rest.gas.unitsPerOp"),
        ("fee_per_op = 10", "fee_per_op = 11", "rest.gas.feePerOp"),
        ("fee_cap = 100", "fee_cap = 101", "rest.gas.feeCap"),
        ("value = \"<= 5 wei\"", "value = \"<= 6 wei\"", "rules[2].maxValue"),
        ("120 per 2m", "121 per 2m", "meters[0].cap"),
        ("amount <= 100 per 1h", "amount <= 101 per 1h", "meters[1].cap"),
        ("hero in [1, 2, 3]", "hero in [1, 2, 3, 4]", "rules[0].conditions[0]"),
        ("direction <= 3", "direction < 5", "rules[0].conditions[1]"),
        ("at_least = \"50\"", "at_least = \"49\"", "requires[0]"),
    ] {
        one(from, to, up(at), down(at));
    }
    let lasts = |span: &str| draft(&BASE.replace("from = 1000000\nuntil = 1003600", &format!("lasts = \"{span}\"")));
    assert_eq!(diff(&lasts("1h"), &lasts("2h")).summary, Summary::Wider);
    assert_eq!(diff(&lasts("2h"), &lasts("1h")).summary, Summary::Narrower);
    assert_eq!(diff(&lasts("1h"), &draft(BASE)).summary, Summary::Wider, "which of them is longer cannot be told");
}

#[test]
fn what_is_added_or_removed_is_told_as_such() {
    let (added, removed) = (Kind::Added, Kind::Removed);
    for (from, to, there, back) in [
        (", \"entrypoint-0.7\"", "", (removed, Effect::Narrower, "routes"), (added, Effect::Wider, "routes")),
        (
            "relayers = [\"0x0202020202020202020202020202020202020202\"]\n",
            "",
            (removed, Effect::Narrower, "relayer"),
            (added, Effect::Wider, "relayer"),
        ),
        (
            "paymasters = [\"0x0303030303030303030303030303030303030303\"]\n",
            "",
            (removed, Effect::Narrower, "rest.paymasters"),
            (added, Effect::Wider, "rest.paymasters"),
        ),
        (
            "[[requires]]\nrole = \"player\"\n",
            "",
            (removed, Effect::Wider, "requires[1]"),
            (added, Effect::Narrower, "requires[1]"),
        ),
        (
            ", \"direction <= 3\"",
            "",
            (removed, Effect::Wider, "rules[0].conditions[1]"),
            (added, Effect::Narrower, "rules[0].conditions[1]"),
        ),
        // It follows from what stays.
        (
            "\"direction <= 3\"",
            "\"direction <= 3\", \"direction != 9\"",
            (added, Effect::Neutral, "rules[0].conditions[2]"),
            (removed, Effect::Neutral, "rules[0].conditions[2]"),
        ),
        (
            "at_most = \"5\"",
            "at_most = [\"5\", \"2 per 1m\"]",
            (added, Effect::Narrower, "rules[3].uses[1]"),
            (removed, Effect::Wider, "rules[3].uses[1]"),
        ),
    ] {
        one(from, to, there, back);
    }
    let rule = "[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nvalue = \"<= 5 wei\"\nspend = \"value <= 9 wei\"\n";
    // The ids of the meters behind it shift, which changes nothing in a pass of its own.
    one(rule, "", (removed, Effect::Narrower, "rules[2]"), (added, Effect::Wider, "rules[2]"));
    let any = BASE.replace("0101010101010101010101010101010101010101", "0404040404040404040404040404040404040404");
    assert_eq!(diff(&draft(BASE), &draft(&any)).summary, Summary::Mixed);
    let any = BASE
        .replace("\"0x0101010101010101010101010101010101010101\"", "\"any\"")
        .replace("relayers = [\"0x0202020202020202020202020202020202020202\"]\n", "");
    assert_eq!(diff(&draft(BASE), &draft(&any)).summary, Summary::Wider);
    assert_eq!(diff(&draft(&any), &draft(BASE)).summary, Summary::Narrower);
}

#[test]
fn another_value_of_what_has_no_order_is_something_else() {
    let changed = Kind::Changed;
    for (from, to, at) in [
        ("chain = \"eip155:1\"", "chain = \"eip155:2\"", "chainId"),
        ("0xacacacacacacacacacacacacacacacacacacacac", "0xabababababababababababababababababababab", "account"),
        ("0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e", "0x5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f", "key"),
        (
            "to == 0x5151515151515151515151515151515151515151",
            "to == 0x5252525252525252525252525252525252525252",
            "rules[1].conditions[0]",
        ),
        ("hero in [1, 2, 3]", "hero in [2, 3, 4]", "rules[0].conditions[0]"),
    ] {
        same_both_ways(from, to, changed, Effect::Both, at);
    }
    for (from, to, at) in [
        ("0xbebebebebebebebebebebebebebebebebebebebe", "0xbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbf", "backend"),
        ("0xedededededededededededededededededededed", "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "ender"),
        // What is open may be filled in with anything.
        ("key = \"0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e\"\n", "", "key"),
        ("[gas]\nper_op = 500000\nfee_per_op = 10\nfee_cap = 100\n", "", "gas"),
        ("fee_cap = 100", "fee_cap = 100\nfee_token = \"T\"", "rest.gas.feeToken"),
        ("direction <= 3", "direction mask 0x3 == 0x1", "rules[0].conditions[1]"),
    ] {
        let to = to.replace("\"T\"", &format!("\"{TOKEN}\""));
        same_both_ways(from, &to, changed, Effect::Unknown, at);
    }
    one(
        "0xedededededededededededededededededededed",
        "0x0000000000000000000000000000000000000000",
        (Kind::Removed, Effect::Wider, "rest.ender"),
        (Kind::Added, Effect::Narrower, "rest.ender"),
    );
}

#[test]
fn windows_are_compared_where_that_can_be_done() {
    one("120 per 2m", "120 per 1m", up("meters[0].period"), (Kind::Changed, Effect::Unknown, "meters[0].period"));
    one(
        "at_most = \"5\"",
        "at_most = \"5 per 1h\"",
        up("meters[3].period"),
        (Kind::Changed, Effect::Unknown, "meters[3].period"),
    );
    same_both_ways("120 per 2m", "120 per 3m", Kind::Changed, Effect::Unknown, "meters[0].period");
    let said = diff(&draft(BASE), &edited("120 per 2m", "120 per 3m")).changes.remove(0).says;
    assert!(
        said.contains("a replacement may lower a cap, and never change a meter's token, period or anchor"),
        "{said}"
    );
    // Later by whole windows of both meters, and by half of one.
    let summary = |from: u64| diff(&draft(BASE), &edited("from = 1000000", &format!("from = {from}"))).summary;
    assert_eq!(summary(1_000_060), Summary::Mixed);
    let short = BASE.replace("100 per 1h", "100 per 2m");
    let later = short.replace("from = 1000000", "from = 1000120");
    assert_eq!(diff(&draft(&short), &draft(&later)).summary, Summary::Narrower);
    // In a replacement the counters come along, by the windows' numbers.
    let carried =
        |source: &str| draft(&source.replace("sequences", "salt = \"0x01010101010101010101010101010101\"\nsequences"));
    assert_eq!(diff(&carried(&short), &carried(&later)).summary, Summary::Mixed);
}

#[test]
fn a_cap_that_is_split_is_wider_and_one_that_is_shared_narrower() {
    let rule = |name: &str, uses: &str| {
        format!("[[allow]]\ncall = \"{SHOP}\"\nfunction = \"{name}()\"\nat_most = \"{uses}\"\n")
    };
    let grant = |salt: &str, meters: &str, a: &str, b: &str| {
        draft(&format!("chain = \"eip155:1\"\n{salt}{meters}{}{}", rule("a", a), rule("b", b)))
    };
    let shared = "[meters.m]\nwhat = \"calls\"\ncap = \"5\"\n";
    let (one, two) = (grant("", shared, "from m", "from m"), grant("", "", "5", "5"));
    assert_eq!(diff(&one, &two).summary, Summary::Wider);
    assert_eq!(diff(&two, &one).summary, Summary::Narrower);
    // The same meters under other ids: another matter for counters that come along.
    let named = "[meters.m]\nwhat = \"calls\"\ncap = \"5\"\nid = 7\n";
    let salt = "salt = \"0x01010101010101010101010101010101\"\n";
    assert_eq!(diff(&one, &grant("", named, "from m", "from m")).summary, Summary::Same);
    let (old, new) = (grant(salt, shared, "from m", "from m"), grant(salt, named, "from m", "from m"));
    let found = diff(&old, &new);
    assert_eq!((found.summary, found.changes[0].at.as_str()), (Summary::Wider, "meters[0].id"));
    assert_eq!(found.changes[0].widens(), None);
}

#[test]
fn rules_for_the_same_are_told_apart_and_their_order_matters_where_they_overlap() {
    let rule = |hero: &str, uses: &str| {
        format!(
            "[[allow]]\ncall = \"{SHOP}\"\nfunction = \"f(uint8 hero)\"\nwhere = [\"hero {hero}\"]\nat_most = \"{uses}\"\n"
        )
    };
    let grant = |rules: &[String]| draft(&format!("chain = \"eip155:1\"\n{}", rules.concat()));
    let (low, high, two) = (rule("<= 4", "5"), rule(">= 5", "7"), rule("in [4, 5]", "9"));
    // The middle one goes: the others are still themselves.
    let found = diff(&grant(&[low.clone(), rule("== 99", "9"), high.clone()]), &grant(&[low.clone(), high.clone()]));
    assert_eq!(found.summary, Summary::Narrower, "{:#?}", found.changes);
    assert_eq!(found.changes.len(), 1);
    assert_eq!((found.changes[0].change, found.changes[0].at.as_str()), (Kind::Removed, "rules[1]"));
    // No action is for both.
    let found = diff(&grant(&[low.clone(), high.clone()]), &grant(&[high.clone(), low.clone()]));
    assert_eq!((found.summary, found.changes.len()), (Summary::Same, 0), "{:#?}", found.changes);
    let found = diff(&grant(&[low.clone(), two.clone()]), &grant(&[two.clone(), low.clone()]));
    assert_eq!(found.summary, Summary::Wider);
    // 4 now falls to the second rule, and leaves more of the first one's cap for 3.
    let found = diff(&grant(&[low, two.clone()]), &grant(&[rule("<= 3", "5"), two]));
    assert_eq!(found.summary, Summary::Mixed);
    assert!(found.changes.iter().any(|c| c.widens().is_none() && c.at == "rules[1]"), "{:#?}", found.changes);
}

#[test]
fn claims_are_told_and_allow_nothing() {
    let changed = Kind::Changed;
    same_both_ways("title = \"Play\"", "title = \"Work\"", changed, Effect::Neutral, "rest.labels.title");
    same_both_ways("decimals = 2", "decimals = 3", changed, Effect::Neutral, "rest.labels.tokens.T");
    let renamed = BASE.replace("hero", "id");
    let found = diff(&draft(BASE), &draft(&renamed));
    assert_eq!((found.summary, found.changes.len()), (Summary::Same, 1));
    assert_eq!(found.changes[0].at, "rest.labels.params[0]");
}

#[test]
fn a_new_rule_is_told_with_all_its_bounds() {
    let rule = "[[allow]]\ncall = \"T\"\nfunction = \"transfer(address to, uint256 amount)\"\nwhere = [\"amount <= 5\"]\nat_most = \"3 per 1d\"\n[[allow]]\napp";
    let with = BASE
        .replace("[[allow]]\napp", &format!("unmetered = true\n{rule}").replace("unmetered = true\n", ""))
        .replace("at_most = \"3 per 1d\"\n", "at_most = \"3 per 1d\"\nunmetered = true\n");
    let found = diff(&draft(BASE), &draft(&with));
    assert_eq!(found.changes.len(), 1, "{:#?}", found.changes);
    assert_eq!(
        found.changes[0].says,
        format!(
            "it may also call `transfer(address,uint256)` of {TOKEN}, only if `amount <= 5`, at most 3 calls per 1d"
        )
    );
}

#[test]
fn every_template_is_the_same_as_itself_and_differs_from_the_others() {
    let drafts: Vec<Draft> = gallery::ALL.iter().map(|t| draft(t.text)).collect();
    for (i, a) in drafts.iter().enumerate() {
        let found = diff(a, a);
        assert_eq!((found.summary, found.changes), (Summary::Same, Vec::new()), "{}", gallery::ALL[i].name);
        for b in drafts.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, b)| b) {
            assert_eq!(diff(a, b).summary, Summary::Mixed, "{}", gallery::ALL[i].name);
        }
    }
}
