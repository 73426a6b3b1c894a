//! The committed table: the package's code, at the canonical addresses, on several chains.

use crate::rng::Rng;
use crate::world::{CHAIN, World, creation, runtime};
use alloy_primitives::{Address, B256, U256, keccak256};
use hallpass_chain::erc7710::abi::{self, IDelegationManager};
use hallpass_chain::erc7710::contracts::{ALL, Contract};
use std::collections::BTreeSet;

#[test]
fn the_table_is_what_the_package_leaves_on_each_chain() {
    for known in &ALL {
        for chain in [1, 8453, CHAIN, u64::MAX] {
            let mut code = runtime(known, chain).to_vec();
            if let (Some((number, separator)), false) = (known.chain, known.is_code(&code, chain)) {
                code[number..number + 32].fill(0);
                code[separator..separator + 32].fill(0);
                panic!("{} is {} on chain {chain}", known.name, keccak256(&code));
            }
            assert!(known.is_code(&code, chain), "{} on chain {chain}: {}", known.name, keccak256(&code));
            // Another chain's, a changed byte, nothing.
            assert_eq!(known.is_code(&code, 137), known.chain.is_none(), "{}", known.name);
            for at in [0, code.len() / 2, code.len() - 1] {
                code[at] ^= 1;
                assert!(!known.is_code(&code, chain), "{} with byte {at} changed", known.name);
                code[at] ^= 1;
            }
            assert!(!known.is_code(&[], chain));
        }
    }
}

#[test]
fn the_table_has_every_contract_once() {
    let addresses: BTreeSet<Address> = ALL.iter().map(|k| k.address).collect();
    let contracts: BTreeSet<Contract> = ALL.iter().map(|k| k.contract).collect();
    assert_eq!((addresses.len(), contracts.len()), (ALL.len(), ALL.len()));
    for known in &ALL {
        assert_eq!((known.contract.known().name, Contract::at(known.address)), (known.name, Some(known.contract)));
        assert!(!creation(known).is_empty());
    }
}

#[test]
fn the_domain_is_the_managers() {
    let mut world = World::new(&mut Rng::new(1, 1));
    let manager = Contract::Manager.address();
    let theirs = world.view(manager, &IDelegationManager::getDomainHashCall {});
    assert_eq!(theirs, abi::domain(CHAIN, manager).separator());
    assert_ne!(theirs, B256::from(U256::ZERO));
}
