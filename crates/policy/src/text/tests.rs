use super::*;
use crate::words::{Lists, explain, to_text};

const ARENA: &str = r#"
title = "Arena: play for an hour"
chain = "eip155:31337"
lasts = "1h"

[tokens.AUSD]
address = "0x5fbdb2315678afecb367f032d93f642f64180aa3"
decimals = 6

[[allow]]
call = "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"
function = "move(uint256 hero, uint8 direction)"
where = ["hero in [1, 2, 3]", "direction <= 3"]
at_most = "120 per 1m"

[[allow]]
call = "AUSD"
function = "transfer(address to, uint256 amount)"
where = ["to == 0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0"]
spend = "amount <= 25.5 AUSD per 1d"

[[allow]]
call = "0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9"
value = "<= 0.01 ETH"
spend = "value <= 0.05 ETH per 1d"
"#;

#[test]
fn what_is_printed_reads_back_as_the_same_draft() {
    let draft = parse(ARENA).unwrap();
    let printed = print(&draft);
    assert_eq!(parse(&printed).unwrap(), draft, "{printed}");
    assert_eq!(crate::json::parse(&crate::json::print(&draft)).unwrap(), draft);
}

#[test]
fn meters_that_are_shared_or_out_of_place_read_back_too() {
    let shared = ARENA.replace("at_most = \"120 per 1m\"", "at_most = \"from all\"")
        + "[[allow]]\ncall = \"0xe7f1725e7734ce288f8367e1bb143e90bb3f0512\"\nfunction = \"craft(uint256)\"\nat_most = \"from all\"\n\
           [meters.all]\nwhat = \"calls\"\ncap = 9\nper = \"2h\"\nanchor = 1970-01-01T00:00:10Z\nid = 7\n";
    let draft = parse(&shared).unwrap();
    assert_eq!(draft.meters.iter().map(|m| m.id).collect::<Vec<_>>(), [1, 2, 7]);
    let printed = print(&draft);
    assert_eq!(parse(&printed).unwrap(), draft, "{printed}");
}

#[test]
fn an_error_points_at_its_place_and_says_what_would_be_right() {
    for (from, to, place, says) in [
        ("eip155:31337", "eip155:0", (3, 9), "never 0"),
        ("direction <= 3", "direction <= 256", (13, 45), "does not fit `uint8`"),
        ("direction <= 3", "speed <= 3", (13, 32), "no argument `speed`"),
        ("lasts = \"1h\"", "lasts = \"1h\"\nmax = 3", (5, 1), "`max` is not known here"),
        ("25.5 AUSD", "25.5 USDT", (20, 9), "`USDT` is no unit"),
        ("25.5 AUSD", "25.5000001 AUSD", (20, 9), "at most 6 decimals"),
        ("per 1m", "per 59s", (14, 11), "at least 60 seconds"),
        ("spend = \"amount", "at_most = \"3\"\n#", (16, 1), "no cap counts it"),
        (
            "0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0",
            "0x9FE46736679d2d9a65f0992f2272de9f3c7fa6e0",
            (19, 17),
            "checksum",
        ),
        ("spend = \"value <= 0.05 ETH per 1d\"", "", (22, 1), "needs a cap"),
        ("lasts = \"1h\"", "lasts = 1h", (4, 9), ""),
    ] {
        let text = ARENA.replace(from, to);
        let text = if from.starts_with("spend = \"amount") {
            text + "[meters.t]\nwhat = \"token\"\ntoken = \"AUSD\"\ncap = 1\n"
        } else {
            text
        };
        let error = parse(&text).unwrap_err();
        assert!(error.to_string().contains(says), "{to}: {error}");
        assert_eq!((error.line, error.column), place, "{error}");
    }
}

#[test]
fn the_words_hold_every_bound_and_quote_claims() {
    let draft = parse(ARENA).unwrap();
    let text = to_text(&explain(&draft, &Lists::default()));
    for part in [
        "the requester calls this pass \"Arena: play for an hour\"",
        "only if argument 1 (\"hero\") is one of 1, 2, 3\n     and argument 2 (\"direction\") is at most 3",
        "at most 120 calls in each window of 1 minute",
        "7200 calls in the worst case",
        "25500000 smallest units (the requester says that is 25.5 AUSD)",
        "is 0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0",
        "0.05 of the native coin (50000000000000000 wei)",
        "1 hour, from the moment the pass is asked for",
        "! no list of this server knows contract 0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512",
    ] {
        assert!(text.contains(part), "{part} not in:\n{text}");
    }
}

