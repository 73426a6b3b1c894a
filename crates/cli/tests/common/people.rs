//! Owners with development wallets, and the passes that they hand out.

use super::World;
use super::api::{Answer, Api, execute_body};
use super::chain::{CHAIN, Chain};
use super::secrets;
use alloy_primitives::{Address, Bytes, U256, hex, keccak256};
use alloy_sol_types::SolCall;
use hallpass_auth::siwe::{DateTime, Message};
use hallpass_chain::contracts::IERC20;
use hallpass_chain::wallet::{DevWallet, Manners};
use hallpass_policy::eip712::domain;
use hallpass_policy::{Grant, json as grant_json};
use hallpass_types::{ChainId, UnixSeconds};
use serde_json::{Value, json};

/// A wallet, its login and its account: the wallet's own address, by EIP-7702.
pub struct Owner {
    pub wallet: DevWallet,
    pub api: Api,
}

/// A pass that was asked for.
#[derive(Debug, Clone)]
pub struct Pass {
    pub session: String,
    pub grant: Grant,
    pub needs_delegation: bool,
}

impl Pass {
    /// Reads the answer to the request.
    pub fn of(view: &Value) -> Self {
        Self {
            session: view["session"]["id"].as_str().unwrap().to_owned(),
            grant: grant_json::parse_grant(view["canonical"].as_str().unwrap()).unwrap(),
            needs_delegation: view["needs"] == "delegation",
        }
    }
}

/// A development wallet.
pub fn wallet(name: &str) -> DevWallet {
    secrets::plant(&format!("the key of {name}"), &hex::encode(keccak256(format!("hallpass development key {name}"))));
    DevWallet::named(name, ChainId::new(CHAIN).unwrap(), Manners::Local).unwrap()
}

/// An address that nobody has used, by its name.
pub fn address_of(name: &str) -> Address {
    Address::from_word(keccak256(name))
}

/// The message that `POST /v1/login/nonce` asks for.
pub async fn login_message(api: &Api, address: Address) -> String {
    let nonce = api.post("/v1/login/nonce", &Value::Null).await.ok();
    let text = |key: &str| nonce[key].as_str().unwrap().to_owned();
    let now = UnixSeconds::new(nonce["now"].as_u64().unwrap()).unwrap();
    let message = Message {
        statement: Some("Log in.".parse().unwrap()),
        ..Message::required(
            text("domain").parse().unwrap(),
            address,
            text("uri").parse().unwrap(),
            ChainId::new(CHAIN).unwrap(),
            text("nonce").parse().unwrap(),
            DateTime::from_unix(now).unwrap(),
        )
    };
    message.to_string()
}

/// `POST /v1/login`.
pub async fn log_in(api: &Api, message: &str, signature: &Bytes) -> Answer {
    api.post("/v1/login", &json!({ "message": message, "signature": signature.to_string() })).await
}

impl Owner {
    pub async fn new(world: &World, name: &str) -> Self {
        Self::on(&world.server.api, &world.chain, name).await
    }

    /// At a server that is no [`World`]'s.
    pub async fn on(api: &Api, chain: &Chain, name: &str) -> Self {
        let owner = Self::logged_in(api, name).await;
        chain.give_tokens(owner.wallet.address(), 1_000_000_000).await;
        owner
    }

    /// Logged in, and nothing else.
    pub async fn logged_in(api: &Api, name: &str) -> Self {
        let wallet = wallet(name);
        let message = login_message(api, wallet.address()).await;
        let view = log_in(api, &message, &wallet.sign_message(&message).unwrap()).await.ok();
        Self { api: api.with(view["token"].as_str().unwrap()), wallet }
    }

    /// The account that passes spend from.
    pub fn account(&self) -> Address {
        self.wallet.address()
    }

    /// Asks for a pass.
    pub async fn ask(&self, text: &str) -> Pass {
        Pass::of(&self.api.post("/v1/grants", &json!({ "grant": text })).await.ok())
    }

    /// The body of `approve`, signed.
    pub async fn approval(&self, world: &World, pass: &Pass) -> Value {
        self.approval_on(&world.chain, pass).await
    }

    /// The same on a chain that is no [`World`]'s.
    pub async fn approval_on(&self, chain: &Chain, pass: &Pass) -> Value {
        let message = pass.grant.message();
        let signature = self.wallet.sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
        let mut body = json!({ "signature": signature.to_string() });
        if pass.needs_delegation {
            let nonce = chain.node.next_nonce(self.wallet.address()).await.unwrap();
            body["authorization"] = self.authorization(pass.grant.backend, nonce);
        }
        body
    }

    /// A signed EIP-7702 authorization.
    pub fn authorization(&self, to: Address, nonce: u64) -> Value {
        let signed = self.wallet.sign_authorization(to, nonce).unwrap();
        json!({
            "chainId": signed.chain_id.to::<u64>(), "address": to.to_checksum(None), "nonce": nonce,
            "yParity": signed.y_parity(), "r": signed.r().to_string(), "s": signed.s().to_string(),
        })
    }

    /// Asks for a pass and approves it.
    pub async fn hand_out(&self, world: &World, text: &str) -> Pass {
        let pass = self.ask(text).await;
        let body = self.approval(world, &pass).await;
        self.api.post(&format!("/v1/sessions/{}/approve", pass.session), &body).await.ok();
        pass
    }

    /// `POST` to a session's endpoint.
    pub async fn at(&self, session: &str, what: &str, body: &Value) -> Answer {
        self.api.post(&format!("/v1/sessions/{session}/{what}"), body).await
    }

    /// Executes an action.
    pub async fn execute(&self, session: &str, key: &str, action: &Value) -> Answer {
        self.at(session, "execute", &execute_body(key, action)).await
    }
}

/// A pass to pay `shop` up to `cap` smallest units of the token, for an hour.
pub fn pay_pass(token: Address, shop: Address, cap: u64) -> String {
    format!(
        "title = \"Pay the shop\"\nchain = \"eip155:{CHAIN}\"\nlasts = \"1h\"\n\
         [tokens.AUSD]\naddress = \"{token}\"\ndecimals = 6\n\
         [[allow]]\ncall = \"AUSD\"\nfunction = \"transfer(address to, uint256 amount)\"\n\
         where = [\"to == {shop}\"]\nspend = \"amount <= {cap}\"\n"
    )
}

/// A payment.
pub fn pay(token: Address, shop: Address, amount: u64) -> Value {
    let data: Bytes = IERC20::transferCall { to: shop, amount: U256::from(amount) }.abi_encode().into();
    json!({ "call": { "chain": format!("eip155:{CHAIN}"), "to": token.to_checksum(None), "value": "0", "data": data } })
}
