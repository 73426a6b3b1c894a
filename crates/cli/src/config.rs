//! The configuration: a TOML file, and environment variables that override it.

mod limits;
mod logins;
mod roles;

use crate::commands::vault_open::Provider;
use crate::error::CliError;
use crate::labels::LabelSource;
use crate::system::{Secret, state_folder};
use alloy_primitives::{hex, keccak256};
use hallpass_auth::Eoa;
use hallpass_auth::origins::Denylist;
use hallpass_policy::lists::Lists;
use hallpass_server::Settings;
use hallpass_server::app::Finality;
use hallpass_server::webhook::Webhook;
use hallpass_server::work::requests::{Asking, Mark};
use hallpass_types::ChainId;
pub use logins::{AppEntry, ForwardAuthEntry, ResourceServerEntry};
pub use roles::RoleEntry;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Everything that can be configured. Each key `x` is overridden by the variable `HALLPASS_X`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the server listens; loopback unless you put something in front of it.
    pub listen: SocketAddr,
    /// The URL that people see; login messages name its authority.
    pub public_url: String,
    /// CAIP-2.
    pub chain: ChainId,
    /// The node.
    pub rpc: String,
    /// A second node of the same chain, of somebody else: without its word nothing that is held is released.
    pub second_rpc: Option<String>,
    /// The store's file.
    pub store: PathBuf,
    /// Where it is noted how far the store had come; in the user's state folder where absent. Keep it out of backups.
    pub witness: Option<PathBuf>,
    /// `finalized`, or a number of blocks.
    pub finality: String,
    /// How long a login lasts.
    pub login_hours: u64,
    /// The same for one that is refreshed.
    pub refresh_hours: u64,
    /// How long a login lasts without being used.
    pub idle_minutes: u64,
    /// How long an access token lasts that can be refreshed.
    pub access_minutes: u64,
    /// For how long after a proof of the wallet a login may do what asks for one.
    pub step_up_minutes: u64,
    /// For how long the answer of a contract wallet that logged in is good; it is asked again before.
    pub contract_minutes: u64,
    /// Whether the chain is asked what stands at an account before its own key is enough to log in.
    pub code_first: bool,
    /// Most logins of one person at once.
    pub logins_per_user: u64,
    /// Other origins whose pages may use a browser's login.
    pub origins: Vec<String>,
    /// Who may ask whose token it was shown.
    pub resource_servers: Vec<ResourceServerEntry>,
    /// What gives roles.
    pub roles: Vec<RoleEntry>,
    /// For how many seconds stands what was read of a token.
    pub role_seconds: u64,
    /// Proxies that ask whether they let a request in.
    pub forward_auth: Vec<ForwardAuthEntry>,
    /// Apps whose pages may ask for logins and grants.
    pub apps: Vec<AppEntry>,
    /// A file of hosts whose pages may not, in the format of wallets' lists; relative to the configuration file.
    pub denylist: Option<PathBuf>,
    /// Gas units for each operation, where a grant does not say.
    pub gas_per_op: u64,
    /// Gas units that are relayed for one user in a day (UTC).
    pub relay_gas_per_day: u64,
    /// Longest life of a pass whose key is held outside the vault.
    pub outside_hours: u64,
    /// Most wei, for each call and in each window, that such a pass may carry; a decimal text.
    pub outside_wei: String,
    /// What owners are asked although nobody asks for it: `over_limit`, `native`, `approvals`.
    pub ask: Vec<String>,
    /// How long an owner has to answer, where the asker does not say; at most a day.
    pub ask_minutes: u64,
    /// How long before its end a pass is asked to be renewed; 0 for never.
    pub renew_minutes: u64,
    /// A URL that is told what owners are asked.
    pub webhook: Option<String>,
    /// A file whose first line is the webhook's secret, `whsec_` and Base64.
    pub webhook_secret_file: Option<PathBuf>,
    /// A Unix socket for programs on this machine; none where absent.
    pub socket: Option<PathBuf>,
    /// Users of the system, by number, who may connect to it beside the server's own.
    pub local_users: Vec<u32>,
    /// Requests about logins that one client may send in a minute.
    pub client_per_minute: u32,
    /// Login messages of one account in a minute, and grants that it asks for.
    pub account_per_minute: u32,
    /// Requests about logins that one app's pages may send in a minute.
    pub app_per_minute: u32,
    /// Proofs of a key that one client may send in a minute.
    pub proofs_per_minute: u32,
    /// Proxies in front, as networks, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Refusals in a row that the operator is told of.
    pub alert_refusals: u32,
    /// Most alerts in a minute.
    pub alerts_per_minute: u32,
    /// How long ended logins and the origins of audit events are kept.
    pub retention_days: u32,
    /// A file whose first line opens the vault.
    pub passphrase_file: Option<PathBuf>,
    /// What opens the vault: `passphrase`, `keychain` or `pkcs11`.
    pub unseal: Provider,
    /// The PKCS#11 module, an absolute path.
    pub pkcs11_module: Option<PathBuf>,
    /// The label of the token.
    pub pkcs11_token: Option<String>,
    /// A file whose first line is the token's PIN.
    pub pin_file: Option<PathBuf>,
    /// Files whose names are shown as facts, relative to the configuration file.
    pub labels: Vec<LabelSource>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8700)),
            public_url: "http://127.0.0.1:8700".to_owned(),
            chain: ChainId::new(31_337).unwrap_or_else(|| unreachable!("31337 is not 0")),
            rpc: "http://127.0.0.1:8545".to_owned(),
            second_rpc: None,
            store: PathBuf::from("hallpass.redb"),
            witness: None,
            finality: "finalized".to_owned(),
            login_hours: 12,
            refresh_hours: 12,
            idle_minutes: 30,
            access_minutes: 10,
            step_up_minutes: 5,
            contract_minutes: 5,
            code_first: false,
            logins_per_user: 32,
            origins: Vec::new(),
            resource_servers: Vec::new(),
            roles: Vec::new(),
            role_seconds: 30,
            forward_auth: Vec::new(),
            apps: Vec::new(),
            denylist: None,
            gas_per_op: 1_000_000,
            relay_gas_per_day: 100_000_000,
            outside_hours: 24,
            outside_wei: "0".to_owned(),
            ask: Vec::new(),
            ask_minutes: 10,
            renew_minutes: 0,
            webhook: None,
            webhook_secret_file: None,
            socket: None,
            local_users: Vec::new(),
            client_per_minute: 300,
            account_per_minute: 60,
            app_per_minute: 3_000,
            proofs_per_minute: 6_000,
            trusted_proxies: Vec::new(),
            alert_refusals: 10,
            alerts_per_minute: 10,
            retention_days: 90,
            passphrase_file: None,
            unseal: Provider::default(),
            pkcs11_module: None,
            pkcs11_token: None,
            pin_file: None,
            labels: Vec::new(),
        }
    }
}

