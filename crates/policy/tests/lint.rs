//! Each finding, with a grant that has it and the nearest one that does not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::lint::{Code, Severity, catalogue::explained, lint};
use hallpass_policy::{Draft, gallery, text};

const HEAD: &str = "chain = \"eip155:1\"\nsequences = \"0..100\"\n";
const TOKEN: &str = "[tokens.T]\naddress = \"0x7070707070707070707070707070707070707070\"\ndecimals = 18\n";
const SHOP: &str = "0x5151515151515151515151515151515151515151";
const TRANSFER: &str = "[[allow]]\ncall = \"T\"\nfunction = \"transfer(address to, uint256 amount)\"\n";
const APPROVE: &str = "[[allow]]\ncall = \"T\"\nfunction = \"approve(address spender, uint256 amount)\"\n";
const GAME: &str = "[[allow]]\ncall = \"0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a\"\n";
const DOMAIN: &str = "domain = { chainId = 1, verifyingContract = \"0xd0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0\" }\n";

fn draft(source: &str) -> Draft {
    let draft = text::parse(source).unwrap_or_else(|e| panic!("{e}\n{source}"));
    draft.check().unwrap_or_else(|e| panic!("{e}\n{source}"));
    draft
}

fn codes(source: &str) -> Vec<(Code, String)> {
    lint(&draft(source)).into_iter().map(|f| (f.code, f.at)).collect()
}

/// `bad` has the finding, once and there; `good` has not.
fn pair(code: Code, at: &str, bad: &str, good: &str) {
    let found: Vec<String> = codes(bad).into_iter().filter(|(c, _)| *c == code).map(|(_, at)| at).collect();
    assert_eq!(found, [at], "{} in\n{bad}", code.name());
    let left: Vec<String> = codes(good).into_iter().filter(|(c, _)| *c == code).map(|(_, at)| at).collect();
    assert!(left.is_empty(), "{} at {left:?} in\n{good}", code.name());
}

/// A grant with the usual head.
fn with(rest: &str) -> String {
    format!("{HEAD}lasts = \"1h\"\n{rest}")
}

/// A grant with the token and these rules.
fn token(rules: &str) -> String {
    with(&format!("{TOKEN}{rules}"))
}

/// A grant with one rule of the game's.
fn game(function: &str, lines: &str) -> String {
    with(&format!("{GAME}function = \"{function}\"\n{lines}\n"))
}

const COUNTED: &str = "at_most = \"5\"\nspend = \"amount <= 100 per 1d\"\n";

#[test]
fn who_receives_is_asked_of_known_token_functions() {
    let to = format!("where = [\"to == {SHOP}\"]\n");
    let bound = token(&format!("{TRANSFER}{to}{COUNTED}"));
    pair(Code::NoRecipient, "rules[0]", &token(&format!("{TRANSFER}{COUNTED}")), &bound);
    let not = format!("where = [\"to != {SHOP}\"]\n");
    pair(Code::NoRecipient, "rules[0]", &token(&format!("{TRANSFER}{not}{COUNTED}")), &bound);
    // Inside Permit2's tuple.
    let permit2 = "[[allow]]\ncall = \"0x000000000022D473030F116dDEE9F6B43aC78BA3\"\nfunction = \"permitTransferFrom(((address token, uint256 amount) permitted, uint256 nonce, uint256 deadline) permit, (address to, uint256 requested) details, address owner, bytes signature)\"\nat_most = \"1\"\n";
    let inside =
        format!("{permit2}where = [\"details.to == {SHOP}\", \"details.requested <= 5\", \"permit.deadline <= 9\"]\n");
    pair(Code::NoRecipient, "rules[0]", &with(permit2), &with(&inside));
    assert_eq!(codes(&with(&inside)), [(Code::GasOpen, "rest.gas.unitsPerOp".to_owned())]);
    // An allowance of nothing may go to anyone.
    let zero = token(&format!("{APPROVE}where = [\"amount == 0\"]\nat_most = \"5\"\n"));
    pair(Code::NoRecipient, "rules[0]", &token(&format!("{APPROVE}{COUNTED}")), &zero);
}

