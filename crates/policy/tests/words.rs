//! What an owner reads is true, whole, and red only where something is dangerous.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use alloy_primitives::Address;
use hallpass_policy::lists::{abi, token_list};
use hallpass_policy::text;
use hallpass_policy::words::{Line, Lists, Tone, catalogue as say, explain, to_text};

const TOKEN: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
const SHOP: &str = "0x1111111254EEB25477B68fb85Ed929f73A960582";
const PERMIT2: &str = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
const BACKEND: &str = "0xbebebebebebebebebebebebebebebebebebebebe";
const ENDER: &str = "0xedededededededededededededededededededed";
const NAMED: &str = "[tokens.T]\naddress = \"0xdac17f958d2ee523a2206206994597c13d831ec7\"\ndecimals = 6\n";

fn shown(address: &str) -> String {
    address.parse::<Address>().unwrap().to_checksum(None)
}

/// Lines of the head, each replaced where `more` has the same key.
fn grant(head: &str, rules: &str) -> String {
    let usual = [
        "chain = \"eip155:1\"".to_owned(),
        format!("backend = \"{BACKEND}\""),
        format!("ender = \"{ENDER}\""),
        "lasts = \"1h\"".to_owned(),
    ];
    let key = |line: &str| line.split(' ').next().unwrap().to_owned();
    let given: Vec<String> = head.lines().map(key).collect();
    let mut out: String =
        usual.iter().filter(|l| !given.contains(&key(l))).map(|l| format!("{l}\n")).collect::<Vec<_>>().concat();
    out.push_str(head);
    out.push('\n');
    out.push_str(rules);
    out
}

#[track_caller]
fn words(source: &str, lists: &Lists) -> Vec<Line> {
    let draft = text::parse(source).unwrap_or_else(|e| panic!("{e}\n{source}"));
    draft.check().unwrap_or_else(|e| panic!("{e}\n{source}"));
    explain(&draft, lists)
}

#[track_caller]
fn read(head: &str, rules: &str) -> Vec<Line> {
    words(&grant(head, rules), &Lists::default())
}

#[track_caller]
fn says(lines: &[Line], tone: Tone, text: &str) {
    assert!(lines.iter().any(|l| l.tone == tone && l.text == text), "`{text}` is not in\n{}", to_text(lines));
}

#[track_caller]
fn silent(lines: &[Line], text: &str) {
    assert!(!lines.iter().any(|l| l.text.contains(text)), "`{text}` is in\n{}", to_text(lines));
}

fn rule(target: &str, function: &str, lines: &str) -> String {
    format!("[[allow]]\ncall = \"{target}\"\nfunction = \"{function}\"\n{lines}\n")
}

fn typed(domain: &str) -> String {
    format!(
        "[[allow]]\ntyped = \"Order(address token,uint256 amount)\"\ndomain = {{ {domain} }}\nwhere = [\"token == {TOKEN}\"]\nat_most = \"1\"\n"
    )
}

const GAME: &str = "[[allow]]\ncall = \"0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a\"\nfunction = \"play(uint256 lot)\"\nat_most = \"3\"\n";
const APP: &str = "[[allow]]\napp = \"chat.example\"\nverb = \"post\"\nat_most = \"3\"\n";
const NO_BACKEND: &str = "backend = \"0x0000000000000000000000000000000000000000\"";

/// Lists that know the token, the shop with one function, and the token's address as another thing on another chain.
fn lists() -> Lists {
    let tokens = format!(
        r#"{{"name": "Ours", "tokens": [
        {{"chainId": 1, "address": "{TOKEN}", "name": "Tether USD", "symbol": "USDT", "decimals": 6}},
        {{"chainId": 10, "address": "{TOKEN}", "name": "Other", "symbol": "OTHER", "decimals": 2}}]}}"#
    );
    let shop =
        r#"[{"type": "function", "name": "watch_tg_invmru_2f69f1c", "inputs": [{"name": "a", "type": "uint256"}]}]"#;
    let mut lists = Lists::default();
    lists.add("tokens.json", token_list::read(&tokens).unwrap()).unwrap();
    lists.add("shop.json", abi::read(shop, format!("eip155:1:{SHOP}").parse().unwrap(), "Shop").unwrap()).unwrap();
    lists
}

