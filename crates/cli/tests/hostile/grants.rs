//! Passes that may not be asked for.

use crate::common::World;
use crate::common::people::{address_of, pay_pass};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_asks_for_too_much_is_refused_when_it_is_asked_for() {
    let world = World::start("hostile-grants").await;
    let alice = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let good = pay_pass(token, shop, 10);
    let top = |line: &str| format!("{line}\n{good}");
    let to = |target: String| {
        good.replace(
            "call = \"AUSD\"\nfunction = \"transfer(address to, uint256 amount)\"",
            &format!("call = \"{target}\""),
        )
        .replace(&format!("where = [\"to == {shop}\"]\nspend = \"amount <= 10\""), "at_most = \"1\"")
    };
    let delegate = world.chain.suite.delegate.0;
    let key65 = format!("0x{}", "11".repeat(64));

    let cases = [
        ("the account itself", to(alice.account().to_string()), "bad_grant"),
        ("the backend", to(delegate.to_string()), "bad_grant"),
        ("an EntryPoint", to("0x0000000071727De22E5E9d8BAf0edAc6f37da032".to_owned()), "bad_grant"),
        ("another account", top(&format!("account = \"{}\"", address_of("bob"))), "wrong_account"),
        ("another backend", top(&format!("backend = \"{shop}\"")), "wrong_backend"),
        ("a foreign ender", top(&format!("ender = \"{shop}\"")), "wrong_ender"),
        ("another epoch", top("epoch = 1"), "epoch_moved"),
        ("another chain", good.replace("eip155:31337", "eip155:1"), "wrong_chain"),
        ("a P-256 key", top(&format!("key = \"p256:{key65}\"")), "not_yet_supported"),
        ("a requirement", format!("{good}[[requires]]\nrole = \"trader\"\n"), "not_yet_supported"),
        ("what has ended", good.replace("lasts = \"1h\"", "from = 100\nuntil = 200"), "grant_expired"),
        ("nothing", String::new(), "missing_field"),
        ("an unknown word", top("colour = \"red\""), "unknown_field"),
        ("a value without a meter", to(format!("{shop}\"\nvalue = \"<= 1")), "bad_text"),
        ("JSON that is none", "{".to_owned(), "bad_json"),
    ];
    let mut wrong = Vec::new();
    for (what, text, code) in cases {
        let answer = alice.api.post("/v1/grants", &json!({ "grant": text })).await;
        if answer.kind() != (422, code.to_owned()) {
            wrong.push(format!("{what}: expected {code}: {}", answer.text));
        }
    }
    // What the signer alone checks binds no key that signs without it.
    let outside = |rule: &str| format!("key = \"{shop}\"\n{good}{rule}");
    let beside = [
        "[[allow]]\ntyped = \"Order(uint256 size)\"\ndomain = { name = \"Exchange\", chainId = 31337 }\nspend = \"size <= 1\"\n",
        "[[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nat_most = \"1\"\n",
    ];
    for rule in beside {
        let answer = alice.api.post("/v1/grants", &json!({ "grant": outside(rule) })).await;
        if answer.kind() != (422, "outside_ceiling".to_owned()) {
            wrong.push(format!("{rule}: {}", answer.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let sessions = alice.api.get("/v1/sessions").await.ok();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "only the login: {sessions}");
    alice.ask(&good).await;
}
