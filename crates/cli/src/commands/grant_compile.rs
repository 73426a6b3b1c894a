//! `hallpass grant compile`: what a backend holds of a grant, what is to be signed, and what is to be sent.

use super::Context;
use super::grant::read_grant_file;
use super::grant_fill::{Fills, address, incomplete};
use crate::error::CliError;
use alloy_primitives::{Address, Bytes, hex};
use clap::{Args, ValueEnum};
use hallpass_chain::Home;
use hallpass_chain::backend::signer_only::SignerOnly;
use hallpass_chain::backend::{
    Answer, Backend, Card, Ender, Enforced, Kind, Party, Reading, Refusal, Sent, Step, ToSign,
};
use hallpass_chain::contracts::Suite;
use hallpass_chain::erc7710::Erc7710;
use hallpass_chain::hallpass::backend::Hallpass;
use hallpass_chain::hallpass::module::Module;
use hallpass_policy::draft::Fill;
use hallpass_policy::{Draft, Grant};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass grant compile`.
#[derive(Args)]
pub struct Compile {
    /// The grant, in the text form (TOML) or the JSON form; `-` is standard input
    grant: PathBuf,
    /// What is to enforce it
    #[arg(long, value_name = "NAME")]
    backend: Name,
    /// For `hallpass:pocket`: the wallet that owns the pocket; the account is then computed
    #[arg(long, value_name = "0x...")]
    owner: Option<String>,
    /// For `hallpass:pocket`: which of the owner's pockets, from 0
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pocket: u64,
    /// A signature over what is to be signed; once for each, in that order. Without any, what is sent lacks its data
    #[arg(long, value_name = "0x...")]
    signature: Vec<String>,
    #[command(flatten)]
    fills: Fills,
}

/// A backend's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Our contract, as the EIP-7702 delegate of the account
    #[value(name = "hallpass:7702")]
    Hallpass7702,
    /// Our contract, as a pocket that the wallet owns
    #[value(name = "hallpass:pocket")]
    HallpassPocket,
    /// Our module, in any ERC-7579 account
    #[value(name = "hallpass-7579")]
    Hallpass7579,
    /// Delegations of MetaMask's Delegation Framework 1.3
    #[value(name = "erc7710")]
    Erc7710,
    /// No contract: the signer alone
    #[value(name = "signer-only")]
    SignerOnly,
}

/// Exit status 0 where the backend holds it, exactly or more strictly, or where the signer does; 1 where it cannot.
pub fn run(context: &Context, args: &Compile) -> Result<ExitCode, CliError> {
    let draft = read_grant_file(&args.grant)?;
    let suite = Suite::load().map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
    let owner = address("owner", args.owner.as_deref())?;
    let backend = choose(args, suite, owner)?;
    let grant = complete(args, &draft, backend.as_ref(), owner)?;
    let card = backend.compile(&grant);
    if card.answer() == Answer::Unsupported {
        let value = json!({ "grant": grant.id(), "card": card.json(), "sign": [], "calls": [] });
        context.show(&value, || words(&card, &grant, None, backend.as_ref()))?;
        return Ok(ExitCode::from(1));
    }
    let signatures = args.signature.iter().map(|text| signature(text)).collect::<Result<Vec<Bytes>, _>>()?;
    let plan = Plan::make(backend.as_ref(), &grant, &Step::Install, &signatures).map_err(refusal)?;
    let end = Plan::make(backend.as_ref(), &grant, &Step::End(Ender::Owner), &[]).map_err(refusal)?;
    // What is shown of it is read from what would be signed.
    let read = backend.read_grant(&plan.sign, &grant.rest.labels);
    let read = read.map_err(|e| CliError::missing(e.code(), e.to_string()))?;
    let value = json!({
        "grant": grant.id(),
        "card": card.json(),
        "delegatesTo": backend.delegates_to().map(|a| a.to_checksum(None)),
        "sign": plan.sign.iter().map(ToSign::json).collect::<Vec<_>>(),
        "prepare": plan.prepare.iter().map(|sent| call(sent, true)).collect::<Vec<_>>(),
        "calls": plan.calls(),
        "reads": read.beside.iter().map(|l| json!({ "rule": l.rule, "says": l.text })).collect::<Vec<_>>(),
        "end": { "sign": end.sign.iter().map(ToSign::json).collect::<Vec<_>>(), "calls": end.calls() },
    });
    context.show(&value, || words(&card, &grant, Some((&plan, &end, &read)), backend.as_ref()))?;
    Ok(ExitCode::SUCCESS)
}

fn choose(args: &Compile, suite: Suite, owner: Option<Address>) -> Result<Box<dyn Backend>, CliError> {
    if owner.is_some() && args.backend != Name::HallpassPocket {
        return Err(CliError::input("bad_usage", "--owner is for `hallpass:pocket` alone"));
    }
    Ok(match args.backend {
        Name::Hallpass7702 => Box::new(Hallpass::new(suite, Home::Delegated)),
        Name::HallpassPocket => {
            let owner = owner.ok_or_else(|| {
                CliError::input("owner_missing", "a pocket belongs to a wallet").hint("name it: --owner 0x...")
            })?;
            Box::new(Hallpass::new(suite, Home::Pocket { owner, index: args.pocket }))
        }
        Name::Hallpass7579 => Box::new(Module::new(suite)),
        Name::Erc7710 => Box::new(Erc7710),
        Name::SignerOnly => Box::new(SignerOnly),
    })
}

/// The complete grant. Backend and pocket are known, so they are not asked for.
fn complete(args: &Compile, draft: &Draft, backend: &dyn Backend, owner: Option<Address>) -> Result<Grant, CliError> {
    let mut fill = Fill { backend: Some(backend.contract()), ..args.fills.fill()? };
    if let Some(owner) = owner {
        let suite = Suite::load().map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
        let home = Home::Pocket { owner, index: args.pocket };
        fill.account = fill.account.or(Some(home.account(&suite, owner)));
    }
    draft.complete(&fill).map_err(incomplete).map_err(|mut e| {
        e.hint = e.hint.map(|_| "give what is missing as options: `hallpass grant compile --help`".to_owned());
        e
    })
}

fn signature(text: &str) -> Result<Bytes, CliError> {
    let read = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    let read = read.filter(|bytes| !bytes.is_empty()).map(Bytes::from);
    read.ok_or_else(|| {
        CliError::input("bad_signature", format!("--signature `{text}`: a signature is `0x` and hex digits"))
    })
}

fn refusal(refusal: Refusal) -> CliError {
    match refusal {
        Refusal::Signatures { .. } => CliError::input(refusal.code(), refusal.to_string()),
        _ => CliError::refused(refusal.code(), refusal.to_string()),
    }
}

/// What is to be signed, and what then to be sent.
struct Plan {
    /// What the account itself does before, where it has not yet.
    prepare: Vec<Sent>,
    sign: Vec<ToSign>,
    sent: Vec<Sent>,
    /// Whether the signatures are there.
    signed: bool,
}

impl Plan {
    fn make(backend: &dyn Backend, grant: &Grant, step: &Step<'_>, signatures: &[Bytes]) -> Result<Self, Refusal> {
        let sign = backend.to_sign(grant, step)?;
        let signed = !signatures.is_empty() || sign.is_empty();
        // Without signatures, stand-ins show where the calls go; their data is not shown.
        let stand_ins = vec![Bytes::new(); sign.len()];
        let sent = backend.calls(grant, step, if signed { signatures } else { &stand_ins })?;
        let prepare = if matches!(step, Step::Install) { backend.prepare(grant, &[]) } else { Vec::new() };
        Ok(Self { prepare, sign, sent, signed })
    }

    fn calls(&self) -> Vec<Value> {
        self.sent.iter().map(|sent| call(sent, self.signed)).collect()
    }
}

/// One call; its data only where nothing in it is a stand-in.
fn call(sent: &Sent, whole: bool) -> Value {
    let only = match sent.by {
        Party::Only(address) | Party::Account(address) => Some(address.to_checksum(None)),
        _ => None,
    };
    json!({
        "by": sent.by.name(),
        "address": only,
        "to": sent.to.to_checksum(None),
        "value": sent.value.to_string(),
        "data": whole.then_some(&sent.data),
        "does": sent.does,
    })
}

/// The card as people read it.
fn words(card: &Card, grant: &Grant, plan: Option<(&Plan, &Plan, &Reading)>, backend: &dyn Backend) -> String {
    let mut out = format!("{}: {}\n", card.backend, summary(card));
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out += &format!("\n{title}\n{}\n", lines.join("\n"));
        }
    };
    let of = |wanted: &[Answer]| {
        let mut lines = Vec::new();
        let whole = [("time, key, relayer, routes, epoch and sequences".to_owned(), &card.whole)];
        let rules = card.rules.iter().map(|r| (format!("rule {} ({})", r.rule + 1, kind(r.kind)), &r.enforced));
        for (name, enforced) in whole.into_iter().chain(rules).filter(|(_, e)| wanted.contains(&e.answer())) {
            lines.push(format!("  {name}{}", how(enforced)));
            lines.extend(enforced.findings().iter().map(|f| format!("     {}: {} [{}]", f.at, f.says, f.code)));
        }
        lines
    };
    section("Enforced by the chain", of(&[Answer::Exact, Answer::Stricter]));
    section("Cannot be held here", of(&[Answer::Unsupported]));
    let mut signer: Vec<String> =
        of(&[Answer::SignerOnly]).into_iter().map(|l| format!("! {}", l.trim_start())).collect();
    signer.extend(card.signer.iter().map(|f| format!("! {}: {} [{}]", f.at, f.says, f.code)));
    section("Checked by the signer, not by the chain", signer);
    section("To know", card.notes.iter().map(|f| format!("  {}: {} [{}]", f.at, f.says, f.code)).collect());
    section("Who can authorise it", card.authorisers.iter().map(|a| format!("  {}", a.says())).collect());
    if let Some((plan, end, read)) = plan {
        let before = plan.prepare.iter().map(|s| format!("  {} {}: {}", s.by.name(), s.to, s.does));
        section("What the account itself does before, where it has not yet", before.collect());
        let sign = plan.sign.iter().map(|s| format!("  {}: {}, digest {}", s.by.name(), s.what, s.digest));
        section(&format!("What is signed for grant {}", grant.id()), sign.collect());
        let sent = plan.sent.iter().map(|s| format!("  to {}: {}", s.to, s.does));
        section("What is then sent", sent.collect());
        let lines = read.beside.iter().map(|l| format!("  rule {}: {}", l.rule + 1, l.text));
        section("What is signed beside the grant, read back from its bytes", lines.collect());
        let mut ends: Vec<String> = end.sign.iter().map(|s| format!("  {} signs {}", s.by.name(), s.what)).collect();
        ends.extend(end.sent.iter().map(|s| format!("  {} sends to {}: {}", s.by.name(), s.to, s.does)));
        section("How the owner ends it", ends);
    }
    section("Next", vec![format!("  {}", next(card, plan.map(|(plan, ..)| plan), backend))]);
    out.trim_end().to_owned()
}

fn summary(card: &Card) -> &'static str {
    match card.answer() {
        Answer::Exact => "the chain holds this grant exactly",
        Answer::Stricter => "the chain holds this grant, and is stricter than it",
        Answer::SignerOnly => "no chain enforces this grant; the signer alone does",
        Answer::Unsupported => "this grant cannot be held here; nothing is to be signed",
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Call => "call",
        Kind::Typed => "typed message",
        Kind::App => "app action",
    }
}

const fn how(enforced: &Enforced) -> &'static str {
    match enforced {
        Enforced::Exact => ": exactly",
        Enforced::Stricter(_) => ": more strictly",
        Enforced::Signer | Enforced::Unsupported(_) => "",
    }
}

fn next(card: &Card, plan: Option<&Plan>, backend: &dyn Backend) -> String {
    let Some(plan) = plan else {
        return "change what is named above, or take another backend (`hallpass grant compile --help` lists them)"
            .to_owned();
    };
    let delegate = backend
        .delegates_to()
        .map_or_else(String::new, |to| format!("; the account must delegate to {to} by EIP-7702 where it has not yet"));
    let sign = match (plan.sign.len(), plan.signed) {
        (_, true) => "send what stands above (`--json` prints it)".to_owned(),
        (1, false) => "sign the typed data that `--json` prints, and give the signature with --signature".to_owned(),
        (n, false) => format!(
            "sign the {n} typed data that `--json` prints, and give each signature with --signature, in that order"
        ),
    };
    match card.answer() {
        Answer::SignerOnly => format!("{sign}; remember that only the signer stands behind it"),
        _ => format!("{sign}{delegate}"),
    }
}