#[test]
fn without_a_contract_everything_rests_on_the_signer() {
    let lines = read(NO_BACKEND, GAME);
    says(&lines, Tone::Red, say::SIGNER_ALL);
    says(&lines, Tone::Red, say::STOLEN_UNENFORCED);
    says(&lines, Tone::Plain, say::SERVER_ENDS);
    for lie in
        ["the chain checks them all", "nothing of the rules", "and no other call", "with a signature of your own"]
    {
        silent(&lines, lie);
    }
    let lines = read("", GAME);
    says(&lines, Tone::Plain, say::CHAIN_CHECKS_ALL);
    silent(&lines, "everything: no contract");
    // A draft whose contract is still open promises nothing.
    let open = grant("", GAME).replace(&format!("backend = \"{BACKEND}\"\n"), "");
    let lines = words(&open, &Lists::default());
    says(&lines, Tone::Plain, say::BACKEND_OPEN);
    says(&lines, Tone::Plain, say::STOLEN_OPEN);
    silent(&lines, say::CHAIN_CHECKS_ALL);
}

#[test]
fn what_a_thief_can_do_is_said_for_each_kind_of_rule() {
    let lines = read("", GAME);
    says(&lines, Tone::Plain, say::STOLEN_CALLS);
    for more in ["not asked", "not held", "sign any message", "past everything"] {
        silent(&lines, more);
    }
    says(&read("", &format!("{GAME}{APP}")), Tone::Red, &say::stolen_past(&[2]));
    let both = format!("{GAME}{}{APP}", typed("chainId = 1"));
    says(&read("", &both), Tone::Red, &say::stolen_past(&[2, 3]));
    let lines = read("", APP);
    says(&lines, Tone::Plain, say::STOLEN_NO_CALLS);
    silent(&lines, "every call that is allowed");
    says(&read("", &format!("[[requires]]\nrole = \"trader\"\n{GAME}")), Tone::Red, say::STOLEN_REQUIRES);
    says(&read("", &format!("[gas]\nper_op = 1000\n{GAME}")), Tone::Plain, say::STOLEN_GAS);
}

#[test]
fn a_cap_names_the_argument_that_it_counts_and_a_total_its_rules() {
    let buy = rule(
        SHOP,
        "buy(uint256 lot, (uint256 kind, uint256 many) what)",
        "spend = [\"lot <= 100 per 1h\", \"what.many <= 7\"]",
    );
    let lines = read("", &buy);
    says(&lines, Tone::Detail, "in all at most 100 of argument 1 (\"lot\") in each window of 1 hour");
    let many = "member 2 (\"many\") of argument 2 (\"what\")";
    says(&lines, Tone::Detail, &format!("in all at most 7 of {many} over the whole life of the pass"));
    says(
        &lines,
        Tone::Plain,
        "argument 1 (\"lot\") of rule 1: at most 100 in each window of 1 hour, which is 100 in the worst case over the whole life",
    );
    says(&lines, Tone::Plain, &format!("{many} of rule 1: at most 7 over the whole life of the pass"));
    silent(&lines, "as the argument counts");

    let shared = "[meters.all]\nwhat = \"custom\"\ncap = 9\n[meters.calls]\nwhat = \"calls\"\ncap = 5\n";
    let from = |argument: &str| format!("at_most = \"from calls\"\nspend = \"{argument} from all\"");
    let post = "[[allow]]\napp = \"a.example\"\nverb = \"v\"\nat_most = \"from calls\"\nspend = \"cost from all\"\n";
    let message = typed("chainId = 1").replace("at_most = \"1\"", &from("amount"));
    let lines = read("", &format!("{shared}{}{message}{post}", rule(SHOP, "buy(uint256 lot)", &from("lot"))));
    says(
        &lines,
        Tone::Plain,
        "argument 1 (\"lot\") of rule 1, the field amount of rule 2 and the attribute cost of rule 3 together: at most 9 over the whole life of the pass",
    );
    says(&lines, Tone::Plain, "rule 1, rule 2 and rule 3 together: at most 5 calls over the whole life of the pass");
    for place in ["the field amount", "the attribute cost"] {
        says(&lines, Tone::Detail, &format!("in all at most 9 of {place} over the whole life of the pass"));
    }
    let pay = rule("T", "transfer(address to, uint256 amount)", "spend = \"amount <= 25 T\"");
    says(
        &read("", &format!("{NAMED}{pay}")),
        Tone::Detail,
        "in all at most 25000000 smallest units (the requester says that is 25 T), counted by argument 2 (\"amount\"), over the whole life of the pass",
    );
}