#[test]
fn tokens_are_counted_by_a_meter_or_by_a_bound_and_a_count() {
    let to = |more: &str, rest: &str| token(&format!("{TRANSFER}where = [\"to == {SHOP}\"{more}]\n{rest}"));
    let good = to("", COUNTED);
    pair(Code::UncountedTokens, "rules[0]", &to("", "at_most = \"5\"\n"), &good);
    pair(
        Code::UncountedTokens,
        "rules[0]",
        &to(", \"amount <= 5\"", ""),
        &to(", \"amount <= 5\"", "at_most = \"5\"\n"),
    );
    let unmetered = |rest: &str| {
        token(&format!(
            "{TRANSFER}where = [\"to == {SHOP}\"]\n{COUNTED}[[allow]]\ncall = \"T\"\nfunction = \"rebase()\"\nat_most = \"1\"\n{rest}"
        ))
    };
    let other = unmetered("unmetered = true\n");
    pair(Code::UncountedTokens, "rules[1]", &other, &good);
    let custom = with(&format!(
        "[[allow]]\ncall = \"0x7070707070707070707070707070707070707070\"\nfunction = \"transfer(address to, uint256 amount)\"\nwhere = [\"to == {SHOP}\"]\n{COUNTED}"
    ));
    pair(Code::CustomMeterOnToken, "rules[0].uses", &custom, &good);
    pair(Code::UncountedTokens, "rules[0]", &to("", "at_most = \"5\"\n"), &custom);
    let from = "[[allow]]\ncall = \"T\"\nfunction = \"transferFrom(address from, address to, uint256 amount)\"\n";
    let ids = token(&format!("{from}where = [\"to == {SHOP}\"]\n{COUNTED}"));
    pair(Code::TokenIds, "rules[0].uses[1]", &ids, &good);
}

#[test]
fn approvals_are_told_from_each_other() {
    let approve = |more: &str, rest: &str| token(&format!("{APPROVE}where = [\"spender == {SHOP}\"{more}]\n{rest}"));
    let cap = |cap: &str| approve("", &format!("at_most = \"1\"\nspend = \"amount <= {cap} T\"\n"));
    pair(Code::ApprovalUnlimited, "rules[0]", &cap("10000000000"), &cap("9999999999"));
    let zero = approve(", \"amount == 0\"", "at_most = \"1\"\n");
    pair(Code::ApprovalOutlives, "rules[0]", &cap("1"), &zero);
    let huge = approve(", \"amount <= 10000000000 T\"", "at_most = \"1\"\n");
    pair(Code::ApprovalUnlimited, "rules[0]", &huge, &approve(", \"amount <= 9 T\"", "at_most = \"1\"\n"));
    let permit2 = |more: &str| {
        with(&format!(
            "{TOKEN}[[allow]]\ncall = \"0x000000000022D473030F116dDEE9F6B43aC78BA3\"\nfunction = \"approve(address token, address spender, uint160 amount, uint48 expiration)\"\nwhere = [\"token == T\", \"spender == {SHOP}\", \"amount <= 9\"{more}]\nat_most = \"1\"\n"
        ))
    };
    pair(Code::ApprovalOutlives, "rules[0]", &permit2(""), &permit2(", \"expiration <= 1800000000\""));
    let all = |more: &str| {
        game(
            "setApprovalForAll(address operator, bool approved)",
            &format!("where = [\"operator == {SHOP}\"{more}]\nat_most = \"1\""),
        )
    };
    pair(Code::ApprovalForAll, "rules[0]", &all(""), &all(", \"approved == false\""));
    pair(Code::ApprovalForAll, "rules[0]", &all(", \"approved == true\""), &all(", \"approved == false\""));
}

