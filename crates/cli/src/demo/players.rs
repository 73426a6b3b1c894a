//! Two owners, one for each home of an account.

use super::report::Report;
use super::setup::World;
use crate::client::Client;
use crate::commands::serve::node_error;
use crate::commands::{login, wallet_error};
use crate::error::CliError;
use alloy_primitives::{Address, TxKind, U256};
use alloy_sol_types::SolCall;
use hallpass_chain::Home;
use hallpass_chain::contracts::IERC20;
use hallpass_chain::wallet::{DevWallet, Manners};
use hallpass_policy::eip712::domain;
use hallpass_policy::{Grant, json};
use hallpass_server::endpoints::approve::{ApproveBody, ApproveView, AuthorizationBody};
use hallpass_server::endpoints::request_grant::{GrantView, RequestBody};

/// An owner who is logged in.
pub struct Player {
    /// The home, as shown.
    pub name: &'static str,
    /// The wallet.
    pub wallet: DevWallet,
    /// The server, with the owner's token.
    pub client: Client,
    /// The account that passes spend from.
    pub account: Address,
    /// The home.
    pub home: Home,
}

/// A pass that stands on chain.
pub struct Pass {
    /// The session's id.
    pub session: String,
    /// The grant.
    pub grant: Grant,
}

impl Player {
    /// The owner's EOA itself, delegated by EIP-7702; the wallet is a key in a program.
    pub async fn delegated(world: &World) -> Result<Self, CliError> {
        let wallet = wallet("owner-a", world, Manners::Local)?;
        Self::new(world, "7702", wallet, Home::Delegated).await
    }

    /// A pocket; the wallet refuses what MetaMask refuses.
    pub async fn pocket(world: &World) -> Result<Self, CliError> {
        let wallet = wallet("owner-b", world, Manners::Browser)?;
        let home = Home::Pocket { owner: wallet.address(), index: 0 };
        Self::new(world, "pocket", wallet, home).await
    }

    async fn new(world: &World, name: &'static str, wallet: DevWallet, home: Home) -> Result<Self, CliError> {
        let view = login::with_wallet(&world.server, &wallet).await?;
        eprintln!("{name}: logged in as {} (ERC-4361), session {}", view.account, view.session);
        let account = home.account(&world.suite, wallet.address());
        // The owner funds the account before anything stands there.
        let call = IERC20::transferCall { to: account, amount: U256::from(1_000_000_000_u64) };
        world.send(&world.deployer, TxKind::Call(world.token), call.abi_encode().into(), None).await?;
        Ok(Self {
            name,
            wallet,
            client: world.server.clone().with_token(login::token(&view)?.to_owned()),
            account,
            home,
        })
    }

    /// Reads a grant, shows it, has the owner sign it, and waits until it stands on chain.
    pub async fn hand_out(&self, world: &World, text: &str, report: &Report, show: bool) -> Result<Pass, CliError> {
        let text = text
            .replace("{TOKEN}", &world.token.to_checksum(None))
            .replace("{GAME}", &world.game.to_checksum(None))
            .replace("{SHOP}", &world.shop.to_checksum(None));
        let pocket = match self.home {
            Home::Delegated => None,
            Home::Pocket { index, .. } => Some(index),
        };
        let view: GrantView = self
            .client
            .post("/v1/grants", &RequestBody { grant: text, pocket, signer_only: false, replaces: None })
            .await?;
        if show {
            report.say(&view.text);
        }
        let grant = json::parse_grant(&view.canonical).map_err(|e| CliError::missing(e.code(), e.to_string()))?;
        let message = grant.message();
        let signature =
            self.wallet.sign_typed(&domain(message.chainId, message.backend), &message).map_err(wallet_error)?;
        let authorization = match view.needs.as_deref() {
            Some("delegation") => {
                let nonce = world.node.next_nonce(self.wallet.address()).await.map_err(|e| node_error(&e))?;
                Some(AuthorizationBody::from(
                    &self.wallet.sign_authorization(grant.backend, nonce).map_err(wallet_error)?,
                ))
            }
            _ => None,
        };
        let body = ApproveBody { signature: signature.to_string(), authorization, words_hash: None };
        let done: ApproveView = self.client.post(&format!("/v1/sessions/{}/approve", view.session.id), &body).await?;
        if show {
            report.say(&format!(
                "approved and installed: session {}, {} gas, transaction {}",
                view.session.id,
                done.gas_used.unwrap_or_default(),
                done.tx.unwrap_or_default()
            ));
        }
        Ok(Pass { session: view.session.id, grant })
    }
}

fn wallet(name: &str, world: &World, manners: Manners) -> Result<DevWallet, CliError> {
    DevWallet::named(name, world.node.chain(), manners).map_err(wallet_error)
}