#[test]
fn a_window_that_counts_from_elsewhere_says_from_where() {
    let meters = "[meters.m]\nwhat = \"calls\"\ncap = 9\nper = \"2h\"\nanchor = 1970-01-01T00:00:10Z\n";
    let lines = read("", &format!("{meters}{}", GAME.replace("\"3\"", "\"from m\"")));
    says(&lines, Tone::Detail, "at most 9 calls in each window of 2 hours (counted from 1970-01-01T00:00:10Z)");
}

#[test]
fn what_no_token_cap_counts_is_red_on_permit2_too() {
    let pay = rule("T", "transfer(address to, uint256 amount)", "spend = \"amount <= 25 T\"");
    let other = rule(PERMIT2, "run(uint256)", "at_most = \"1\"\nunmetered = true");
    says(&read("", &format!("{NAMED}{pay}{other}")), Tone::Red, &say::unmetered(2));
    silent(&read("", &other.replace("unmetered = true", "")), "no cap counts");
    // What is counted otherwise, or harmless, is still not counted by the token's cap.
    for (function, lines) in [
        ("approve(address to, uint256 amount)", "where = [\"amount <= 5\"]\nat_most = \"1\"\nunmetered = true"),
        ("decreaseAllowance(address to, uint256 amount)", "at_most = \"1\"\nunmetered = true"),
    ] {
        let lines = read("", &format!("{NAMED}{pay}{}", rule("T", function, lines)));
        says(&lines, Tone::Red, &say::beside_cap(2));
        silent(&lines, "and no cap counts it");
    }
}

#[test]
fn functions_that_move_or_approve_are_red_where_nothing_counts_them() {
    for function in [
        "push(address,uint256)",
        "move(address,address,uint256)",
        "transfer(address,uint256,uint256)",
        "transferFrom(address,address,uint256,uint256)",
        "approve(address,uint256,uint256)",
        "withdraw(uint256,address,address)",
        "redeem(uint256,address,address)",
        "transferFromAndCall(address,address,uint256,bytes)",
        "operatorSend(address,address,uint256,bytes,bytes)",
        "permit(address,address,uint256,uint256,bytes)",
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
        "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
        "approveDelegation(address,uint256)",
        "transferShares(address,uint256)",
        "transferSharesFrom(address,address,uint256)",
        "transferAll(address)",
        "permitWitnessTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes32,string,bytes)",
        "permitWitnessTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes32,string,bytes)",
    ] {
        let lines = read("", &rule(SHOP, function, "at_most = \"1\""));
        says(&lines, Tone::Red, &say::unmetered(1));
        says(&lines, Tone::Red, &say::no_recipient(1));
    }
    for burn in ["burn(uint256,bytes)", "operatorBurn(address,uint256,bytes,bytes)", "burnFrom(address,uint256)"] {
        let lines = read("", &rule(SHOP, burn, "at_most = \"1\""));
        says(&lines, Tone::Red, &say::unmetered(1));
        silent(&lines, "who receives");
    }
    for harmless in ["decreaseAllowance(address,uint256)", "decreaseApproval(address,uint256)"] {
        silent(&words(&grant("", &rule(TOKEN, harmless, "at_most = \"1\"")), &lists()), "no cap");
    }
}

#[test]
fn on_a_listed_token_whatever_is_not_counted_is_red() {
    let unknown = rule(TOKEN, "sweep(uint256)", "at_most = \"1\"");
    let red = say::uncounted_on_token(1, &format!("Tether USD ({TOKEN})"));
    says(&words(&grant("", &unknown), &lists()), Tone::Red, &red);
    silent(&read("", &unknown), "with a function that no cap");
    let counted = rule(
        TOKEN,
        "transfer(address to, uint256 amount)",
        &format!("where = [\"to == {SHOP}\"]\nspend = \"amount <= 9\""),
    );
    silent(&words(&grant("", &counted), &lists()), "with a function that no cap");
}

