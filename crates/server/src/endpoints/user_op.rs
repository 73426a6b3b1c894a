//! User operations (ERC-4337) as they are asked for and as bundlers take them.

use super::shapes::address;
use crate::ApiError;
use crate::work::by_entry_point::ToBundle;
use alloy_primitives::{Address, B256, Bytes, U256};
use hallpass_policy::{Batch, EntryPoint, Paymaster, UserOpGas};
use hallpass_session::Lane;
use hallpass_signer::WantedUserOp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most bytes for a paymaster.
const MOST_PAYMASTER_DATA: usize = 4096;

/// The route that calls take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RouteBody {
    /// An operation of the account, sent straight to it.
    Direct,
    /// A user operation, carried by an EntryPoint.
    EntryPoint,
}

/// What an asker has a say in. Sender, calldata, nonce and hash are made here: other fields are refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserOpBody {
    /// `0.7` or `0.8`: one that the pass allows.
    pub entry_point: String,
    /// 0 to 15, 0 where absent: operations of one lane execute one after the other, lanes do not wait for each other.
    #[serde(default)]
    pub lane: u8,
    /// Gas for the calls, as are all figures here a 0x-hex quantity below 2^120.
    pub call_gas_limit: String,
    /// Gas for the account's validation.
    pub verification_gas_limit: String,
    /// Gas for the bundler.
    pub pre_verification_gas: String,
    /// Most wei for a unit of gas.
    pub max_fee_per_gas: String,
    /// Most wei of it for the block's builder.
    pub max_priority_fee_per_gas: String,
    /// Who pays in the account's place: one that the pass lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster: Option<String>,
    /// Gas for the paymaster's validation; with a paymaster alone, as the two below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster_verification_gas_limit: Option<String>,
    /// Gas for the paymaster after the calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster_post_op_gas_limit: Option<String>,
    /// For the paymaster, 0x-hex of at most 4,096 bytes; empty where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster_data: Option<String>,
}

impl UserOpBody {
    /// Reads what is wanted.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn wanted(&self, batch: Batch, sequence: Option<u32>) -> Result<WantedUserOp, ApiError> {
        let entry_point = EntryPoint::ALL.into_iter().find(|e| e.as_str() == self.entry_point);
        Ok(WantedUserOp {
            batch,
            entry_point: entry_point.ok_or_else(|| bad("entryPoint", "`0.7` or `0.8`"))?,
            lane: Lane::new(self.lane).ok_or_else(|| bad("lane", "0 to 15"))?,
            sequence,
            gas: UserOpGas {
                call: quantity("callGasLimit", &self.call_gas_limit)?,
                verification: quantity("verificationGasLimit", &self.verification_gas_limit)?,
                pre_verification: quantity("preVerificationGas", &self.pre_verification_gas)?,
                max_fee: quantity("maxFeePerGas", &self.max_fee_per_gas)?,
                max_priority_fee: quantity("maxPriorityFeePerGas", &self.max_priority_fee_per_gas)?,
            },
            paymaster: self.paymaster()?,
        })
    }

    fn paymaster(&self) -> Result<Option<Paymaster>, ApiError> {
        let (verification, post_op, data) =
            (&self.paymaster_verification_gas_limit, &self.paymaster_post_op_gas_limit, &self.paymaster_data);
        let Some(named) = &self.paymaster else {
            return if [verification, post_op, data].iter().all(|field| field.is_none()) {
                Ok(None)
            } else {
                Err(bad("paymaster", "an address, where anything else of a paymaster is given"))
            };
        };
        let data: Bytes = data
            .as_deref()
            .unwrap_or("0x")
            .parse()
            .ok()
            .filter(|data: &Bytes| data.len() <= MOST_PAYMASTER_DATA)
            .ok_or_else(|| bad("paymasterData", "0x-hex of at most 4,096 bytes"))?;
        let needed = |at, field: &Option<String>| {
            let text = field.as_deref().ok_or_else(|| bad(at, "a quantity, where a paymaster is given"))?;
            quantity(at, text)
        };
        Ok(Some(Paymaster {
            address: address("user_op.paymaster", named)?,
            verification_gas: needed("paymasterVerificationGasLimit", verification)?,
            post_op_gas: needed("paymasterPostOpGasLimit", post_op)?,
            data,
        }))
    }
}

