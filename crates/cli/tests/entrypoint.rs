//! The EntryPoint's route, with the real EntryPoints 0.7 and 0.8: the server signs, strangers bundle, and what becomes of an operation
//! is what the EntryPoint says at a final block.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use alloy_sol_types::{SolCall, sol};
use common::World;
use common::chain::Chain;
use common::people::{Owner, Pass, address_of, pay, wallet};
use common::server::Folder;
use serde_json::{Value, json};
use std::time::Duration;

sol! {
    #[derive(Debug)]
    struct PackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
        bytes signature;
    }
    interface IEntryPoint {
        function handleOps(PackedUserOperation[] ops, address beneficiary);
        function getUserOpHash(PackedUserOperation op) view returns (bytes32);
    }
    function validateUserOp(PackedUserOperation op, bytes32 userOpHash, uint256 missing) returns (uint256);
}

/// A version of the EntryPoint, at its canonical address.
#[derive(Debug, Clone, Copy)]
struct Version {
    name: &'static str,
    at: Address,
    /// Where its package is, below `node_modules`.
    package: &'static str,
}

const V07: Version =
    Version { name: "0.7", at: address!("0x0000000071727De22E5E9d8BAf0edAc6f37da032"), package: "entrypoint-0.7" };
const V08: Version = Version {
    name: "0.8",
    at: address!("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
    package: "@account-abstraction/contracts",
};

const PAYMASTER: Address = address!("0x7070707070707070707070707070707070707070");
/// What [`figures`] cost at most: a million units at a gwei.
const FEE: u64 = 1_000_000_000_000_000;

/// The package's EntryPoint at its canonical address: its creation code runs as if it stood there, and what that returns is
/// put in its place.
async fn entry_point(chain: &Chain, version: Version) {
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/node_modules");
    let path = format!("{modules}/{}/artifacts/EntryPoint.json", version.package);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{path}: {e}; `npm ci --prefix contracts` puts the package there"));
    let artifact: Value = serde_json::from_str(&text).unwrap();
    chain.rpc("anvil_setCode", json!([version.at, artifact["bytecode"]])).await;
    let code = chain.rpc("eth_call", json!([{ "to": version.at }, "latest"])).await;
    chain.rpc("anvil_setCode", json!([version.at, code])).await;
}

/// Payments of up to 100 to the shop, and gas for `operations` operations.
fn pass(token: Address, shop: Address, operations: u64) -> String {
    format!(
        "title = \"Pay the shop\"\nchain = \"eip155:31337\"\nlasts = \"1h\"\n\
         [relay]\nroutes = [\"direct\", \"entrypoint-0.7\", \"entrypoint-0.8\"]\npaymasters = [\"{PAYMASTER}\"]\n\
         [gas]\nper_op = 500000\nfee_per_op = {}\nfee_cap = {}\n\
         [tokens.AUSD]\naddress = \"{token}\"\ndecimals = 6\n\
         [[allow]]\ncall = \"AUSD\"\nfunction = \"transfer(address to, uint256 amount)\"\n\
         where = [\"to == {shop}\"]\nspend = \"amount <= 100\"\n",
        FEE * 2,
        FEE * operations
    )
}

/// 300,000 for the calls, 600,000 for validation, 100,000 for the bundler, at a gwei.
fn figures() -> Value {
    json!({
        "entryPoint": "0.8", "callGasLimit": "0x493e0", "verificationGasLimit": "0x927c0",
        "preVerificationGas": "0x186a0", "maxFeePerGas": "0x3b9aca00", "maxPriorityFeePerGas": "0x3b9aca00",
    })
}

fn with(changes: Value) -> Value {
    let mut figures = figures();
    figures.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    figures
}

fn body(key: &str, action: &Value, user_op: &Value) -> Value {
    json!({ "idempotency_key": key, "action": action, "route": "entrypoint", "user_op": user_op })
}

/// An owner's pass in an account that can pay for gas.
struct Play {
    world: World,
    owner: Owner,
    pass: Pass,
    shop: Address,
    version: Version,
}

impl Play {
    async fn start(name: &str, operations: u64) -> Self {
        Self::of(name, operations, V08).await
    }

    async fn of(name: &str, operations: u64, version: Version) -> Self {
        let world = World::start(name).await;
        entry_point(&world.chain, version).await;
        let owner = world.owner("alice").await;
        let shop = address_of("shop");
        let pass = owner.hand_out(&world, &pass(world.chain.token, shop, operations)).await;
        world.chain.fund(owner.account()).await;
        Self { world, owner, pass, shop, version }
    }

    fn payment(&self, amount: u64) -> Value {
        pay(self.world.chain.token, self.shop, amount)
    }

    async fn sign(&self, body: &Value) -> common::api::Answer {
        self.owner.at(&self.pass.session, "sign", body).await
    }

    async fn signed(&self, key: &str, amount: u64, user_op: &Value) -> Value {
        self.sign(&body(key, &self.payment(amount), user_op)).await.ok()
    }

    async fn refused(&self, amount: u64, user_op: &Value, code: &str) {
        let key = format!("refused {code} {amount} {user_op}").replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let key = &key[key.len().saturating_sub(100)..];
        self.sign(&body(key, &self.payment(amount), user_op)).await.refused(403, code);
    }

    async fn paid(&self) -> u64 {
        self.world.chain.tokens_of(self.shop).await
    }

    /// A stranger has the EntryPoint execute it.
    async fn bundle(&self, signed: &Value) {
        let call = IEntryPoint::handleOpsCall { ops: vec![packed(signed)], beneficiary: address_of("bundler") };
        self.world.chain.transact(Some(self.version.at), call.abi_encode().into()).await;
    }

    /// Whether the EntryPoint would execute it.
    async fn would_execute(&self, op: PackedUserOperation) -> bool {
        let call = IEntryPoint::handleOpsCall { ops: vec![op], beneficiary: address_of("bundler") };
        self.world.chain.node.simulate(address_of("bundler"), self.version.at, call.abi_encode().into()).await.is_ok()
    }

    /// Until the server has read an operation's end at a final block.
    async fn settled(&self, operation: &Value, outcome: &str) {
        let operation = operation["operation"].as_str().unwrap();
        for _ in 0..600 {
            self.world.chain.rpc("anvil_mine", json!(["0x2"])).await;
            let log = self.world.server.log();
            let mut lines = log.lines().filter(|l| l.contains("an operation is settled") && l.contains(operation));
            if let Some(line) = lines.next() {
                assert!(line.contains(outcome), "not {outcome}: {line}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{operation} is not settled");
    }
}

fn packed(signed: &Value) -> PackedUserOperation {
    let op = &signed["bundle"]["userOp"];
    let bytes = |key: &str| op[key].as_str().unwrap().parse::<Bytes>().unwrap();
    let number = |key: &str| op[key].as_str().unwrap().parse::<U256>().unwrap();
    let pair = |high: &str, low: &str| B256::from(number(high) << 128_usize | number(low));
    let paymaster = op.get("paymaster").map_or(Bytes::new(), |paymaster| {
        let limits = pair("paymasterVerificationGasLimit", "paymasterPostOpGasLimit");
        let paymaster: Address = paymaster.as_str().unwrap().parse().unwrap();
        [paymaster.as_slice(), limits.as_slice(), &bytes("paymasterData")].concat().into()
    });
    PackedUserOperation {
        sender: op["sender"].as_str().unwrap().parse().unwrap(),
        nonce: number("nonce"),
        initCode: Bytes::new(),
        callData: bytes("callData"),
        accountGasLimits: pair("verificationGasLimit", "callGasLimit"),
        preVerificationGas: number("preVerificationGas"),
        gasFees: pair("maxPriorityFeePerGas", "maxFeePerGas"),
        paymasterAndData: paymaster,
        signature: bytes("signature"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_bundles_what_the_server_signed_and_it_settles() {
    bundled_and_settled(V08).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_by_entry_point_0_7() {
    bundled_and_settled(V07).await;
}

async fn bundled_and_settled(version: Version) {
    let play = Play::of(&format!("entrypoint-{}", version.name), 3, version).await;
    let figures = || with(json!({ "entryPoint": version.name }));
    let with = |changes: Value| {
        let mut all = figures();
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        all
    };
    let first = play.signed("a", 60, &figures()).await;
    assert_eq!((first["route"].as_str(), first["sequence"].as_u64()), (Some("entrypoint"), Some(0)));
    assert_eq!(first["bundle"]["entryPoint"], version.at.to_checksum(None));
    let hash = IEntryPoint::getUserOpHashCall { op: packed(&first) };
    let hash = play.world.chain.node.view(version.at, &hash).await.unwrap();
    assert_eq!(first["bundle"]["userOpHash"], hash.to_string());
    let fee = json!({ "meter": 65535, "window": 0, "amount": FEE.to_string() });
    assert!(first["costs"].as_array().unwrap().contains(&fee), "{}", first["costs"]);

    // The same request is the same operation; another with its key is none.
    assert_eq!(play.signed("a", 60, &figures()).await["bundle"], first["bundle"]);
    play.sign(&body("a", &play.payment(59), &figures())).await.refused(409, "idempotency_conflict");
    // It is held, on the direct route too.
    play.refused(41, &figures(), "meter_exceeded").await;
    let direct = play.owner.execute(&play.pass.session, "direct", &play.payment(41)).await;
    direct.refused(403, "meter_exceeded");

    play.bundle(&first).await;
    assert_eq!(play.paid().await, 60);
    assert!(!play.would_execute(packed(&first)).await, "it executes twice");
    play.sign(&body("a", &play.payment(60), &figures())).await.refused(409, "already_sent");
    play.refused(41, &figures(), "meter_exceeded").await;
    play.settled(&first, "spent").await;
    play.refused(41, &figures(), "meter_exceeded").await;

    // One that fails has cost what it counts all the same: the calls get no gas to speak of.
    let failing = play.signed("b", 10, &with(json!({ "callGasLimit": "0x2710" }))).await;
    assert_eq!(failing["sequence"], 1);
    play.bundle(&failing).await;
    assert_eq!(play.paid().await, 60);
    play.settled(&failing, "spent").await;
    play.refused(31, &figures(), "meter_exceeded").await;

    // Two for one number: the dearer is held, one executes, and the other is dead.
    let slow = play.signed("c", 30, &figures()).await;
    let mut quick = body("d", &play.payment(20), &figures());
    quick["sequence"] = slow["sequence"].clone();
    let quick = play.sign(&quick).await.ok();
    assert_eq!(quick["bundle"]["userOp"]["nonce"], slow["bundle"]["userOp"]["nonce"]);
    let free = with(json!({ "maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0" }));
    play.refused(1, &free, "meter_exceeded").await;
    play.bundle(&quick).await;
    assert_eq!(play.paid().await, 80);
    assert!(!play.would_execute(packed(&slow)).await);
    play.settled(&quick, "spent").await;
    play.settled(&slow, "nonce_used").await;

    // Of the budget 10 are left; of what gas may cost, what the second did not take.
    play.refused(11, &free, "meter_exceeded").await;
    play.refused(10, &figures(), "fee_over_cap").await;
    let left = with(json!({ "callGasLimit": "0x3e8", "verificationGasLimit": "0x3e8" }));
    play.signed("e", 10, &left).await;
    // The direct route costs the account no gas, and has numbers of its own.
    let executed = play.owner.execute(&play.pass.session, "direct-2", &play.payment(0)).await.ok();
    assert_eq!((executed["success"].as_bool(), executed["sequence"].as_u64()), (Some(true), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_smuggled_past_the_pass() {
    let play = Play::start("smuggle", 20).await;
    let thief = address_of("thief");

    // What the server makes itself is not taken from anyone.
    for field in
        ["callData", "sender", "nonce", "initCode", "factory", "factoryData", "eip7702Auth", "userOpHash", "signature"]
    {
        let smuggled = play.sign(&body("s", &play.payment(1), &with(json!({ field: "0x7702" })))).await;
        smuggled.refused(422, "bad_body");
        assert!(smuggled.text.contains(field), "{}", smuggled.text);
    }
    let alone = |user_op: &Value, action: Value| body("s", &action, user_op);
    for action in [
        json!({ "app": { "app": "a.example", "verb": "a", "attrs": {} } }),
        json!({ "transaction": { "to": thief, "value": "0x1", "nonce": "0x0", "gas": "0x5208", "chainId": "0x7a69" } }),
    ] {
        play.sign(&alone(&figures(), action)).await.refused(400, "bad_route");
    }
    let mut without = body("s", &play.payment(1), &figures());
    without.as_object_mut().unwrap().remove("user_op");
    play.sign(&without).await.refused(400, "bad_user_op");
    let mut direct = body("s", &play.payment(1), &figures());
    direct["route"] = json!("direct");
    play.sign(&direct).await.refused(400, "bad_route");
    let mut relayed = body("s", &play.payment(1), &figures());
    relayed["relayer"] = json!(thief);
    play.sign(&relayed).await.refused(400, "bad_route");
    for wrong in [
        json!({ "lane": 16 }),
        json!({ "maxFeePerGas": "1" }),
        json!({ "callGasLimit": "0x01" }),
        json!({ "entryPoint": "0.6" }),
        json!({ "paymasterData": "0x" }),
    ] {
        play.sign(&body("s", &play.payment(1), &with(wrong))).await.refused(400, "bad_user_op");
    }

    // Who pays, what it costs, whom it pays.
    let paymaster = |address: Address| {
        with(json!({
            "paymaster": address.to_checksum(None), "paymasterVerificationGasLimit": "0x1",
            "paymasterPostOpGasLimit": "0x1", "paymasterData": "0xabcd",
        }))
    };
    play.refused(1, &paymaster(thief), "paymaster_not_allowed").await;
    play.refused(1, &with(json!({ "maxFeePerGas": "0xee6b2800" })), "fee_over_cap").await;
    play.refused(1, &with(json!({ "preVerificationGas": "0xfffffffffffffffffffff" })), "fee_over_cap").await;
    play.refused(1, &with(json!({ "callGasLimit": "0x7a121" })), "gas_over_cap").await;
    let elsewhere = json!({ "call": { "chain": "eip155:31337", "to": thief, "value": "0", "data": "0x" } });
    play.sign(&body("s", &elsewhere, &figures())).await.refused(403, "no_rule");
    let mut itself = elsewhere.clone();
    itself["call"]["to"] = json!(V08.at);
    play.sign(&body("s", &itself, &figures())).await.refused(403, "target_forbidden");
    let mut other_chain = elsewhere;
    other_chain["call"]["chain"] = json!("eip155:1");
    play.sign(&body("s", &other_chain, &figures())).await.refused(403, "wrong_chain");
    // An EntryPoint that the pass allows, and that does not stand here.
    let absent = with(json!({ "entryPoint": "0.7" }));
    play.sign(&body("s", &play.payment(1), &absent)).await.refused(422, "no_entry_point");
    // A number of nobody yet would wait for ever.
    let mut far = body("s", &play.payment(1), &figures());
    far["sequence"] = json!(1);
    play.sign(&far).await.refused(409, "sequence_too_far");

    // A holder asks the same, and over JSON-RPC; another session's operation is not theirs.
    let token = play.owner.at(&play.pass.session, "holder", &json!({})).await.ok();
    let holder = play.owner.api.with(token["token"].as_str().unwrap());
    let rpc = json!({ "jsonrpc": "2.0", "id": 1, "method": "hallpass_sign", "params": [body("rpc", &play.payment(7), &figures())] });
    let path = format!("/v1/sessions/{}/rpc", play.pass.session);
    let signed = holder.post(&path, &rpc).await.ok()["result"].clone();

    // What was signed is good as it is, and in no other form: not changed, not elsewhere, not with somebody else's payment.
    let good = packed(&signed);
    assert!(play.would_execute(good.clone()).await);
    let changed = |change: &dyn Fn(&mut PackedUserOperation)| {
        let mut op = good.clone();
        change(&mut op);
        op
    };
    let bigger = hex::encode(good.callData.as_ref()).replace(&format!("{:064x}", 7), &format!("{:064x}", 70));
    for op in [
        changed(&|op| op.callData = bigger.parse().unwrap()),
        changed(&|op| op.nonce |= U256::from(1) << 64),
        changed(&|op| op.nonce += U256::from(1)),
        changed(&|op| op.preVerificationGas += U256::from(1)),
        changed(&|op| op.gasFees = B256::from(U256::from_be_bytes(op.gasFees.0) + U256::from(1))),
        changed(&|op| op.initCode = Bytes::from_static(&hex!("7702000000000000000000000000000000000000"))),
        changed(&|op| op.paymasterAndData = [PAYMASTER.as_slice(), &[0; 32]].concat().into()),
    ] {
        assert!(!play.would_execute(op.clone()).await, "{op:?}");
    }

    // Lanes do not wait for each other, and add up.
    let other = play.signed("lane", 60, &with(json!({ "lane": 15 }))).await;
    assert_eq!(other["sequence"], 0);
    assert!(play.would_execute(packed(&other)).await);
    play.refused(34, &with(json!({ "lane": 1 })), "meter_exceeded").await;

    // The account takes a listed paymaster's operation from the EntryPoint.
    let sponsored = play
        .signed(
            "paymaster",
            33,
            &with(json!({
                "lane": 2, "paymaster": PAYMASTER.to_checksum(None), "paymasterVerificationGasLimit": "0x10",
                "paymasterPostOpGasLimit": "0x20", "paymasterData": "0xabcd",
            })),
        )
        .await;
    let op = packed(&sponsored);
    assert_eq!(op.paymasterAndData.len(), 54);
    let hash: B256 = sponsored["bundle"]["userOpHash"].as_str().unwrap().parse().unwrap();
    let call = validateUserOpCall { op, userOpHash: hash, missing: U256::ZERO };
    let account = play.owner.account();
    play.world.chain.node.simulate(V08.at, account, call.abi_encode().into()).await.unwrap();

    // Nothing goes out after the end, and what was signed before is dead once the chain knows it.
    play.owner.at(&play.pass.session, "revoke", &Value::Null).await.ok();
    play.sign(&body("after", &play.payment(1), &figures())).await.refused(403, "grant_ended");
    assert!(!play.would_execute(good).await);
    play.settled(&signed, "grant_ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_signs_user_operations_elsewhere_suspends_its_session_though_nobody_asks() {
    let mut play = Play::start("entrypoint-elsewhere", 9).await;
    let folder = Folder::new("entrypoint-twin");
    let twin = play.world.server.twin(&play.world.folder, &folder, &play.world.chain.url).await;
    let there = Owner { wallet: wallet("alice"), api: twin.api.with(play.owner.api.token.as_ref().unwrap()) };
    // The same number here, for less.
    play.signed("ours", 1, &figures()).await;
    let theirs = there.at(&play.pass.session, "sign", &body("theirs", &play.payment(5), &figures())).await.ok();
    play.bundle(&theirs).await;
    let path = "/v1/sessions";
    for _ in 0..2000 {
        let all = play.owner.api.get(path).await.ok();
        if all.as_array().unwrap().iter().any(|s| s["reason"] == "spent_elsewhere") {
            break;
        }
    }
    play.sign(&body("more", &play.payment(1), &figures())).await.refused(403, "spent_elsewhere");
}