/// How a variable's text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
}

/// The keys that `HALLPASS_KEY` can set; see docs/reference/config.md.
const KEYS: [(&str, Kind); 38] = [
    ("listen", Kind::Text),
    ("public_url", Kind::Text),
    ("chain", Kind::Text),
    ("rpc", Kind::Text),
    ("second_rpc", Kind::Text),
    ("store", Kind::Text),
    ("witness", Kind::Text),
    ("finality", Kind::Text),
    ("login_hours", Kind::Number),
    ("refresh_hours", Kind::Number),
    ("idle_minutes", Kind::Number),
    ("access_minutes", Kind::Number),
    ("step_up_minutes", Kind::Number),
    ("contract_minutes", Kind::Number),
    ("logins_per_user", Kind::Number),
    ("role_seconds", Kind::Number),
    ("gas_per_op", Kind::Number),
    ("relay_gas_per_day", Kind::Number),
    ("outside_hours", Kind::Number),
    ("outside_wei", Kind::Text),
    ("ask_minutes", Kind::Number),
    ("renew_minutes", Kind::Number),
    ("webhook", Kind::Text),
    ("webhook_secret_file", Kind::Text),
    ("denylist", Kind::Text),
    ("socket", Kind::Text),
    ("client_per_minute", Kind::Number),
    ("account_per_minute", Kind::Number),
    ("app_per_minute", Kind::Number),
    ("proofs_per_minute", Kind::Number),
    ("alert_refusals", Kind::Number),
    ("alerts_per_minute", Kind::Number),
    ("retention_days", Kind::Number),
    ("passphrase_file", Kind::Text),
    ("unseal", Kind::Text),
    ("pkcs11_module", Kind::Text),
    ("pkcs11_token", Kind::Text),
    ("pin_file", Kind::Text),
];