#[test]
fn the_grant_as_a_whole() {
    let rule = format!("{GAME}function = \"ping()\"\nat_most = \"5\"\n");
    let head = |line: &str| format!("chain = \"eip155:1\"\n{line}\n{rule}");
    pair(Code::LongLife, "notAfter", &head("lasts = \"604801s\""), &head("lasts = \"1w\""));
    pair(
        Code::LongLife,
        "notAfter",
        &head("from = 1000000\nuntil = 1604801"),
        &head("from = 1000000\nuntil = 1604800"),
    );
    let zero = "\"0x0000000000000000000000000000000000000000\"";
    let some = "\"0x0101010101010101010101010101010101010101\"";
    pair(Code::NoEnder, "rest.ender", &head(&format!("ender = {zero}")), &head(&format!("ender = {some}")));
    pair(
        Code::RelayerAny,
        "relayer",
        &head("[relay]\nrelayer = \"any\""),
        &head(&format!("[relay]\nrelayer = {some}")),
    );
    pair(Code::GasOpen, "rest.gas.unitsPerOp", &head(""), &head("[gas]\nper_op = 100000"));
    let app = "chain = \"eip155:1\"\n[[allow]]\napp = \"a.example\"\nverb = \"v\"\nat_most = \"1\"\n";
    pair(Code::GasOpen, "rest.gas.unitsPerOp", &head(""), app);
    let fee = |per_op: u8, cap: u8| head(&format!("[gas]\nper_op = 1\nfee_per_op = {per_op}\nfee_cap = {cap}"));
    for bad in
        [fee(0, 9), fee(9, 0), fee(9, 8), app.replace("\n[[", "\n[gas]\nper_op = 1\nfee_per_op = 1\nfee_cap = 2\n[[")]
    {
        pair(Code::FeeUnused, "rest.gas.feeCap", &bad, &fee(9, 9));
    }
    let send = |sequences: &str, more: &str| {
        format!(
            "chain = \"eip155:1\"\n{sequences}\n[[allow]]\ncall = \"{SHOP}\"\nvalue = \"<= 5 wei\"\nspend = \"value <= 9 wei\"\n{more}"
        )
    };
    pair(Code::SequencesOpen, "endSeq", &send("", ""), &send("sequences = \"0..4294967295\"", ""));
    pair(Code::SequencesOpen, "endSeq", &send("", ""), &send("", "at_most = \"5\"\n"));
    let label = format!("{TOKEN}{rule}");
    pair(
        Code::LabelUnused,
        "rest.labels.tokens.T",
        &with(&label),
        &with(&format!(
            "{TOKEN}{GAME}function = \"ping(address token)\"\nwhere = [\"token in [{SHOP}, T]\"]\nat_most = \"5\"\n"
        )),
    );
}

#[test]
fn a_key_outside_the_vault_may_not_approve_nor_act_where_no_chain_looks() {
    let key = "key = \"0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e\"\n";
    let approve = format!("{TOKEN}{APPROVE}where = [\"spender == {SHOP}\"]\n{COUNTED}");
    let transfer = format!("{TOKEN}{TRANSFER}where = [\"to == {SHOP}\"]\n{COUNTED}");
    let outside = |rest: &str| with(&format!("{key}{rest}"));
    pair(Code::OutsideKey, "rules[0]", &outside(&approve), &outside(&transfer));
    pair(Code::OutsideKey, "rules[0]", &outside(&approve), &with(&approve));
    let app = format!("{transfer}[[allow]]\napp = \"a.example\"\nverb = \"v\"\nat_most = \"1\"\n");
    pair(Code::OutsideKey, "rules[1]", &outside(&app), &outside(&transfer));
    // Whose key it is cannot be seen in a grant that was handed out.
    let salt = "salt = \"0x00000000000000000000000000000001\"\n";
    pair(Code::OutsideKey, "rules[0]", &outside(&approve), &with(&format!("{key}{salt}{approve}")));
}

