//! The part of a grant that the chain seldom opens: gas, labels, and what the signer alone checks.

use super::{Condition, Use, unpack};
use crate::abi::Ty;
use crate::eip712;
use crate::grant::{BadGrant, pack};
use crate::labels::Labels;
use crate::message::{Domain, StructType};
use alloy_primitives::{Address, B256, U256};

/// What one hash stands for on chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rest {
    /// Gas and fee bounds.
    pub gas: Gas,
    /// A key that may end the grant and nothing else; zero for none.
    pub ender: Address,
    /// Login evidence, or zero.
    pub login: B256,
    /// The requester's own names, as claims.
    pub labels: Labels,
    /// WebAuthn relying party hash, or zero.
    pub rp_id_hash: B256,
    /// Further relayers, beside the grant's own.
    pub relayers: Vec<Address>,
    /// Paymasters allowed.
    pub paymasters: Vec<Address>,
    /// Typed messages that the session key may sign for itself; numbered behind the call rules.
    pub typed: Vec<TypedRule>,
    /// Actions inside apps; numbered behind the typed rules.
    pub apps: Vec<AppRule>,
    /// What must be true before every action.
    pub requires: Vec<Require>,
}

/// Gas and fee bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gas {
    /// Most gas units that the calls of one operation may ask for, as the sum of their floors; inclusive.
    pub units_per_op: u64,
    /// What a fee is paid in; zero for the native coin.
    pub fee_token: Address,
    /// Most fee an operation may pay, in the fee token's smallest unit; inclusive.
    pub fee_per_op: u128,
    /// Most fee over the grant's life; inclusive; 0 where the owner pays none.
    pub fee_cap: u128,
}

/// A kind of EIP-712 message that the session key may sign for itself, never for the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedRule {
    /// The domain.
    pub domain: Domain,
    /// The struct, with all that it refers to.
    pub ty: StructType,
    /// All must hold; paths begin at the struct's members.
    pub conditions: Vec<Condition>,
    /// What a message charges.
    pub uses: Vec<Use>,
}

/// An action inside an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRule {
    /// The app, such as `chat.example`.
    pub app: String,
    /// What is done, such as `post.create`.
    pub verb: String,
    /// All must hold.
    pub conditions: Vec<Condition<Attribute>>,
    /// What an action charges.
    pub uses: Vec<Use<Attribute>>,
}

/// An attribute of an app's action, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// How its value is read.
    pub kind: Kind,
}

/// How an attribute's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole number, as `int256`.
    Number,
    /// An address.
    Address,
    /// `true` or `false`.
    Bool,
    /// Text, compared by its keccak-256.
    Text,
}

impl Kind {
    /// The ABI type of the words that it is compared with.
    #[must_use]
    pub const fn ty(self) -> &'static Ty {
        match self {
            Self::Number => &Ty::Int(32),
            Self::Address => &Ty::Address,
            Self::Bool => &Ty::Bool,
            Self::Text => &Ty::String,
        }
    }

    /// The byte that stands for it in `checks`.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Number => 0x3f,
            Self::Address => 0x60,
            Self::Bool => 0x61,
            Self::Text => 0x63,
        }
    }

    /// The kind that a byte stands for.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x3f => Some(Self::Number),
            0x60 => Some(Self::Address),
            0x61 => Some(Self::Bool),
            0x63 => Some(Self::Text),
            _ => None,
        }
    }
}

/// A fact that must hold before every action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Require {
    /// The account holds at least so much of a token.
    Holds {
        /// The token.
        token: Address,
        /// Smallest units, inclusive; at least 1.
        at_least: U256,
        /// One id of an ERC-1155 token.
        id: Option<U256>,
    },
    /// The server has given the holder this role.
    Role(String),
    /// The holder has shown a credential.
    Credential {
        /// Who issued it.
        issuer: String,
        /// Its type.
        kind: String,
    },
}

