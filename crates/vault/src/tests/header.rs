use super::*;
use crate::{CreateError, HeaderError, ProviderError, RootKeyProvider, SlotFacts, UnsealError, VaultHeader};
use alloy_primitives::hex;
use hallpass_memory::Wiped;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// One header for the tests that change none, and its vault: slot 0 is `right`, slot 1 is a key held elsewhere.
fn created() -> &'static (Vault, VaultHeader) {
    static CREATED: OnceLock<(Vault, VaultHeader)> = OnceLock::new();
    CREATED.get_or_init(|| {
        let rng = Recorder::default();
        let (vault, header) = VaultHeader::create(&passphrase("right"), &rng).unwrap();
        let (header, number) = vault.add_slot(&header, &Elsewhere(7), &rng).unwrap();
        assert_eq!(number, 1);
        (vault, header)
    })
}

/// A provider of a third party: the trait is all it needs. It costs no Argon2.
struct Elsewhere(u8);

impl RootKeyProvider for Elsewhere {
    fn name(&self) -> &'static str {
        "elsewhere"
    }

    fn enroll(&self, vault: &[u8; 16], _: &dyn Rng, key: &mut Wiped<32>) -> Result<SlotFacts, ProviderError> {
        let facts = SlotFacts::from([("vault".to_owned(), hex::encode(vault))]);
        self.key(&facts, key)?;
        Ok(facts)
    }

    fn key(&self, facts: &SlotFacts, key: &mut Wiped<32>) -> Result<(), ProviderError> {
        if self.0 == 0 {
            return Err(ProviderError::Other("elsewhere_away", "it is away".to_owned()));
        }
        **key = *keccak256([facts["vault"].as_bytes(), &[self.0]].concat());
        Ok(())
    }
}

fn reread(header: &VaultHeader) -> VaultHeader {
    serde_json::from_str(&serde_json::to_string(header).unwrap()).unwrap()
}

fn refused(header: &VaultHeader, provider: &dyn RootKeyProvider) -> &'static str {
    header.unseal(provider).map(|_| ()).unwrap_err().code()
}

#[test]
fn each_slot_opens_the_same_vault_and_says_which_it_was() {
    let (vault, header) = created();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    let record = serde_json::from_str::<SealedRecord>(&serde_json::to_string(&record).unwrap()).unwrap();
    let header = reread(header);
    for (provider, number) in [(&passphrase("right") as &dyn RootKeyProvider, 0), (&Elsewhere(7), 1)] {
        let opened = header.unseal(provider).unwrap();
        assert_eq!((opened.opened_by(), ends(&opened, &record)), (Some(number), Ok(record.address().unwrap())));
        assert_eq!(*opened.derive_index_key("store"), *vault.derive_index_key("store"));
        assert!(header.unseal_slot(provider, number).is_ok());
        assert_eq!(header.unseal_slot(provider, 1 - number).unwrap_err(), UnsealError::NoSlot);
    }
    assert!(vault.protection().complete(), "keys lie in locked pages");
}

#[test]
fn a_wrong_provider_opens_nothing_and_says_so_in_its_own_words() {
    let (_, header) = created();
    assert_eq!(refused(header, &passphrase("Right")), "wrong_passphrase");
    assert_eq!(refused(header, &passphrase("")), "wrong_passphrase");
    assert_eq!(refused(header, &Elsewhere(8)), "slot_not_opened");
    assert_eq!(refused(header, &Elsewhere(0)), "elsewhere_away");
    let (vault, alone) = VaultHeader::create(&Elsewhere(7), &Recorder::default()).unwrap();
    assert_eq!(refused(&alone, &passphrase("right")), "no_slot");
    assert_eq!(vault.opened_by(), Some(0));
}