#[test]
fn every_rule_is_counted() {
    pair(Code::NoMeter, "rules[0]", &game("ping()", ""), &game("ping()", "at_most = \"5\""));
    let open = |lines: &str| game("ping(uint256 n)", lines).replace("sequences = \"0..100\"\n", "");
    let amounts = open("spend = \"n <= 100\"");
    pair(Code::NoCallsCap, "rules[0].uses", &amounts, &open("at_most = \"5\"\nspend = \"n <= 100\""));
    pair(Code::NoCallsCap, "rules[0].uses", &amounts, &open("where = [\"n > 0\"]\nspend = \"n <= 100\""));
    pair(Code::NoCallsCap, "rules[0].uses", &amounts, &game("ping(uint256 n)", "spend = \"n <= 100\""));
    let app = |lines: &str| with(&format!("[[allow]]\napp = \"a.example\"\nverb = \"v\"\nat_most = \"1\"\n{lines}"));
    pair(Code::AppWithoutConditions, "rules[0]", &app(""), &app("where = [\"board == 'art'\"]\n"));
}

#[test]
fn a_send_of_native_coin_with_a_cap_is_fine_whoever_receives_it() {
    let source = with(&format!(
        "[gas]\nper_op = 100000\n[[allow]]\ncall = \"{SHOP}\"\nvalue = \"<= 5 wei\"\nspend = \"value <= 9 wei\"\n"
    ));
    assert_eq!(codes(&source), []);
}

#[test]
fn an_array_whose_elements_are_bound_has_a_bound_on_their_number() {
    let place =
        |lines: &str| game("place((uint32 item, uint8[] x)[] objects)", &format!("at_most = \"5\"\nwhere = [{lines}]"));
    let bad = place("\"objects[every].item <= 5\", \"objects[every].item >= 1\"");
    for good in ["objects.length <= 10", "objects[some].item == 3", "objects[0].item == 3"] {
        let good = place(&format!("\"objects[every].item <= 5\", \"{good}\""));
        pair(Code::EveryWithoutLength, "rules[0].conditions[0]", &bad, &good);
    }
    let inner = place("\"objects.length == 2\", \"objects[every].x[every] <= 5\"");
    let both = place("\"objects.length == 2\", \"objects[every].x[every] <= 5\", \"objects[every].x.length <= 3\"");
    pair(Code::EveryWithoutLength, "rules[0].conditions[1]", &inner, &both);
    let fixed = game("place(uint32[4] objects)", "at_most = \"5\"\nwhere = [\"objects[every] <= 5\"]");
    pair(Code::EveryWithoutLength, "rules[0].conditions[0]", &bad, &fixed);
}

#[test]
fn caps_limit_something() {
    let calls = |n: &str| game("ping()", &format!("at_most = \"{n}\""));
    pair(Code::CapNoLimit, "meters[0].cap", &calls("4294967296"), &calls("4294967295 per 1d"));
    let spend = |cap: &str| token(&format!("{TRANSFER}where = [\"to == {SHOP}\"]\nspend = \"amount <= {cap} T\"\n"));
    pair(Code::CapNoLimit, "meters[0].cap", &spend("10000000000"), &spend("9999999999"));
    let six = |cap: &str| spend(cap).replace("decimals = 18", "decimals = 6");
    pair(Code::CapNoLimit, "meters[0].cap", &six("10000000000"), &six("9999999999"));
    let window = |life: &str, lines: &str| game("ping(uint256 n)", lines).replace("1h", life);
    let ten = window("10d", "spend = \"n <= 7 per 1d\"");
    pair(Code::ManyWindows, "meters[0].period", &ten, &window("9d", "spend = \"n <= 7 per 1d\""));
    pair(Code::ManyWindows, "meters[0].period", &ten, &window("10d", "at_most = \"7 per 1d\""));
    let said = lint(&draft(&ten)).into_iter().find(|f| f.code == Code::ManyWindows).unwrap().says;
    assert!(said.contains("7 in each of 10 windows is 70 "), "{said}");
    let shared = |first: &str| {
        with(&format!(
            "[meters.a]\nwhat = \"calls\"\ncap = \"5\"\n[meters.b]\nwhat = \"calls\"\ncap = \"5\"\n{GAME}function = \"one()\"\nat_most = [\"from a\", \"from b\"]\n{GAME}function = \"two()\"\nat_most = \"from {first}\"\n"
        ))
    };
    pair(Code::MeterOrder, "meters[0]", &shared("b"), &shared("a"));
}