impl TypedRule {
    /// The rule as it is signed.
    #[must_use]
    pub fn message(&self) -> eip712::TypedRule {
        eip712::TypedRule {
            domain: self.domain.canonical(),
            encodeType: self.ty.text.clone(),
            checks: pack::checks(Some(&self.ty.types), &self.conditions, &self.uses).into(),
        }
    }

    /// Reads a rule.
    ///
    /// # Errors
    /// [`BadGrant`] where something is not canonical.
    pub fn from_message(m: &eip712::TypedRule) -> Result<Self, BadGrant> {
        let domain = Domain::parse_canonical(&m.domain)
            .ok_or_else(|| BadGrant::new("domain", format!("`{}` is no canonical EIP-712 domain", m.domain)))?;
        let ty = StructType::parse(&m.encodeType).map_err(|e| BadGrant::new("encodeType", e.0))?;
        let (conditions, uses) = unpack::checks(Some(&ty.types), &m.checks, "encodeType")?;
        Ok(Self { domain, ty, conditions, uses })
    }
}

impl AppRule {
    /// The rule as it is signed.
    #[must_use]
    pub fn message(&self) -> eip712::AppRule {
        let checks = pack::app_checks(&self.conditions, &self.uses);
        eip712::AppRule { app: self.app.clone(), verb: self.verb.clone(), checks: checks.into() }
    }

    /// Reads a rule.
    ///
    /// # Errors
    /// [`BadGrant`] where something is not canonical.
    pub fn from_message(m: &eip712::AppRule) -> Result<Self, BadGrant> {
        let (conditions, uses) = unpack::app_checks(&m.checks)?;
        Ok(Self { app: m.app.clone(), verb: m.verb.clone(), conditions, uses })
    }

    /// Every attribute that a condition or a use reads.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        let compared = self.conditions.iter().flat_map(|c| {
            let right = match &c.test {
                super::Test::Ratio(right, ..) => Some(right),
                _ => None,
            };
            core::iter::once(&c.path).chain(right)
        });
        compared.chain(self.uses.iter().filter_map(|u| match &u.amount {
            super::Amount::Path(attribute) => Some(attribute),
            _ => None,
        }))
    }
}

impl Require {
    /// The requirement as it is signed.
    #[must_use]
    pub fn message(&self) -> eip712::Require {
        let short = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
        let (kind, data) = match self {
            Self::Holds { token, at_least, id } => {
                let mut data = token.to_vec();
                data.extend(at_least.to_be_bytes::<32>());
                data.extend(id.iter().flat_map(U256::to_be_bytes::<32>));
                (1, data)
            }
            Self::Role(name) => (2, name.clone().into_bytes()),
            Self::Credential { issuer, kind } => {
                let parts = [&[short(issuer)], issuer.as_bytes(), &[short(kind)], kind.as_bytes()];
                (3, parts.concat())
            }
        };
        eip712::Require { kind, data: data.into() }
    }

    /// Reads a requirement.
    ///
    /// # Errors
    /// [`BadGrant`] for another kind or form.
    pub fn from_message(m: &eip712::Require) -> Result<Self, BadGrant> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let word = |bytes: &[u8]| U256::try_from_be_slice(bytes);
        let read = match m.kind {
            1 => m.data.split_at_checked(20).and_then(|(token, rest)| {
                let (least, id) = rest.split_at_checked(32)?;
                let id = match id.len() {
                    0 => None,
                    32 => Some(word(id)?),
                    _ => return None,
                };
                Some(Self::Holds { token: Address::from_slice(token), at_least: word(least)?, id })
            }),
            2 => text(&m.data).map(Self::Role),
            3 => prefixed(&m.data).and_then(|(issuer, rest)| {
                let (kind, rest) = prefixed(rest)?;
                rest.is_empty().then_some(Self::Credential { issuer: text(issuer)?, kind: text(kind)? })
            }),
            _ => None,
        };
        read.ok_or_else(|| {
            BadGrant::new("data", "a requirement is holds (1), role (2) or credential (3), in its one form")
        })
    }
}

fn prefixed(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.split_first()?;
    rest.split_at_checked(usize::from(*len))
}