#[test]
fn a_second_passphrase_opens_too_and_costs_are_each_slots_own() {
    let (vault, header) = created();
    let costly = Passphrase::new("another".into(), KdfParams::new(20 * 1024, 3, 1).unwrap());
    let (header, number) = vault.add_slot(header, &costly, &Recorder::default()).unwrap();
    assert_eq!(header.slots()[2].facts["passes"], "3");
    let opened = header.unseal(&passphrase("another")).unwrap();
    assert_eq!((number, opened.opened_by()), (2, Some(2)));
    assert_eq!(refused(&header, &passphrase("neither")), "wrong_passphrase");
}

#[test]
fn a_removed_slot_opens_no_longer_and_the_last_one_stays() {
    let (vault, header) = created();
    let (one, gone) = vault.remove_slot(header, 0).unwrap();
    assert_eq!((gone.number, gone.provider.as_str()), (0, "passphrase"));
    assert_eq!(refused(&one, &passphrase("right")), "no_slot");
    assert!(one.unseal(&Elsewhere(7)).is_ok());
    assert_eq!(vault.remove_slot(&one, 1).unwrap_err(), HeaderError::LastSlot(1));
    assert_eq!(vault.remove_slot(&one, 0).unwrap_err(), HeaderError::NoSlot(0));
    // A number that is free is given again.
    assert_eq!(vault.add_slot(&one, &Elsewhere(9), &Recorder::default()).unwrap().1, 0);
}

#[test]
fn a_vault_has_eight_slots_at_most() {
    let (vault, header) = created();
    let mut header = header.clone();
    for number in 2..8 {
        let added = vault.add_slot(&header, &Elsewhere(9), &Recorder::default()).unwrap();
        assert_eq!(added.1, number);
        header = added.0;
    }
    let full = vault.add_slot(&header, &Elsewhere(9), &Recorder::default()).map(|_| ()).unwrap_err();
    assert_eq!((full.code(), header.slots().len()), ("slots_full", 8));
}

#[test]
fn a_passphrase_is_replaced_in_its_slot() {
    let (vault, header) = created();
    let (new, old) = vault.replace_slot(header, 0, &passphrase("other"), &Recorder::default()).unwrap();
    assert_eq!(old.number, 0);
    assert_eq!(new.unseal(&passphrase("other")).unwrap().opened_by(), Some(0));
    assert_eq!(refused(&new, &passphrase("right")), "wrong_passphrase");
    let missing = vault.replace_slot(header, 5, &Elsewhere(1), &Recorder::default()).unwrap_err();
    assert_eq!(missing, HeaderError::NoSlot(5));
}

#[test]
fn a_new_root_key_leaves_every_record_readable_and_the_old_root_opens_nothing_new() {
    let (vault, header) = created();
    let rng = Recorder::default();
    let old = vault.create_ender_key([1; 16], &rng).unwrap();
    let right = passphrase("right");
    let rotate = |open: &[(u32, &dyn RootKeyProvider)], drop: &[u32]| {
        vault.rotate_root(header, open, drop, &Recorder::default())
    };
    let (rotated, new_header) = rotate(&[(0, &right), (1, &Elsewhere(7))], &[]).unwrap();
    assert_eq!((header.generation(), new_header.generation()), (1, 2));
    let new = rotated.create_ender_key([2; 16], &rng).unwrap();
    assert_eq!((old.data_key, new.data_key), (0, 1));

    let header_json = reread(&new_header);
    for provider in [&right as &dyn RootKeyProvider, &Elsewhere(7)] {
        let opened = header_json.unseal(provider).unwrap();
        assert_eq!(ends(&opened, &old), Ok(old.address().unwrap()));
        assert_eq!(ends(&opened, &new), Ok(new.address().unwrap()));
        assert_eq!(*opened.derive_index_key("store"), *vault.derive_index_key("store"));
    }
    // Who kept the old root key.
    assert_eq!(ends(vault, &new), Err(SignError::Tampered));
    let kept = vault.add_slot(&new_header, &Elsewhere(1), &rng).unwrap_err();
    assert_eq!(kept, HeaderError::NotThisVault);

    // No slot is lost unasked, and none is wrapped for somebody who does not open it now.
    assert_eq!(rotate(&[(0, &right)], &[]).unwrap_err(), HeaderError::Unopened(1));
    assert_eq!(rotate(&[(0, &Elsewhere(7)), (1, &Elsewhere(7))], &[]).unwrap_err(), HeaderError::Unopened(0));
    assert_eq!(rotate(&[(0, &right), (1, &Elsewhere(8))], &[]).unwrap_err().code(), "slot_not_opened");
    assert_eq!(rotate(&[(0, &right), (1, &Elsewhere(0))], &[]).unwrap_err().code(), "elsewhere_away");
    assert_eq!(rotate(&[], &[0, 1]).unwrap_err().code(), "last_slot");
    assert_eq!(rotate(&[(0, &right)], &[1, 4]).unwrap_err(), HeaderError::NoSlot(4));
    let (_, one) = rotate(&[(1, &Elsewhere(7))], &[0]).unwrap();
    assert_eq!(one.slots().len(), 1);
}