fn bad(at: &str, wants: &str) -> ApiError {
    ApiError::bad("bad_user_op", format!("`user_op.{at}`: expected {wants}"))
}

/// A quantity of JSON-RPC: `0x`, and hexadecimal digits without a leading zero.
fn quantity(at: &str, text: &str) -> Result<u128, ApiError> {
    let digits = text.strip_prefix("0x").filter(|d| !d.is_empty() && (!d.starts_with('0') || *d == "0"));
    let plain = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    let value = plain.and_then(|d| u128::from_str_radix(d, 16).ok()).filter(|value| *value < 1 << 120);
    value.ok_or_else(|| bad(at, "a 0x-hex quantity below 2^120"))
}

/// A signed user operation, as `eth_sendUserOperation` takes it for its EntryPoint. It has no `factory` and no
/// `eip7702Auth`: the account stands already.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserOpView {
    /// The account.
    pub sender: String,
    /// Key and number, 0x-hex as are all of these.
    pub nonce: String,
    /// `execute(bytes32,bytes)` of the calls.
    pub call_data: String,
    /// As asked for.
    pub call_gas_limit: String,
    /// As asked for.
    pub verification_gas_limit: String,
    /// As asked for.
    pub pre_verification_gas: String,
    /// As asked for.
    pub max_fee_per_gas: String,
    /// As asked for.
    pub max_priority_fee_per_gas: String,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster: Option<String>,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster_verification_gas_limit: Option<String>,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster_post_op_gas_limit: Option<String>,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paymaster_data: Option<String>,
    /// What the account reads: the grant, and the session key's signature.
    pub signature: String,
}

/// A user operation, and where it goes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// The operation.
    pub user_op: UserOpView,
    /// Its hash at that EntryPoint.
    pub user_op_hash: String,
    /// The EntryPoint's address.
    pub entry_point: String,
}

impl From<&ToBundle> for Bundle {
    fn from(bundle: &ToBundle) -> Self {
        let op = &bundle.op.op;
        let [verification, call] = halves(op.accountGasLimits);
        let [priority, most] = halves(op.gasFees);
        let paymaster = op.paymasterAndData.split_first_chunk::<20>();
        let limits = paymaster.and_then(|(_, rest)| rest.split_first_chunk::<32>());
        let limit = |at: fn([U256; 2]) -> U256| limits.map(|(both, _)| hex(at(halves(B256::from(*both)))));
        Self {
            user_op: UserOpView {
                sender: op.sender.to_checksum(None),
                nonce: hex(op.nonce),
                call_data: op.callData.to_string(),
                call_gas_limit: hex(call),
                verification_gas_limit: hex(verification),
                pre_verification_gas: hex(op.preVerificationGas),
                max_fee_per_gas: hex(most),
                max_priority_fee_per_gas: hex(priority),
                paymaster: paymaster.map(|(address, _)| Address::from(*address).to_checksum(None)),
                paymaster_verification_gas_limit: limit(|[verification, _]| verification),
                paymaster_post_op_gas_limit: limit(|[_, post_op]| post_op),
                paymaster_data: limits.map(|(_, data)| Bytes::copy_from_slice(data).to_string()),
                signature: bundle.signature.to_string(),
            },
            user_op_hash: bundle.op.signed.userOpHash.to_string(),
            entry_point: bundle.op.entry_point.address().to_checksum(None),
        }
    }
}

fn hex(value: U256) -> String {
    format!("{value:#x}")
}

fn halves(both: B256) -> [U256; 2] {
    let both = U256::from_be_bytes(both.0);
    [both >> 128_usize, both & U256::from(u128::MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_one_spelling() {
        assert_eq!(quantity("x", "0x0").unwrap(), 0);
        assert_eq!(quantity("x", "0xF4240").unwrap(), 1_000_000);
        assert_eq!(quantity("x", &format!("0x{:x}", (1_u128 << 120) - 1)).unwrap(), (1 << 120) - 1);
        let over = format!("0x{:x}", 1_u128 << 120);
        for wrong in ["", "0x", "1", "0x01", "0x+1", "0x 1", "0x-1", "0X1", "0xg", over.as_str()] {
            assert_eq!(quantity("x", wrong).unwrap_err().problem.code, "bad_user_op", "{wrong}");
        }
    }
}