impl Config {
    /// Reads the file, then the environment.
    pub fn load(path: Option<&Path>) -> Result<Self, CliError> {
        let file = find(path);
        let mut table = match &file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| CliError::input("unreadable_file", format!("cannot read {}: {e}", path.display())))?;
                toml::from_str(&text).map_err(|e| CliError::input("bad_config", format!("{}: {e}", path.display())))?
            }
        };
        for (key, kind) in KEYS {
            let name = format!("HALLPASS_{}", key.to_uppercase());
            if let Ok(value) = std::env::var(&name) {
                let value = match value.parse::<i64>() {
                    Ok(n) if kind == Kind::Number => toml::Value::Integer(n),
                    _ => toml::Value::String(value),
                };
                table.insert(key.to_owned(), value);
            }
        }
        let mut config: Self = toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| {
            // "<what is wrong>\nin `<key>`\n"
            let says = e.to_string().trim_end().replace('\n', " ");
            CliError::input("bad_config", format!("the configuration cannot be read: {says}")).hint(format!(
                "known keys: {}; each can be set as HALLPASS_NAME too; and `ask`, `local_users`, `origins`, and `[[labels]]`, `[[resource_servers]]`, `[[roles]]`, `[[forward_auth]]` and `[[apps]]` tables",
                KEYS.map(|(key, _)| key).join(", ")
            ))
        })?;
        if let Some(folder) = file.as_deref().and_then(Path::parent) {
            for source in &mut config.labels {
                source.file = folder.join(&source.file);
            }
            config.denylist = config.denylist.map(|file| folder.join(file));
        }
        Ok(config)
    }

    /// The store's witness. Each store has its own, by its path.
    pub fn witness(&self) -> Result<PathBuf, CliError> {
        if let Some(path) = &self.witness {
            return Ok(path.clone());
        }
        let path = std::path::absolute(&self.store)
            .map_err(|e| CliError::input("bad_path", format!("{}: {e}", self.store.display())))?;
        // A service may have no home; beside the store it still tells of a store that was put back alone.
        let Ok(state) = state_folder() else {
            let mut beside = path.into_os_string();
            beside.push(".witness");
            return Ok(beside.into());
        };
        let name = keccak256(path.as_os_str().as_encoded_bytes());
        Ok(state.join("witness").join(hex::encode(name.first_chunk::<8>().copied().unwrap_or_default())))
    }

    /// What the server needs of it, but for what is in the files of `labels` and `denylist`.
    pub fn settings(&self) -> Result<Settings, CliError> {
        let bad =
            || CliError::input("bad_config", format!("`public_url`: `{}` is no http or https URL", self.public_url));
        let rest = self
            .public_url
            .strip_prefix("https://")
            .or_else(|| self.public_url.strip_prefix("http://"))
            .ok_or_else(bad)?;
        let domain = rest.split('/').next().filter(|d| !d.is_empty()).ok_or_else(bad)?;
        let finality = match self.finality.as_str() {
            "finalized" => Finality::Tag,
            depth => Finality::Depth(depth.parse().map_err(|_| {
                CliError::input(
                    "bad_config",
                    format!("`finality`: `{depth}` is neither `finalized` nor a number of blocks"),
                )
            })?),
        };
        Ok(Settings {
            domain: domain.to_owned(),
            uri: self.public_url.clone(),
            chain: self.chain,
            eoa: if self.code_first { Eoa::CodeFirst } else { Eoa::WithoutRpc },
            finality,
            logins: logins::bounds(self)?,
            origins: logins::origins("`origins`", &self.origins)?,
            resource_servers: logins::resource_servers(&self.resource_servers)?,
            roles: roles::read(&self.roles)?,
            role_seconds: self.role_seconds,
            forward_auth: logins::forward_auth(&self.forward_auth)?,
            apps: logins::apps(&self.apps)?,
            denylist: Default::default(),
            gas_per_op: self.gas_per_op,
            relay_gas_per_day: self.relay_gas_per_day,
            outside_seconds: self.outside_hours.saturating_mul(3600),
            outside_wei: self.outside_wei.parse().map_err(|_| {
                CliError::input("bad_config", format!("`outside_wei`: `{}` is no number of wei", self.outside_wei))
            })?,
            lists: Lists::default(),
            asking: self.asking()?,
            limits: limits::rates(self)?,
            alerts: limits::alerts(self)?,
            retention_seconds: limits::retention(self)?,
        })
    }

    /// What owners are asked, but for the webhook: its secret is a file that only the server reads.
    fn asking(&self) -> Result<Asking, CliError> {
        let mark = |name: &String| {
            Mark::ALL.into_iter().find(|mark| mark.name() == name).ok_or_else(|| {
                let all = Mark::ALL.map(Mark::name).join(", ");
                CliError::input("bad_config", format!("`ask`: `{name}` is none of {all}"))
            })
        };
        if !(1..=1440).contains(&self.ask_minutes) {
            return Err(CliError::input("bad_config", "`ask_minutes` is 1 to 1440"));
        }
        Ok(Asking {
            marks: self.ask.iter().map(mark).collect::<Result<_, _>>()?,
            seconds: self.ask_minutes.saturating_mul(60),
            renew_ahead: self.renew_minutes.saturating_mul(60),
            webhook: None,
        })
    }

    /// Whose pages may not ask.
    pub fn denylist(&self) -> Result<Denylist, CliError> {
        let Some(file) = &self.denylist else { return Ok(Denylist::default()) };
        let text = std::fs::read_to_string(file)
            .map_err(|e| CliError::input("unreadable_file", format!("cannot read {}: {e}", file.display())))?;
        Denylist::parse(&text).map_err(|e| CliError::input(e.code(), format!("{}: {e}", file.display())))
    }

    /// The webhook with its secret.
    pub fn webhook(&self) -> Result<Option<Webhook>, CliError> {
        let bad = |says: String| CliError::input("bad_config", says);
        match (&self.webhook, &self.webhook_secret_file) {
            (None, None) => Ok(None),
            (Some(url), Some(file)) => {
                let secret = Secret::File(file.clone()).ask("")?;
                Webhook::new(url, secret.expose_secret()).map(Some).map_err(|e| bad(e.to_string()))
            }
            _ => Err(bad("`webhook` and `webhook_secret_file` stand beside each other".to_owned())
                .hint("make a secret with: echo whsec_$(openssl rand -base64 32)")),
        }
    }
}

/// The file that is read: the one named, or the first of the usual places that exists.
pub fn find(path: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = path {
        return Some(path.to_owned());
    }
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let places = [Some(PathBuf::from("hallpass.toml")), folder.map(|f| f.join("hallpass/config.toml"))];
    places.into_iter().flatten().find(|p| p.exists())
}