#[test]
fn many_rotations_keep_every_data_key() {
    let rng = Recorder::default();
    let (mut vault, mut header) = VaultHeader::create(&Elsewhere(7), &rng).unwrap();
    let mut records = vec![vault.create_ender_key([0; 16], &rng).unwrap()];
    for n in 1..40 {
        (vault, header) = vault.rotate_root(&header, &[(0, &Elsewhere(7))], &[], &rng).unwrap();
        records.push(vault.create_ender_key([n; 16], &rng).unwrap());
    }
    let opened = reread(&header).unseal(&Elsewhere(7)).unwrap();
    for (number, record) in (0..).zip(&records) {
        assert_eq!((record.data_key, ends(&opened, record)), (number, Ok(record.address().unwrap())));
    }
}

/// Every hex digit, number and word of the header, each changed in one place.
#[test]
fn a_header_changed_anywhere_opens_nothing() {
    let (_, header) = created();
    let json = serde_json::to_value(header).unwrap();
    let mut places = vec![];
    walk(&json, String::new(), &mut places);
    assert_eq!(places.len(), 20, "{places:?}");
    let mut changes = 0;
    for place in places {
        let value = json.pointer(&place).unwrap();
        let variants: Vec<Value> = match value {
            Value::Number(n) => vec![json!(n.as_u64().unwrap() + 1), json!(0), json!(u32::MAX)],
            Value::String(text) if text.starts_with("0x") => (2..text.len())
                .map(|at| {
                    let mut bytes = text.clone().into_bytes();
                    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
                    json!(String::from_utf8(bytes).unwrap())
                })
                .collect(),
            Value::String(text) => vec![json!(format!("{text}1")), json!("")],
            _ => vec![],
        };
        for variant in variants.into_iter().filter(|variant| variant != value) {
            let mut changed = json.clone();
            *changed.pointer_mut(&place).unwrap() = variant.clone();
            // By the slot that costs no Argon2; by the other one where this one's own place was changed.
            let Ok(changed) = serde_json::from_value::<VaultHeader>(changed) else { continue };
            let code = refused(&changed, &Elsewhere(7));
            let known = ["header_tampered", "bad_header", "slot_not_opened", "no_slot"];
            assert!(known.contains(&code), "{place} {variant}: {code}");
            let elsewhere = !place.starts_with("/slots/1")
                && !["/id", "/generation"].contains(&place.as_str())
                && code != "bad_header";
            assert!(!elsewhere || code == "header_tampered", "{place} {variant}: {code}");
            changes += 1;
        }
    }
    assert!(changes > 500, "{changes}");
    // Slots taken away, doubled, or changed with one another.
    for slots in [json!([json["slots"][1]]), json!([json["slots"][1], json["slots"][0]]), json!([])] {
        let mut changed = json.clone();
        changed["slots"] = slots;
        let code = refused(&serde_json::from_value(changed).unwrap(), &Elsewhere(7));
        assert!(["header_tampered", "bad_header"].contains(&code), "{code}");
    }
    let mut changed = json;
    changed["slots"][0]["facts"]["passes"] = json!("3");
    assert_eq!(refused(&serde_json::from_value(changed).unwrap(), &passphrase("right")), "wrong_passphrase");
}

