//! Passes that may not be asked for.

use crate::common::World;
use crate::common::people::{Pass, address_of, pay_pass};
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

/// Whoever sees the same key in two places knows that both are one person.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_key_is_one_persons_at_one_app() {
    let chain = crate::common::chain::Chain::start().await;
    let node = chain.url.clone();
    let app = |name: &str| format!("[[apps]]\nname = \"{name}\"\norigins = [\"https://{name}.example\"]\n");
    let apps = format!("{}{}", app("arena"), app("market"));
    let world = World::configured("hostile-keys", chain, &node, |_| apps).await;
    let (alice, bob) = (world.owner("alice").await, world.owner("bob").await);
    let good = pay_pass(world.chain.token, address_of("shop"), 10);
    let ask = async |owner: &crate::common::people::Owner, page: Option<&str>, grant: &str| {
        let request = reqwest::Client::new().post(format!("{}/v1/grants", owner.api.url));
        let request = request.bearer_auth(owner.api.token.as_ref().unwrap()).json(&json!({ "grant": grant }));
        let request = page.into_iter().fold(request, |request, page| request.header("origin", page));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.unwrap())
    };
    let (arena, market) = (Some("https://arena.example"), Some("https://market.example"));
    let outside = format!("key = \"{}\"\n{good}", address_of("a browser"));
    let (status, asked) = ask(&alice, arena, &outside).await;
    assert_eq!(status, 201, "{asked}");
    // What nobody has signed makes a key nobody's: else whoever knows an address would keep its holder out.
    let (status, early) = ask(&bob, arena, &outside).await;
    assert_eq!(status, 201, "{early}");
    let (first, early) = (Pass::of(&asked), Pass::of(&early));
    let body = alice.approval(&world, &first).await;
    alice.at(&first.session, "approve", &body).await.ok();
    let body = bob.approval(&world, &early).await;
    bob.at(&early.session, "approve", &body).await.refused(422, "key_known");
    for (owner, page) in [(&alice, market), (&alice, None), (&bob, arena), (&bob, market)] {
        let (status, body) = ask(owner, page, &outside).await;
        assert_eq!((status, body["code"].as_str()), (422, Some("key_known")), "{body}");
    }
    // At the same app it goes on.
    assert_eq!(ask(&alice, arena, &outside).await.0, 201);
    // Keys that the vault makes are new for each.
    let mut keys = std::collections::BTreeSet::new();
    for page in [arena, arena, market, None] {
        let (status, body) = ask(&alice, page, &good).await;
        assert_eq!(status, 201, "{body}");
        keys.insert(body["session"]["key"].as_str().unwrap().to_owned());
    }
    assert_eq!(keys.len(), 4);
}