#[test]
fn rules_do_not_get_in_each_others_way() {
    let two = |first: &str, second: &str| {
        let rule = |lines: &str| format!("{GAME}function = \"move(uint256 hero)\"\n{lines}\n");
        with(&format!("[meters.m]\nwhat = \"calls\"\ncap = \"5\"\n{}{}", rule(first), rule(second)))
    };
    let where_ = |c: &str, uses: &str| format!("where = [\"{c}\"]\nat_most = \"{uses}\"");
    let wide = where_("hero <= 9", "from m");
    pair(
        Code::UnreachableRule,
        "rules[1]",
        &two(&wide, &where_("hero in [2, 3]", "from m")),
        &two(&where_("hero in [2, 3]", "from m"), &wide),
    );
    // A meter of the earlier rule's own may run out first; then the later one is taken.
    pair(
        Code::UnreachableRule,
        "rules[1]",
        &two(&wide, &where_("hero == 3", "from m")),
        &two("where = [\"hero <= 9\"]\nat_most = [\"from m\", \"2\"]", &where_("hero == 3", "from m")),
    );
    pair(
        Code::UnreachableRule,
        "rules[1]",
        &two("", &where_("hero == 3", "from m")),
        &two(&wide, &where_("hero == 10", "from m")),
    );
    let own = |cap: &str, hero: &str| format!("where = [\"hero {hero}\"]\nat_most = [\"from m\", \"{cap}\"]");
    pair(
        Code::CapsAddUp,
        "rules[1]",
        &two(&own("5", "<= 9"), &own("7", "< 10")),
        &two(&own("5", "<= 9"), &own("7", "<= 10")),
    );
    let app = |verb: &str| {
        let rule = |verb: &str, more: &str| format!("[[allow]]\napp = \"a.example\"\nverb = \"{verb}\"\n{more}");
        with(&format!("{}{}", rule("post", ""), rule(verb, "where = [\"board == 'art'\"]\nat_most = \"5\"\n")))
    };
    pair(Code::UnreachableRule, "rules[1]", &app("post"), &app("read"));
}

#[test]
fn a_swap_has_a_price_and_what_it_brings_has_a_receiver() {
    let swap = |name: &str, lines: &str| {
        game(
            &format!("{name}(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline)"),
            &format!("at_most = \"5\"\nwhere = [\"deadline <= 1800000000\"{lines}]"),
        )
    };
    let to = format!(", \"to == {SHOP}\"");
    let price = ", \"amountOutMin >= amountIn * 0.99\"";
    let good = swap("swapExactTokensForTokens", &format!("{price}{to}"));
    pair(Code::SwapWithoutPrice, "rules[0]", &swap("swapExactTokensForTokens", &to), &good);
    pair(Code::SwapWithoutPrice, "rules[0]", &swap("swapExactTokensForTokens", &to), &swap("stake", &to));
    let fixed = |least: &str| {
        swap("swapExactTokensForTokens", &format!("{to}, \"amountIn <= 100\", \"amountOutMin >= {least}\""))
    };
    pair(Code::SwapWithoutPrice, "rules[0]", &fixed("0"), &fixed("95"));
    pair(Code::PriceWithoutRecipient, "rules[0]", &swap("swapExactTokensForTokens", price), &good);
    pair(
        Code::PriceWithoutRecipient,
        "rules[0]",
        &swap("swapExactTokensForTokens", price),
        &swap("swapExactTokensForTokens", ""),
    );
    let bare = |more: &str| {
        game("exchange(uint256, uint256, address)", &format!("at_most = \"5\"\nwhere = [\"$1 >= $0 * 0.99\"{more}]"))
    };
    pair(Code::PriceWithoutRecipient, "rules[0]", &bare(""), &bare(&format!(", \"$2 == {SHOP}\"")));
    let late =
        |lines: &str| game("buy(uint256 id, uint256 validUntil)", &format!("at_most = \"5\"\nwhere = [{lines}]"));
    pair(Code::DeadlineUnbound, "rules[0]", &late("\"validUntil > 5\""), &late("\"validUntil <= 5\""));
}