#[test]
fn a_function_that_borrows_the_selector_of_another_is_refused() {
    let rule = "function = \"transfer(address to, uint256 amount)\"";
    let disguised = ARENA.replace(rule, "function = \"join_tg_invmru_haha_fd06787(address to, bool amount)\"");
    let disguised = disguised.replace("spend = \"amount <= 25.5 AUSD per 1d\"", "at_most = \"1\"");
    let error = parse(&disguised).unwrap_err();
    assert_eq!((error.code, error.line), ("bad_grant", 16), "{error}");
    assert!(error.says.contains("selector of `transfer(address,uint256)`"), "{error}");
}

#[test]
fn what_moves_tokens_uncounted_or_to_anybody_is_red_whoever_names_it() {
    let red = |function: &str| {
        let source = format!(
            "chain = \"eip155:1\"\nlasts = \"1h\"\n[[allow]]\ncall = \"0xe7f1725e7734ce288f8367e1bb143e90bb3f0512\"\nfunction = \"{function}\"\nat_most = \"1\"\n"
        );
        let lines = explain(&parse(&source).unwrap(), &Lists::default());
        lines.into_iter().filter(|l| l.tone == crate::words::Tone::Red).map(|l| l.text).collect::<Vec<_>>().join("\n")
    };
    for function in
        ["transfer(address a, uint256 b)", "approveAndCall(address,uint256)", "approve(address,address,uint160,uint48)"]
    {
        let text = red(function);
        assert!(text.contains("no cap counts it") && text.contains("does not bind who receives"), "{function}: {text}");
    }
    assert!(red("setApprovalForAll(address,bool)").contains("every token of a collection"));
    assert!(!red("move(uint256)").contains("no cap counts it"));
}

#[test]
fn a_requesters_names_stay_inside_their_quotation_marks() {
    for title in ["Arena\\\", audited by Hallpass", "a\u{202e}b", "a\u{3164}b", ""] {
        let text = ARENA.replace("Arena: play for an hour", title);
        assert!(parse(&text).is_err(), "{title}");
    }
    assert!(parse(&ARENA.replace("[tokens.AUSD]", "[tokens.wei]").replace("AUSD", "wei")).is_err());
}

#[test]
fn a_unit_is_one_of_what_is_counted() {
    for (line, says) in [
        ("spend = \"amount <= 25.5 ETH per 1d\"", "`ETH` is not the unit of what this line counts"),
        ("spend = \"amount <= 25.5 OTHER per 1d\"", "`OTHER` is not the unit"),
    ] {
        let text = ARENA.replace("spend = \"amount <= 25.5 AUSD per 1d\"", line)
            + "[tokens.OTHER]\naddress = \"0x0000000000000000000000000000000000000001\"\ndecimals = 6\n";
        let error = parse(&text).unwrap_err();
        assert!(error.says.contains(says), "{error}");
    }
    let native = ARENA.replace("value <= 0.05 ETH per 1d", "value <= 0.05 AUSD per 1d");
    assert!(parse(&native).unwrap_err().says.contains("`AUSD` is not the unit"));
}

#[test]
fn the_native_value_has_a_name_of_its_own() {
    let rule = "[[allow]]\ncall = \"0xcf7ed3acca5a467e9e704c703e8d87f634fb0fc9\"\nfunction = \"f(uint256 value)\"\nvalue = \"<= 5\"\n";
    let head = "chain = \"eip155:1\"\nlasts = \"1h\"\n";
    let error = parse(&format!("{head}{rule}spend = \"value <= 9\"\n")).unwrap_err();
    assert!(error.hint.is_some_and(|hint| hint.contains("`$value`")));
    let draft = parse(&format!("{head}{rule}spend = [\"$value <= 9\", \"$0 <= 7\"]\n")).unwrap();
    assert_eq!(parse(&print(&draft)).unwrap(), draft, "{}", print(&draft));
}

#[test]
fn nothing_is_repaired_in_silence() {
    for (from, to) in [
        ("lasts = \"1h\"", "from = 2016-12-31T23:59:59Z\nuntil = 2016-12-31T23:59:60Z"),
        ("lasts = \"1h\"", "lasts = \"1h\"\nsequences = \"+0..7\""),
        ("lasts = \"1h\"", "lasts = \"1h\"\nsequences = \"0..07\""),
        ("lasts = \"1h\"", "lasts = \"1h\"\nrelay = { routes = [] }"),
    ] {
        assert!(parse(&ARENA.replace(from, to)).is_err(), "{to}");
    }
    // What a terminal would obey does not reach it.
    let error = parse(&ARENA.replace("lasts = \"1h\"", "lasts = \"1h\"\n\"x\\u001b[2J\" = 3")).unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
}
