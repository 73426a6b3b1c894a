//! What no test of this program may ever see again: every passphrase, token and wallet's key that its servers were given or
//! handed out. Remembered as it is planted, and looked for wherever something was said: in each answer but the one that
//! shows it, each command's output, each server's whole log, and each store's file.
//!
//! Looked for as it is, in hex, and in base64 of both alphabets, of the secret's text and of its bytes.
//!
//! Private keys that are made inside the vault are not known here: the vault's own tests look for those.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One for the process: what one test planted, no other may see either.
static ALL: Mutex<Option<All>> = Mutex::new(None);

#[derive(Default)]
struct All {
    /// Where each comes from, and each way in which it may be written.
    needles: HashMap<Vec<u8>, String>,
    /// Answers and outputs that were not looked through yet: of which server or folder, to what, and the text.
    said: Vec<[String; 3]>,
}

fn with_all<T>(work: impl FnOnce(&mut All) -> T) -> T {
    let mut all: MutexGuard<'_, Option<All>> = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    work(all.get_or_insert_default())
}

/// Remembers a secret.
pub fn plant(what: &str, text: &str) {
    with_all(|all| {
        let digits =
            if text.starts_with("hp") { text.split_once('_').map_or(text, |(_, digits)| digits) } else { text };
        let raw = alloy_primitives::hex::decode(digits).ok().filter(|raw| raw.len() >= 16);
        for bytes in [Some(text.as_bytes().to_vec()), raw].into_iter().flatten() {
            for form in forms(&bytes) {
                all.needles.entry(form).or_insert_with(|| what.to_owned());
            }
        }
    });
}

/// Remembers what `who`, a server's URL or a command's folder, answered to `request`. Where that is one that shows tokens, they are planted and left out.
pub fn said(who: &str, request: &str, text: &str) {
    let shows = ["/v1/login", "/step_up", "/v1/token", "/holder", "session token", "logins credential api"];
    let mut rest = text.to_owned();
    if shows.iter().any(|shows| request.ends_with(shows)) {
        for token in tokens(text) {
            plant(&format!("the token of {request}"), token);
            rest = rest.replacen(token, "", 1);
        }
    }
    with_all(|all| all.said.push([who.to_owned(), request.to_owned(), rest]));
}

/// Our tokens in a text.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("hp").filter_map(|(at, _)| {
        let from = text.get(at..)?;
        let prefix = ["hp_", "hps_", "hpd_", "hpc_", "hpr_", "hpi_"].into_iter().find(|p| from.starts_with(p))?;
        let token = from.get(..prefix.len() + 64)?;
        token[prefix.len()..].bytes().all(|b| b.is_ascii_hexdigit()).then_some(token)
    })
}

/// Where secrets were found: in what the server at `url` and the commands in its folder have said, its logs and its stores.
pub fn found(folder: &Path, url: &str) -> Vec<String> {
    let ours = [folder.display().to_string(), url.to_owned()];
    let said: Vec<_> = with_all(|all| all.said.extract_if(.., |[who, ..]| ours.contains(who)).collect());
    let mut found = Vec::new();
    for [_, request, text] in &said {
        found.extend(look(&format!("the answer to {request}"), text.as_bytes()));
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("server.log") || name.starts_with("store.") {
            found.extend(look(&name, &std::fs::read(entry.path()).unwrap_or_default()));
        }
    }
    found
}

/// Where in `hay` which secret stands; each once.
pub fn look(place: &str, hay: &[u8]) -> Vec<String> {
    with_all(|all| {
        // Two bytes rule out nearly every place without a look into the map.
        let mut begins = vec![false; 1 << 16];
        let mut lengths: HashMap<[u8; 8], HashSet<usize>> = HashMap::new();
        for needle in all.needles.keys() {
            begins[usize::from(needle[0]) << 8 | usize::from(needle[1])] = true;
            lengths.entry(needle[..8].try_into().unwrap()).or_default().insert(needle.len());
        }
        let mut found = Vec::new();
        for (at, eight) in hay.windows(8).enumerate() {
            if !begins[usize::from(eight[0]) << 8 | usize::from(eight[1])] {
                continue;
            }
            for length in lengths.get(eight).into_iter().flatten() {
                if let Some(what) = hay.get(at..at + length).and_then(|part| all.needles.get(part)) {
                    found.push(format!("{what} stands in {place} at byte {at}"));
                }
            }
        }
        found.dedup();
        found
    })
}

/// As it is, in hex, and in base64 at each of the three places at which it may begin.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex = alloy_primitives::hex::encode(secret);
    let mut forms = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for (last, skip) in [b"+/", b"-_"].into_iter().flat_map(|last| [(last, 0), (last, 1), (last, 2)]) {
        let whole = secret.get(skip..).unwrap_or_default();
        // Whole groups of three alone: the last letter depends on what follows.
        forms.push(base64(&whole[..whole.len() / 3 * 3], last));
    }
    forms.retain(|form| form.len() >= 8);
    forms
}

fn base64(bytes: &[u8], last: &[u8; 2]) -> Vec<u8> {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
    let mut out = Vec::new();
    for three in bytes.as_chunks::<3>().0 {
        let bits = three.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b));
        out.extend((0..4).map(|i| letters[(bits >> (18 - 6 * i) & 63) as usize]));
    }
    out
}