#[test]
fn typed_messages_have_a_home_bounds_and_an_end() {
    let typed = |ty: &str, domain: &str, lines: &str| {
        with(&format!("[[allow]]\ntyped = \"{ty}\"\n{domain}at_most = \"5\"\n{lines}\n"))
    };
    let order = "Order(address maker,uint256 size,uint64 expiry)";
    let bound = "where = [\"size <= 5\", \"expiry <= 1800000000\"]";
    let good = typed(order, DOMAIN, bound);
    pair(Code::DomainOpen, "rules[0].domain", &typed(order, "domain = { chainId = 1 }\n", bound), &good);
    let no_chain = DOMAIN.replace("chainId = 1, ", "");
    pair(Code::DomainOpen, "rules[0].domain", &typed(order, &no_chain, bound), &good);
    pair(Code::PermitUnbound, "rules[0]", &typed(order, DOMAIN, ""), &good);
    pair(
        Code::PermitUnbound,
        "rules[0]",
        &typed(order, DOMAIN, ""),
        &typed("Cancel(address maker,uint64 expiry)", DOMAIN, ""),
    );
    pair(Code::MessageOutlives, "rules[0]", &typed(order, DOMAIN, "where = [\"size <= 5\"]"), &good);
    let until = |expiry: u64| {
        good.replace("lasts = \"1h\"", "from = 1700000000\nuntil = 1700003600")
            .replace("1800000000", &expiry.to_string())
    };
    pair(Code::MessageOutlives, "rules[0]", &until(1_700_003_601), &until(1_700_003_600));
    pair(Code::MessageOutlives, "rules[0]", &until(1_700_003_601_000), &until(1_700_003_600_000));
    let endless =
        typed("Cancel(address maker)", DOMAIN, "where = [\"maker == 0x5151515151515151515151515151515151515151\"]");
    pair(Code::MessageWithoutEnd, "rules[0]", &endless, &good);
}

#[test]
fn the_gallery_has_few_warnings_and_each_is_meant() {
    let mut warned = Vec::new();
    for template in gallery::ALL {
        for finding in lint(&draft(template.text)) {
            if finding.severity() == Severity::Warn {
                warned.push((template.name, finding.code, finding.at));
            }
        }
    }
    // The subscription says of itself that it is shown in red. The two arrays may hold any number of elements, and their
    // calls caps count calls, however long.
    let meant = [
        ("on-chain-game", Code::EveryWithoutLength),
        ("subscription", Code::LongLife),
        ("virtual-world", Code::EveryWithoutLength),
    ];
    for (name, code, at) in &warned {
        assert!(meant.contains(&(name, *code)), "{name}: {} at {at}", code.name());
    }
}

#[test]
fn the_reference_lists_every_code() {
    let path = format!("{}/../../docs/reference/lint.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(path).unwrap();
    let rows: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let (cause, cure) = explained(*code);
            format!("| `{}` | {} | {cause} | {cure} |", code.name(), code.severity().name())
        })
        .collect();
    let found: Vec<&str> = page.lines().filter(|l| l.starts_with("| `")).collect();
    assert!(found == rows, "the table of docs/reference/lint.md is not this:\n{}", rows.join("\n"));
    assert!(Code::ALL.iter().all(|c| Code::ALL.iter().filter(|d| d.name() == c.name()).count() == 1));
}
