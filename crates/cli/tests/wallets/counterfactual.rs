//! Wallets that are not deployed, or not ready: preparations, honest and hostile. Nothing is ever sent, nothing changes.

use crate::common::people::address_of;
use crate::lab::{DISHONEST, ITestFactory, Lab, Manner, counterfactual, wrapped};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolValue};
use hallpass_auth::wallet::Eoa;
use serde_json::json;

const SALT: B256 = B256::repeat_byte(7);

struct Factory {
    lab: Lab,
    at: Address,
    owner: Address,
}

impl Factory {
    async fn new() -> Self {
        let lab = Lab::new().await;
        let at = lab.deploy("TestFactory", &[]).await;
        // Something to lose.
        lab.chain.rpc("anvil_setBalance", json!([at, "0xde0b6b3a7640000"])).await;
        let owner = lab.owner.address();
        Self { lab, at, owner }
    }

    fn wallet(&self, manner: Manner) -> Address {
        counterfactual(self.at, manner, self.owner, SALT)
    }

    /// Judges a wrapped signature, and requires that the chain is after it what it was before, to the last byte.
    async fn judged(&self, account: Address, to: Address, call: &impl SolCall, signature: &[u8]) -> &'static str {
        let before = self.lab.everything().await;
        let says = self.lab.proved(account, &wrapped(to, call, signature), Eoa::WithoutRpc).await;
        assert!(self.lab.everything().await == before, "something changed");
        assert_eq!(self.lab.asked(), ["eth_getBlockByNumber", "eth_call"]);
        says
    }
}

const fn deploy(how: Manner, owner: Address) -> ITestFactory::deployCall {
    ITestFactory::deployCall { how: how as u8, owner, salt: SALT }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_signs_before_it_is_deployed_and_after() {
    let f = Factory::new().await;
    let account = f.wallet(Manner::Owner);
    let call = deploy(Manner::Owner, f.owner);
    let (own, other) = (f.lab.signed(&f.lab.owner), f.lab.signed(&f.lab.stranger));
    assert_eq!(f.judged(account, f.at, &call, &own).await, "prepared");
    assert_eq!(f.judged(account, f.at, &call, &other).await, "contract_refused");
    // Without its wrapper it is the signature of a key, and the key is another account's.
    assert_eq!(f.lab.proved(account, &own, Eoa::WithoutRpc).await, "wrong_signer");
    f.lab.asked();
    for manner in DISHONEST {
        let call = deploy(manner, f.owner);
        assert_eq!(f.judged(f.wallet(manner), f.at, &call, &own).await, "contract_refused", "{manner:?}");
    }

    let before = f.lab.everything().await;
    f.lab.chain.transact(Some(f.at), call.abi_encode().into()).await;
    assert!(f.lab.everything().await != before, "what is compared tells a change");
    assert_eq!(f.judged(account, f.at, &call, &own).await, "contract");
    assert_eq!(f.judged(account, f.at, &call, &other).await, "preparation_failed");
    // It stands and accepts: no preparation is tried, whatever it would have been.
    assert_eq!(f.judged(account, f.at, &ITestFactory::pretendCall {}, &own).await, "contract");
    assert_eq!(f.judged(account, f.at, &ITestFactory::pretendCall {}, &other).await, "contract_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_preparation_changes_nothing_and_proves_nothing_more() {
    let f = Factory::new().await;
    let account = f.wallet(Manner::Owner);
    let (how, owner, salt) = (Manner::Owner as u8, f.owner, SALT);
    let own = f.lab.signed(&f.lab.owner);
    let heir = address_of("heir");

    // It deploys elsewhere, or not at all; to a plain account; to the wallet itself.
    let elsewhere = ITestFactory::deployCall { how, owner, salt: B256::repeat_byte(8) };
    assert_eq!(f.judged(account, f.at, &elsewhere, &own).await, "contract_not_deployed");
    let pretend = ITestFactory::pretendCall {};
    assert_eq!(f.judged(account, f.at, &pretend, &own).await, "contract_not_deployed");
    assert_eq!(f.judged(account, heir, &pretend, &own).await, "contract_not_deployed");
    assert_eq!(f.judged(account, account, &pretend, &own).await, "contract_not_deployed");
    // It deploys, and then fails; burns everything; or its return data is a bomb.
    let reverts = ITestFactory::deployAndRevertCall { how, owner, salt };
    assert_eq!(f.judged(account, f.at, &reverts, &own).await, "preparation_failed");
    let burns = ITestFactory::deployAndBurnCall { how, owner, salt };
    assert_eq!(f.judged(account, f.at, &burns, &own).await, "preparation_failed");
    let bomb = ITestFactory::deployAndBombCall { how, owner, salt };
    assert_eq!(f.judged(account, f.at, &bomb, &own).await, "prepared");
    // It destroys the factory and gives its money away: in the question alone.
    let destroys = ITestFactory::deployAndDestroyCall { how, owner, salt, heir };
    assert_eq!(f.judged(account, f.at, &destroys, &own).await, "prepared");
    assert!(!f.lab.chain.node.code(f.at).await.unwrap().is_empty());
    assert_eq!(f.lab.chain.node.balance(heir).await.unwrap(), U256::ZERO);
    // A stranger who deploys a wallet of his own has not become the account's owner.
    let stranger = f.lab.stranger.address();
    let his = ITestFactory::deployCall { how, owner: stranger, salt };
    assert_eq!(f.judged(account, f.at, &his, &f.lab.signed(&f.lab.stranger)).await, "contract_not_deployed");
    // A plain account cannot be given code, and its key does not count behind a wrapper.
    assert_eq!(f.judged(f.owner, f.at, &deploy(Manner::Owner, f.owner), &own).await, "contract_not_deployed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_stands_may_be_prepared_too() {
    let f = Factory::new().await;
    let sleeper = f.lab.deploy("SleepingWallet", &f.owner.abi_encode()).await;
    let (own, other) = (f.lab.signed(&f.lab.owner), f.lab.signed(&f.lab.stranger));
    assert_eq!(f.lab.proved(sleeper, &own, Eoa::WithoutRpc).await, "contract_refused");
    f.lab.asked();
    let wake = ITestFactory::wakeCall {};
    assert_eq!(f.judged(sleeper, sleeper, &wake, &own).await, "prepared");
    assert_eq!(f.judged(sleeper, sleeper, &wake, &other).await, "contract_refused");
    // It has not woken.
    assert!(!f.lab.chain.node.view(sleeper, &ITestFactory::awakeCall {}).await.unwrap());
    assert_eq!(f.lab.proved(sleeper, &own, Eoa::WithoutRpc).await, "contract_refused");
    f.lab.asked();
    f.lab.chain.transact(Some(sleeper), wake.abi_encode().into()).await;
    assert_eq!(f.lab.proved(sleeper, &own, Eoa::WithoutRpc).await, "contract");
}
