//! The same at a server: contract wallets log in, are asked again, and lose their logins with their owners.

use crate::common::api::Api;
use crate::common::people::{log_in, login_message};
use crate::common::server::Folder;
use crate::inside::Inside;
use crate::lab::{ITestFactory, Lab, Manner, counterfactual, wrapped};
use alloy_primitives::{Address, B256, Bytes};
use hallpass_auth::personal_hash;
use hallpass_server::work;
use hallpass_session::Lifecycle;
use serde_json::{Value, json};

/// What stands at an account is remembered for a block; what it answers is not.
const IN_THE_SAME_BLOCK: [&str; 2] = ["eth_getBlockByNumber", "eth_call"];

/// For how long an answer is good.
const GOOD_FOR: u64 = 300;

struct Play {
    lab: Lab,
    inside: Inside,
    _folder: Folder,
}

impl Play {
    async fn start(name: &str) -> Self {
        let lab = Lab::new().await;
        let folder = Folder::new(name);
        let inside = Inside::start(&folder, &lab.proxy.url, None).await;
        lab.forget();
        Self { lab, inside, _folder: folder }
    }

    /// A login of `account`, whose owner signs; what `sign` makes of that signature is handed over.
    async fn login(&self, account: Address, refresh: bool, sign: impl FnOnce(Bytes) -> Bytes) -> Value {
        let message = login_message(&self.inside.api, account).await;
        let signature = sign(self.lab.owner.sign(personal_hash(&message)).unwrap());
        let body = json!({ "message": message, "signature": signature.to_string(), "refresh": refresh });
        self.inside.api.post("/v1/login", &body).await.ok()
    }

    fn with(&self, login: &Value) -> Api {
        self.inside.api.with(login["token"].as_str().unwrap())
    }

    async fn refresh(&self, login: &Value) -> crate::common::api::Answer {
        let form = format!("grant_type=refresh_token&refresh_token={}", login["refresh_token"].as_str().unwrap());
        self.inside.api.post_raw("/v1/token", "application/x-www-form-urlencoded", form).await
    }

    /// Another owner's wallet stands where this one stood.
    async fn remove_owner(&self, account: Address) {
        let other = self.lab.wallet(Manner::AllOnes).await;
        let code = self.lab.chain.rpc("eth_getCode", json!([other, "latest"])).await;
        self.lab.chain.rpc("anvil_setCode", json!([account, code])).await;
        self.lab.chain.rpc("anvil_mine", json!(["0x1"])).await;
    }

    /// The server's clock goes on, and what is done now and then is done.
    async fn pass(&self, seconds: u64) {
        self.inside.clock.set(self.inside.app.clock.now().get() + seconds);
        work::wallet::ask_again(&self.inside.app).await.unwrap();
    }

