//! Roles: what is for some alone, and what the app is told of them.

use crate::client::{Client, bearer};
use crate::common::chain::{Chain, IItems, INft};
use crate::common::people::wallet;
use crate::common::proxy::Proxy as Line;
use crate::direct::{ask, asked, credential, front};
use crate::inside::Inside;
use crate::proxies::Program;
use crate::site::Site;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use hallpass_server::roles::{Rule, Source, Token};
use hallpass_types::{AccountId, ChainId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn rule(role: &str, source: Source) -> Rule {
    Rule { role: role.to_owned(), source }
}

fn listed(name: &str) -> Source {
    let account = AccountId { chain: ChainId::new(31_337).unwrap(), address: wallet(name).address() };
    Source::Listed([account].into())
}

fn holds(token: Token, at_least: u64) -> Source {
    Source::Holds { token, at_least: U256::from(at_least) }
}

async fn give(chain: &Chain, token: Address, call: &impl SolCall) {
    chain.transact(Some(token), call.abi_encode().into()).await;
}

/// A club: members hold a piece of its collection, Alice does, and she trades too. Nobody is a whale.
struct Club {
    site: Site,
    line: Line,
    chain: Chain,
    nft: Address,
    alice: String,
    bob: String,
}

/// Whom the app is told of, or status and text of the refusal.
type Told = Result<String, (u16, String)>;

impl Club {
    /// One behind each program, one after the other.
    async fn each(name: &str, test: impl AsyncFn(&Club)) {
        for program in Program::ALL {
            let chain = Chain::start().await;
            let (nft, line) = (chain.nft().await, Line::to(&chain.url));
            give(&chain, nft, &INft::mintCall { to: wallet("alice").address(), id: U256::from(1) }).await;
            let rules = vec![
                rule("trader", listed("alice")),
                rule("whale", holds(Token::Erc20(chain.token), 1_000_000)),
                rule("member", holds(Token::Erc721(nft), 1)),
            ];
            let site = Site::ruled(name, program, rules, &line.url).await;
            let (alice, bob) = (site.client.bearer("alice").await, site.client.bearer("bob").await);
            test(&Club { site, line, chain, nft, alice, bob }).await;
        }
    }

    async fn ask(&self, token: &str, path: &str, more: &[(&str, String)]) -> Told {
        let told = self.site.wire().await.get(path, &[&[bearer(token)], more].concat()).await;
        if told.answer.status != 200 {
            self.site.untouched(path);
            return Err((told.answer.status, told.answer.text));
        }
        let [seen] = self.site.app.seen().try_into().unwrap();
        assert!(seen.all("hallpass-roles").len() <= 1, "{seen:?}");
        Ok(seen.all("hallpass-roles").concat())
    }

    /// That somebody is no member by this evidence; nginx hands on the status alone.
    #[track_caller]
    fn no_member(&self, told: Told, evidence: &Value) {
        let (status, text) = told.unwrap_err();
        assert_eq!(status, 403, "{text}");
        if self.site.program == Program::Caddy {
            let body: Value = serde_json::from_str(&text).unwrap();
            let decision = &body["evidence"][0];
            assert_eq!((&body["code"], body["evidence"].as_array().unwrap().len()), (&json!("role_required"), 1));
            assert_eq!((&decision["role"], &decision["granted"]), (&json!("member"), &json!(false)));
            for (name, value) in evidence.as_object().unwrap() {
                assert_eq!(&decision["evidence"][name], value, "{name}");
            }
        }
    }

    fn holds_none(&self) -> Value {
        json!({ "source": "holds", "token": self.nft.to_checksum(None), "balance": "0", "at_least": "1" })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_role_is_let_in_and_nobody_else() {
    Club::each("front-roles", async |club| {
        let (alice, bob, holds_none) = (&club.alice, &club.bob, club.holds_none());
        // However it is written: the proxy asks for the role for all of it. A client's own query asks for nothing.
        for path in [
            "/members",
            "/members/list?page=2",
            "/memberships",
            "//members/list",
            "/%6dembers/",
            "/members%2Flist",
            "/members?role=trader",
        ] {
            assert_eq!(club.ask(alice, path, &[]).await.as_deref(), Ok("trader,member"), "{path}");
            club.no_member(club.ask(bob, path, &[]).await, &holds_none);
        }
        for path in ["/notes", "/notes?role=ghost", "/notes?role=member&page=2", "/?role=whale"] {
            assert_eq!(club.ask(alice, path, &[]).await.as_deref(), Ok("trader,member"), "{path}");
            assert_eq!(club.ask(bob, path, &[]).await.as_deref(), Ok(""), "{path}");
        }
        // Who is not logged in is told nothing of roles.
        let (status, text) = club.ask("hps_0", "/members", &[]).await.unwrap_err();
        assert!(status == 401 && !text.contains("role") && !text.contains("member"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_its_roles_is_not_heard() {
    Club::each("front-roles-spoof", async |club| {
        let (alice, bob, holds_none) = (&club.alice, &club.bob, club.holds_none());
        for name in ["Hallpass-Roles", "hallpass-roles", "HALLPASS_ROLES", "Hallpass_Roles", "Hallpass.Roles"] {
            let says = (name, "member,admin".to_owned());
            club.no_member(club.ask(bob, "/members", std::slice::from_ref(&says)).await, &holds_none);
            assert_eq!(club.ask(bob, "/notes", std::slice::from_ref(&says)).await.as_deref(), Ok(""), "{name}");
            let twice = [says.clone(), says.clone()];
            assert_eq!(club.ask(alice, "/notes", &twice).await.as_deref(), Ok("trader,member"), "{name}");
            // A client may have a proxy drop the header, never keep its own.
            let drops = [says, ("connection", format!("keep-alive, {name}"))];
            let told = club.ask(alice, "/notes", &drops).await.unwrap();
            assert!(["", "trader,member"].contains(&told.as_str()), "{name}: {told}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_lost_is_out_after_its_seconds_and_one_that_cannot_be_read_is_none() {
    Club::each("front-roles-lost", async |club| {
        let (alice, bob, holds_none) = (&club.alice, &club.bob, club.holds_none());
        assert_eq!(club.ask(alice, "/members", &[]).await.as_deref(), Ok("trader,member"));
        club.no_member(club.ask(bob, "/members", &[]).await, &holds_none);
        club.chain.hand_on(club.nft, wallet("alice").address(), wallet("bob").address(), 1).await;
        club.site.inside.clock.forward(29);
        assert_eq!(club.ask(alice, "/members", &[]).await.as_deref(), Ok("trader,member"));
        club.no_member(club.ask(bob, "/members", &[]).await, &holds_none);
        club.site.inside.clock.forward(1);
        club.no_member(club.ask(alice, "/members", &[]).await, &holds_none);
        assert_eq!(club.ask(alice, "/notes", &[]).await.as_deref(), Ok("trader"));
        assert_eq!(club.ask(bob, "/members", &[]).await.as_deref(), Ok("member"));

        club.line.down(true);
        club.site.inside.clock.forward(30);
        let unread = json!({ "source": "unread", "code": "node_unreachable" });
        club.no_member(club.ask(bob, "/members", &[]).await, &unread);
        // It takes nobody's login, nor a role that the operator gave.
        assert_eq!(club.ask(alice, "/notes", &[]).await.as_deref(), Ok("trader"));
        club.line.down(false);
        assert_eq!(club.ask(bob, "/members", &[]).await.as_deref(), Ok("member"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_nobody_configured_lets_nobody_in() {
    Site::each("front-roles-none", async |site| {
        let alice = site.client.bearer("alice").await;
        let told = site.wire().await.get("/members", &[bearer(&alice)]).await;
        assert_eq!(told.answer.status, 403);
        if site.program == Program::Caddy {
            told.answer.refused(403, "role_unknown");
        }
        site.untouched("no role is configured");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_that_is_asked_for_must_be_held_by_each_source() {
    let chain = Chain::start().await;
    let (nft, items, who) = (chain.nft().await, chain.items().await, wallet("alice").address());
    chain.give_tokens(who, 25).await;
    give(&chain, nft, &INft::mintCall { to: who, id: U256::from(1) }).await;
    give(&chain, items, &IItems::mintCall { to: who, id: U256::from(7), amount: U256::from(3) }).await;
    let rules = vec![
        rule("admin", listed("alice")),
        rule("holder", holds(Token::Erc20(chain.token), 25)),
        rule("rich", holds(Token::Erc20(chain.token), 26)),
        rule("collector", holds(Token::Erc721(nft), 1)),
        rule("smith", holds(Token::Erc1155(items, U256::from(7)), 3)),
        rule("other-smith", holds(Token::Erc1155(items, U256::from(8)), 1)),
        rule("staff", listed("bob")),
        rule("ghost", holds(Token::Erc20(Address::repeat_byte(0x99)), 1)),
    ];
    let inside = Inside::ruled("front-roles-each", vec![front()], rules, Some(&chain.url)).await;
    let client = Client::of(&inside);
    let (alice, bob) = (client.bearer("alice").await, client.bearer("bob").await);
    let ask = async |token: &str, query: &str| {
        let headers = [asked("GET", &credential()), vec![bearer(token)]].concat();
        ask(&inside, "GET", query, &headers).await
    };
    for name in ["admin", "holder", "collector", "smith"] {
        let told = ask(&alice, &format!("?role={name}")).await;
        assert_eq!(
            (told.answer.status, told.header("hallpass-roles")),
            (200, "admin,holder,collector,smith"),
            "{name}"
        );
        let refused = ask(&bob, &format!("?role={name}")).await;
        refused.answer.refused(403, "role_required");
        assert_eq!(refused.answer.json()["evidence"][0]["role"], name);
        assert!(!refused.headers.contains_key("hallpass-roles"));
    }
    for (name, evidence) in [
        ("rich", json!({ "balance": "25", "at_least": "26" })),
        ("other-smith", json!({ "id": "8", "balance": "0", "at_least": "1" })),
        ("staff", json!({ "source": "listed" })),
        ("ghost", json!({ "source": "unread", "code": "no_contract" })),
    ] {
        let refused = ask(&alice, &format!("?role=admin&role={name}")).await;
        refused.answer.refused(403, "role_required");
        let body = refused.answer.json();
        let [decision] = body["evidence"].as_array().unwrap().as_slice() else { panic!("{body}") };
        assert_eq!((&decision["role"], &decision["granted"]), (&json!(name), &json!(false)));
        for (name, value) in evidence.as_object().unwrap() {
            assert_eq!(&decision["evidence"][name], value, "{decision}");
        }
    }
    assert_eq!(ask(&alice, "?role=smith&role=admin&role=holder").await.answer.status, 200);
    assert_eq!(ask(&bob, "").await.header("hallpass-roles"), "staff");
    ask(&alice, "?role=admin&role=unheard-of").await.answer.refused(403, "role_unknown");
    for query in ["?page=2", "?role=admin&page=2", &format!("?{}", ["role=admin"; 9].join("&"))] {
        ask(&alice, query).await.answer.refused(403, "bad_query");
        // Whoever is not logged in is asked to log in, and told no more.
        ask("hps_0", query).await.answer.refused(401, "not_logged_in");
    }
    for query in ["?role=admin", "?role=unheard-of"] {
        ask("hps_0", query).await.answer.refused(401, "not_logged_in");
    }
}

/// However many roles there are, a node that hangs keeps nobody waiting once for each.
#[tokio::test(flavor = "multi_thread")]
async fn all_roles_are_read_at_one_block_and_a_node_that_does_not_answer_is_asked_once() {
    let chain = Chain::start().await;
    let line = Line::to(&chain.url);
    let rules = ["a", "b", "c"].map(|name| rule(name, holds(Token::Erc20(chain.token), 1))).to_vec();
    let inside = Inside::ruled("front-roles-once", vec![front()], rules, Some(&line.url)).await;
    let alice = Client::of(&inside).bearer("alice").await;
    let ask = async || {
        let headers = [asked("GET", &credential()), vec![bearer(&alice)]].concat();
        ask(&inside, "GET", "", &headers).await.answer.status
    };
    let before = line.count("eth_getBlockByNumber");
    assert_eq!((ask().await, line.count("eth_getBlockByNumber") - before), (200, 1));
    assert_eq!(line.count("eth_call"), 3);
    for silent in ["eth_getBlockByNumber", "eth_getCode", "eth_call"] {
        let failed = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&failed);
        line.lie(Some(move |asked: &Value, _: &mut Value| {
            let answers = asked["method"] != silent;
            count.fetch_add(u32::from(!answers), Ordering::SeqCst);
            answers
        }));
        inside.clock.forward(30);
        assert_eq!((ask().await, failed.load(Ordering::SeqCst)), (200, 1), "{silent}");
    }
}