fn walk(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| walk(value, format!("{path}/{name}"), out)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, value)| walk(value, format!("{path}/{n}"), out)),
        _ => out.push(path),
    }
}

/// A vault that is not the header's changes nothing in it.
#[test]
fn a_changed_or_foreign_header_is_not_written_again() {
    let (vault, header) = created();
    let (_, other) = VaultHeader::create(&Elsewhere(7), &Stuck(5)).unwrap();
    let mut json = serde_json::to_value(header).unwrap();
    json["slots"][1]["facts"]["vault"] = json!("00");
    let changed: VaultHeader = serde_json::from_value(json).unwrap();
    for header in [&other, &changed] {
        assert_eq!(vault.add_slot(header, &Elsewhere(1), &Stuck(1)).unwrap_err().code(), "header_tampered");
        assert_eq!(vault.remove_slot(header, 0).unwrap_err(), HeaderError::NotThisVault);
        let rotated = vault.rotate_root(header, &[], &[], &Stuck(1));
        assert_eq!(rotated.map(|_| ()).unwrap_err(), HeaderError::NotThisVault);
    }
}

#[test]
fn costs_out_of_bounds_are_refused_before_anything_is_allocated() {
    let (_, header) = created();
    let json = serde_json::to_value(header).unwrap();
    let figures = ["19455", "8", "1048577", "4294967295", "019456", "+19456", "1e5", "", "-1"];
    let figures = figures.map(|kib| ("memory_kib", kib));
    for (name, value) in figures.into_iter().chain([("passes", "1"), ("passes", "33"), ("lanes", "0"), ("lanes", "9")])
    {
        let mut changed = json.clone();
        changed["slots"][0]["facts"][name] = json!(value);
        let code = refused(&serde_json::from_value(changed).unwrap(), &passphrase("right"));
        assert_eq!(code, "bad_header", "{name} {value}");
    }
    let mut changed = json.clone();
    changed["slots"][0]["facts"]["more"] = json!("1");
    assert_eq!(refused(&serde_json::from_value(changed).unwrap(), &passphrase("right")), "bad_header");
    let mut changed = json;
    changed["slots"] = (0..9)
        .map(|number| {
            let mut slot = changed["slots"][1].clone();
            slot["number"] = json!(number);
            slot
        })
        .collect();
    assert_eq!(refused(&serde_json::from_value(changed).unwrap(), &Elsewhere(7)), "bad_header");
}

#[test]
fn a_vault_is_not_made_without_a_passphrase_or_randomness() {
    let refused = |text: &str, rng: &dyn Rng| VaultHeader::create(&passphrase(text), rng).map(|_| ()).unwrap_err();
    assert_eq!(refused("", &Stuck(1)), CreateError::Provider(ProviderError::EmptyPassphrase));
    assert_eq!(refused("right", &Broken), CreateError::Randomness);
    let (vault, header) = created();
    assert_eq!(vault.add_slot(header, &passphrase(""), &Stuck(1)).unwrap_err().code(), "empty_passphrase");
    assert_eq!(vault.add_slot(header, &Elsewhere(1), &Broken).unwrap_err().code(), "no_randomness");
}

const V1: &str = r#"{"version":1,"memory_kib":19456,"passes":2,"lanes":1,
    "salt":"0x6c31fc15422ebad28aaf9089c306702f","nonce":"0x859f11b75569a4eb0496c5138fd42cc52aee8cf5c4e7cfaf",
    "wrapped":"0x4c637c707d02e97e0594362498b48507b809fc47f0def6f8ec7eca37cbd1fce02b766558998390eceed50fa00b1cb604"}"#;