#[test]
fn a_function_is_compared_with_the_listed_ones_by_selector() {
    // `approve` under another name, which a list claims for a shop: what is written is not what the list has.
    let known = abi_of("watch_tg_invmru_2f69f1b", &["address", "address"]);
    let mut lists = Lists::default();
    lists.add("shop", abi::read(&known, format!("eip155:1:{SHOP}").parse().unwrap(), "Shop").unwrap()).unwrap();
    let approve = rule(SHOP, "approve(address,uint256)", "at_most = \"1\"");
    let lines = words(&grant("", &approve), &lists);
    says(&lines, Tone::Red, &say::other_function(1, "watch_tg_invmru_2f69f1b(address,address)"));
    silent(&lines, "but not this function");

    let red = say::unknown_function(1);
    let lists = self::lists();
    let says_so = |target: &str, function: &str| {
        words(&grant("", &rule(target, function, "at_most = \"1\"")), &lists)
            .iter()
            .any(|l| l.tone == Tone::Red && l.text == red)
    };
    assert!(says_so(SHOP, "buy(uint256)"));
    assert!(!says_so(SHOP, "watch_tg_invmru_2f69f1c(uint256)"));
    assert!(says_so(TOKEN, "sweep(uint256)"));
    assert!(!says_so(TOKEN, "transfer(address,uint256)"));
    assert!(!says_so(TOKEN, "decreaseAllowance(address,uint256)"));
    assert!(!says_so("0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a", "sweep(uint256)"));
}