    async fn reason(&self, session: &Value) -> Option<&'static str> {
        let id = session["session"].as_str().unwrap().parse().unwrap();
        let login = self.inside.app.store.read().await.unwrap().logins().find(id).await.unwrap().unwrap();
        match login.lifecycle {
            Lifecycle::Revoked { reason, .. } => Some(reason.code()),
            _ => None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_wallet_logs_in_and_is_asked_again_before_its_answer_is_too_old() {
    let play = Play::start("wallet-login").await;
    let account = play.lab.wallet(Manner::Owner).await;
    let login = play.login(account, false, |own| own).await;
    let api = play.with(&login);
    assert_eq!(api.get("/v1/me").await.ok()["account"], format!("eip155:31337:{}", account.to_checksum(None)));
    play.lab.asked();
    play.pass(GOOD_FOR / 2 - 1).await;
    assert_eq!(play.lab.asked(), [""; 0]);
    for _ in 0..5 {
        play.pass(GOOD_FOR / 2).await;
        assert_eq!(play.lab.asked(), IN_THE_SAME_BLOCK);
        api.get("/v1/me").await.ok();
    }
    play.remove_owner(account).await;
    api.get("/v1/me").await.ok();
    play.pass(GOOD_FOR / 2).await;
    api.get("/v1/me").await.refused(401, "not_logged_in");
    assert_eq!(play.reason(&login).await, Some("wallet_refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_cannot_be_asked_has_no_login_once_its_answer_is_too_old() {
    let play = Play::start("wallet-silent").await;
    let account = play.lab.wallet(Manner::Owner).await;
    let login = play.login(account, false, |own| own).await;
    let by_key = play.login(play.lab.owner.address(), false, |own| own).await;
    play.lab.proxy.down(true);
    play.pass(GOOD_FOR - 1).await;
    play.with(&login).get("/v1/me").await.ok();
    play.pass(1).await;
    play.with(&login).get("/v1/me").await.refused(401, "not_logged_in");
    play.with(&by_key).get("/v1/me").await.ok();
    // It does not come back with the node.
    play.lab.proxy.down(false);
    play.pass(1).await;
    play.with(&login).get("/v1/me").await.refused(401, "not_logged_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_asks_first() {
    let play = Play::start("wallet-refresh").await;
    let account = play.lab.wallet(Manner::Owner).await;
    let login = play.login(account, true, |own| own).await;
    play.lab.asked();
    let next = play.refresh(&login).await.ok();
    assert_eq!(play.lab.asked(), IN_THE_SAME_BLOCK);
    // A node that does not answer costs no token: the same is asked for again.
    play.lab.proxy.down(true);
    let refused = play.refresh(&next).await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    play.lab.proxy.down(false);
    let last = play.refresh(&next).await.ok();
    play.remove_owner(account).await;
    let body = play.refresh(&last).await;
    assert_eq!((body.status, body.json()["error"].as_str()), (400, Some("invalid_grant")));
    for token in [&last, &next] {
        let api = play.inside.api.with(token["access_token"].as_str().unwrap());
        api.get("/v1/me").await.refused(401, "not_logged_in");
    }
    assert_eq!(play.reason(&login).await, Some("wallet_refused"));
    // Nobody without the token has the node asked.
    play.lab.asked();
    let form = format!("grant_type=refresh_token&refresh_token=hpr_{}", "5a".repeat(32));
    play.inside.api.post_raw("/v1/token", "application/x-www-form-urlencoded", form).await;
    assert_eq!(play.lab.asked(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_is_not_deployed_yet_logs_in_and_nothing_is_sent() {
    let play = Play::start("wallet-later").await;
    let factory = play.lab.deploy("TestFactory", &[]).await;
    let (owner, salt) = (play.lab.owner.address(), B256::repeat_byte(9));
    let account = counterfactual(factory, Manner::Owner, owner, salt);
    let call = ITestFactory::deployCall { how: Manner::Owner as u8, owner, salt };
    let before = play.lab.everything().await;
    let login = play.login(account, false, |own| wrapped(factory, &call, &own).into()).await;
    play.with(&login).get("/v1/me").await.ok();
    play.pass(GOOD_FOR / 2).await;
    play.with(&login).get("/v1/me").await.ok();
    assert!(play.lab.everything().await == before);
    play.lab.asked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_account_is_never_asked_about_and_nobody_logs_in_for_a_contract_that_refuses() {
    let play = Play::start("wallet-plain").await;
    let login = play.login(play.lab.owner.address(), true, |own| own).await;
    play.refresh(&login).await.ok();
    play.pass(10 * GOOD_FOR).await;
    assert_eq!(play.lab.asked(), [""; 0]);
    for manner in [Manner::AllOnes, Manner::True, Manner::Simulated] {
        let account = play.lab.wallet(manner).await;
        let message = login_message(&play.inside.api, account).await;
        let signature = play.lab.owner.sign(personal_hash(&message)).unwrap();
        log_in(&play.inside.api, &message, &signature).await.refused(401, "contract_refused");
        // Its nonce is gone.
        log_in(&play.inside.api, &message, &signature).await.refused(401, "nonce_unknown");
    }
    play.lab.proxy.down(true);
    let message = login_message(&play.inside.api, Address::repeat_byte(0x77)).await;
    let signature = play.lab.owner.sign(personal_hash(&message)).unwrap();
    log_in(&play.inside.api, &message, &signature).await.refused(503, "node_unreachable");
}