const V1_RECORD: &str = r#"{"id":"0x01010101010101010101010101010101","kind":"ender","version":1,
    "public":"0xe3f377e01cf5da58c810d1fadfd9f7ac46e3411c",
    "nonce":"0xd2ed8d75f801ae8a206c07ff9b104f0e005238dcd1cbaf84","ciphertext":
    "0xdf4f7b0267562a3b9f3f5d3438607aa034e25472aedd32a1e6be598d9af7050e3c9ebc4b8e7abd92471f7ca24a59bbcf"}"#;
const V1_INDEX: [u8; 32] = hex!("6c82e78a3986d79aaa38d2bc744f97bb1d5139f32bb9312dc7c7e1b4fe2967b7");

/// Sealed by version 1. A dependency or a change that breaks this loses every key that was ever stored.
#[test]
fn what_version_1_sealed_still_opens_and_can_be_brought_up_to_date() {
    let header: VaultHeader = serde_json::from_str(V1).unwrap();
    let record: SealedRecord = serde_json::from_str(V1_RECORD).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), serde_json::from_str::<Value>(V1_RECORD).unwrap());
    let right = passphrase("correct horse battery staple");

    let vault = header.unseal(&right).unwrap();
    assert_eq!((header.version(), vault.opened_by()), (1, None));
    assert_eq!(ends(&vault, &record), Ok(record.address().unwrap()));
    assert_eq!(*vault.derive_index_key("sessions"), V1_INDEX);
    assert_eq!(refused(&header, &passphrase("another")), "wrong_passphrase");
    assert_eq!(refused(&header, &Elsewhere(7)), "no_slot");
    assert_eq!(vault.add_slot(&header, &Elsewhere(7), &Stuck(1)).unwrap_err(), HeaderError::Old);
    // What it seals now is of the new form, and the new header opens both.
    let made = vault.create_ender_key([2; 16], &Recorder::default()).unwrap();

    let new = reread(&header.upgraded(&right, &Recorder::default()).unwrap());
    assert_eq!((new.version(), new.slots().len()), (2, 1));
    let opened = new.unseal(&right).unwrap();
    assert_eq!(ends(&opened, &record), Ok(record.address().unwrap()));
    assert_eq!(ends(&opened, &made), Ok(made.address().unwrap()));
    assert_eq!(*opened.derive_index_key("sessions"), V1_INDEX);
    assert!(opened.add_slot(&new, &Elsewhere(7), &Stuck(1)).is_ok());
    assert_eq!(header.upgraded(&passphrase("another"), &Stuck(1)).unwrap_err().code(), "wrong_passphrase");
    assert_eq!(new.upgraded(&right, &Stuck(1)).unwrap_err(), HeaderError::NotOld);
}

#[test]
fn a_version_1_header_that_was_changed_opens_nothing() {
    let right = passphrase("correct horse battery staple");
    let with = |field: &str, value: Value| {
        let mut json: Value = serde_json::from_str(V1).unwrap();
        json[field] = value;
        refused(&serde_json::from_value(json).unwrap(), &right)
    };
    for field in ["salt", "nonce", "wrapped"] {
        let json: Value = serde_json::from_str(V1).unwrap();
        let mut bytes = hex::decode(json[field].as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(with(field, hex::encode(bytes).into()), "wrong_passphrase", "{field}");
    }
    assert_eq!(with("passes", json!(3)), "wrong_passphrase");
    for (field, value) in [("memory_kib", 8), ("memory_kib", u32::MAX), ("passes", 1), ("lanes", 0), ("version", 2)] {
        assert_eq!(with(field, json!(value)), "bad_header", "{field} {value}");
    }
}

#[test]
fn an_unknown_field_is_refused() {
    for place in ["", "/slots/0", "/keys/0"] {
        let mut header = serde_json::to_value(&created().1).unwrap();
        header.pointer_mut(place).unwrap()["hint"] = "pet".into();
        assert!(serde_json::from_value::<VaultHeader>(header).is_err(), "{place}");
    }
    let mut record = serde_json::to_value(vault().create_ender_key([1; 16], &Recorder::default()).unwrap()).unwrap();
    record["hint"] = "pet".into();
    assert!(serde_json::from_value::<SealedRecord>(record).is_err());
}