fn abi_of(name: &str, types: &[&str]) -> String {
    let inputs: Vec<String> = types.iter().map(|ty| format!(r#"{{"name": "x", "type": "{ty}"}}"#)).collect();
    format!(r#"[{{"type": "function", "name": "{name}", "inputs": [{}]}}]"#, inputs.join(", "))
}

#[test]
fn a_typed_rule_is_read_on_the_chain_of_its_domain() {
    let verifying = format!("verifyingContract = \"{TOKEN}\"");
    let read = |domain: &str| words(&grant("", &typed(domain)), &lists());
    let own = read(&format!("chainId = 1, {verifying}"));
    says(&own, Tone::Detail, &format!("only if the field token is Tether USD ({TOKEN})"));
    says(&own, Tone::Detail, &say::verifying(&format!("Tether USD ({TOKEN})")));
    for red in ["every chain", "names no contract", "another than that of the pass", "knows contract"] {
        silent(&own, red);
    }
    let other = read(&format!("chainId = 10, {verifying}"));
    says(&other, Tone::Detail, &format!("only if the field token is Other ({TOKEN})"));
    says(&other, Tone::Red, &say::other_chain(1, "eip155:10"));
    silent(&other, "Tether");
    let third = read(&format!("chainId = 137, {verifying}"));
    says(&third, Tone::Detail, &format!("only if the field token is {TOKEN}"));
    says(&third, Tone::Red, &say::unknown_contract_on(TOKEN, "eip155:137"));
    let none = read(&verifying);
    says(&none, Tone::Detail, &format!("only if the field token is {TOKEN}"));
    says(&none, Tone::Red, &say::every_chain(1));
    says(&none, Tone::Red, &say::unknown_contract_anywhere(TOKEN));
    silent(&none, "Tether");
    let open = read("chainId = 1");
    says(&open, Tone::Red, &say::any_contract(1));
    silent(&open, "every chain");
    // Nor is the requester's name for a token of the grant's chain said of another's.
    let named = |domain: &str| words(&grant("", &format!("{NAMED}{}", typed(domain))), &Lists::default());
    says(
        &named("chainId = 1"),
        Tone::Detail,
        &format!("only if the field token is {TOKEN}, which the requester calls \"T\""),
    );
    says(&named("chainId = 10"), Tone::Detail, &format!("only if the field token is {TOKEN}"));
}

#[test]
fn a_title_in_letters_that_pass_for_signs_is_refused() {
    for title in [
        "Pass\u{2ba}, checked by us",
        "it\u{2bc}s",
        "a\u{2ee}b",
        "a\u{a78c}b",
        "\u{5d0}\u{5d1} 1",
        "\u{627} 1",
        "a\u{375}",
        "\u{93f}",
    ] {
        assert!(text::parse(&grant(&format!("title = \"{title}\""), GAME)).is_err(), "{title}");
    }
    for title in ["人々のゲーム: コーヒー", "Ελλάδα", "Jeu d'été"] {
        assert!(text::parse(&grant(&format!("title = \"{title}\""), GAME)).is_ok(), "{title}");
    }
}

#[test]
fn every_signed_field_has_a_sentence() {
    let hash = |digit: &str| format!("0x{}", digit.repeat(64));
    let head = format!(
        "epoch = 4\nsalt = \"0x07070707070707070707070707070707\"\nlogin = \"{}\"\nrp_id_hash = \"{}\"\nsequences = \"3..100\"",
        hash("1"),
        hash("2")
    );
    let relay = format!(
        "[relay]\nroutes = [\"direct\", \"entrypoint-0.8\"]\nrelayer = \"{SHOP}\"\npaymasters = [\"{PERMIT2}\"]\n[gas]\nper_op = 77\n"
    );
    let lines = read(&head, &format!("{relay}{GAME}"));
    says(&lines, Tone::Red, &format!("signing this also signs you in somewhere: the hash of where is {}", hash("1")));
    says(&lines, Tone::Plain, &say::rp_id(&hash("2")));
    says(
        &lines,
        Tone::Plain,
        "the number of the pass is 0x07070707070707070707070707070707, in epoch 4 of the account",
    );
    says(&lines, Tone::Plain, "at most 97 operations in all, numbered from 3 until just before 100");
    says(
        &lines,
        Tone::Plain,
        "operations reach the account by a call straight to it or through the ERC-4337 EntryPoint 0.8",
    );
    says(&lines, Tone::Plain, &format!("paymaster {PERMIT2} may pay the gas of an operation through an EntryPoint"));
    says(&lines, Tone::Plain, &format!("operations may be sent by {SHOP} alone"));
    says(&lines, Tone::Plain, "this server sends no operation whose calls take more than 77 units of gas");
    // Nothing is promised of what is still open.
    let lines = read("", GAME);
    for open in [say::ROUTES_OPEN, say::RELAYER_OPEN, say::GAS_OPEN] {
        says(&lines, Tone::Plain, open);
    }
    silent(&lines, "operations in all");
    let any = format!("[relay]\nroutes = [\"entrypoint-0.7\"]\nrelayer = \"any\"\n[gas]\nper_op = 77\n{GAME}");
    let lines = read("", &any);
    for plain in [say::NO_PAYMASTER, say::RELAYER_ANY, say::NO_FEE] {
        says(&lines, Tone::Plain, plain);
    }
}

#[test]
fn an_allowance_without_a_limit_is_judged_by_decimals_and_over_the_whole_life() {
    let approve = |decimals: u8, cap: &str| {
        let named = NAMED.replace("decimals = 6", &format!("decimals = {decimals}"));
        let lines = format!("where = [\"to == {SHOP}\"]\nspend = \"amount <= {cap}\"");
        grant("", &format!("{named}{}", rule("T", "approve(address to, uint256 amount)", &lines)))
    };
    let unlimited = |source: &str, lists: &Lists| {
        words(source, lists).iter().any(|l| l.tone == Tone::Red && l.text == say::unlimited(1))
    };
    let none = Lists::default();
    // Ten billion of a token of six decimals.
    assert!(unlimited(&approve(6, "10000000000000000"), &none));
    assert!(!unlimited(&approve(6, "9999999999999999"), &none));
    // A claim of more than 18 is not taken; the list's decimals are, whatever is claimed.
    assert!(unlimited(&approve(40, "10000000000000000000000000000"), &none));
    assert!(!unlimited(&approve(18, "10000000000000000"), &none));
    assert!(unlimited(&approve(18, "10000000000000000"), &lists()));
    // Sixty windows of a sixtieth.
    assert!(unlimited(&approve(6, "166666666666667 per 1m"), &none));
    assert!(!unlimited(&approve(6, "166666666666666 per 1m"), &none));
}

#[test]
fn what_is_bounded_counted_or_taken_back_is_not_red() {
    let to = format!("to == {SHOP}");
    let read = |function: &str, conditions: &str, rest: &str| {
        let conditions = if conditions.is_empty() { format!("\"{to}\"") } else { format!("\"{to}\", {conditions}") };
        super_read(&rule(TOKEN, function, &format!("where = [{conditions}]\n{rest}")))
    };
    let approve = "approve(address to, uint256 amount)";
    let bounded = read(approve, "\"amount <= 100\"", "at_most = \"1\"");
    says(&bounded, Tone::Red, &say::approval(1));
    for lie in ["no cap counts it", "without any limit", "who receives"] {
        silent(&bounded, lie);
    }
    // Neither half is enough.
    says(&read(approve, "\"amount <= 100\"", ""), Tone::Red, &say::unmetered(1));
    says(&read(approve, "", "at_most = \"1\""), Tone::Red, &say::unmetered(1));

    let custom = read("transfer(address to, uint256 amount)", "", "spend = \"amount <= 100\"");
    says(&custom, Tone::Plain, &say::by_custom(1));
    silent(&custom, "no cap counts it");
    // A meter on another number counts nothing of it.
    let other = read("transferAndCall(address to, uint256 amount, bytes data)", "", "at_most = \"9\"");
    says(&other, Tone::Red, &say::unmetered(1));

    let zero = read(approve, "\"amount == 0\"", "at_most = \"1\"");
    says(&zero, Tone::Plain, &say::id_zero(1));
    silent(&zero, "take tokens later");
    // The spender is called all the same.
    let called = read("approveAndCall(address to, uint256 amount, bytes data)", "\"amount == 0\"", "at_most = \"1\"");
    says(&called, Tone::Red, &say::approval(1));
    let all = "setApprovalForAll(address to, bool ok)";
    let back = read(all, "\"ok == false\"", "at_most = \"1\"");
    silent(&back, "every token of a collection");
    silent(&back, "no cap counts it");
    for gives in ["", "\"ok == true\""] {
        says(&read(all, gives, "at_most = \"1\""), Tone::Red, &say::approval_for_all(1));
    }
}

#[track_caller]
fn super_read(rules: &str) -> Vec<Line> {
    read("", rules)
}

#[test]
fn a_bound_on_each_element_is_none_without_one_on_their_number() {
    let batch = "safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] amounts, bytes data)";
    let conditions = |more: &str| format!("where = [\"to == {SHOP}\", \"amounts[every] <= 5\"{more}]\nat_most = \"1\"");
    says(&read("", &rule(SHOP, batch, &conditions(""))), Tone::Red, &say::unmetered(1));
    silent(&read("", &rule(SHOP, batch, &conditions(", \"amounts.length <= 2\""))), "no cap counts it");
    // The number of a single token is no amount: an approval of number 0 gives one away, and a sum of numbers counts nothing.
    let permit = "permit(address to, uint256 id, uint256 deadline, bytes signature)";
    let zero = format!("where = [\"to == {SHOP}\", \"id == 0\"]\nat_most = \"1\"");
    says(&read("", &rule(SHOP, permit, &zero)), Tone::Red, &say::approval(1));
    let summed = rule(
        SHOP,
        "safeTransferFrom(address from, address to, uint256 id)",
        &format!("where = [\"to == {SHOP}\"]\nspend = \"id <= 100\""),
    );
    says(&read("", &summed), Tone::Red, &say::unmetered(1));
}

#[test]
fn an_approval_of_permit2_that_ends_with_the_pass_is_not_said_to_outlive_it() {
    let head = "from = 1800000000\nuntil = 1800003600";
    let approve = |end: &str| {
        let lines =
            format!("where = [\"token == T\", \"to == {SHOP}\", \"amount <= 9\", \"end <= {end}\"]\nat_most = \"1\"");
        let source = grant(
            head,
            &format!(
                "{NAMED}{}",
                rule(PERMIT2, "approve(address token, address to, uint160 amount, uint48 end)", &lines)
            ),
        );
        words(&source.replace("lasts = \"1h\"\n", ""), &Lists::default())
    };
    silent(&approve("1800003600"), "even after the pass has ended");
    says(&approve("1800003601"), Tone::Red, &say::approval(1));
}

#[test]
fn empty_calldata_without_value_sends_nothing() {
    let empty = format!("[[allow]]\ncall = \"{SHOP}\"\nat_most = \"1\"\n");
    let lines = read("", &empty);
    says(&lines, Tone::Plain, &format!("1. call {SHOP} with empty calldata, without any value"));
    silent(&lines, "send native coin");
    let send = format!("[[allow]]\ncall = \"{SHOP}\"\nvalue = \"<= 1 ETH\"\nspend = \"value <= 1 ETH\"\n");
    says(&read("", &send), Tone::Plain, &format!("1. send native coin to {SHOP}, with empty calldata"));
}

#[test]
fn the_ender_and_the_enforcing_contract_are_named() {
    let lines = read("", GAME);
    says(
        &lines,
        Tone::Plain,
        &format!("whoever holds the key {} can end it too, and can do nothing else with that key", shown(ENDER)),
    );
    says(&lines, Tone::Plain, &format!("enforced by the signer and, on chain, by contract {}", shown(BACKEND)));
    silent(&lines, "knows the contract that enforces");
    let none = read("ender = \"0x0000000000000000000000000000000000000000\"", GAME);
    silent(&none, "can end it too");
    let lines = words(&grant("", GAME), &lists());
    says(&lines, Tone::Red, &say::unknown_backend(&shown(BACKEND)));
    let lines = words(&grant(&format!("backend = \"{TOKEN}\""), GAME), &lists());
    says(&lines, Tone::Plain, &format!("enforced by the signer and, on chain, by contract Tether USD ({TOKEN})"));
    silent(&lines, "knows the contract that enforces");
}
