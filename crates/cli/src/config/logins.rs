//! What of the configuration is about logins.

use super::Config;
use crate::error::CliError;
use hallpass_server::app::{Proxy, RegisteredApp, ResourceServer};
use hallpass_server::logins::Bounds;
use hallpass_session::TokenHash;
use serde::{Deserialize, Serialize};

/// A `[[resource_servers]]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceServerEntry {
    /// What to call it.
    pub name: String,
    /// What its credential hashes to, as `hallpass logins credential` prints it.
    pub sha256: String,
}

/// A `[[forward_auth]]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardAuthEntry {
    /// What to call the proxy.
    pub name: String,
    /// What its credential hashes to, as `hallpass logins credential` prints it.
    pub sha256: String,
    /// The origins of the apps behind it.
    pub origins: Vec<String>,
}

/// An `[[apps]]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppEntry {
    /// What to call the app.
    pub name: String,
    /// The origins of its pages.
    pub origins: Vec<String>,
}

/// Times and numbers; each at least 1, so that none of them means "never".
pub fn bounds(config: &Config) -> Result<Bounds, CliError> {
    let checked = |name: &str, value: u64, most: u64, unit: u64| {
        if (1..=most).contains(&value) {
            Ok(value.saturating_mul(unit))
        } else {
            Err(CliError::input("bad_config", format!("`{name}` is 1 to {most}")))
        }
    };
    let minutes = |name: &str, value: u64| checked(name, value, 525_600, 60);
    let hours = |name: &str, value: u64| checked(name, value, 8_760, 3600);
    Ok(Bounds {
        absolute: hours("login_hours", config.login_hours)?,
        refreshed: hours("refresh_hours", config.refresh_hours)?,
        idle: minutes("idle_minutes", config.idle_minutes)?,
        access: minutes("access_minutes", config.access_minutes)?,
        step_up: minutes("step_up_minutes", config.step_up_minutes)?,
        contract: minutes("contract_minutes", config.contract_minutes)?,
        most: usize::try_from(checked("logins_per_user", config.logins_per_user, 1_000, 1)?).unwrap_or(1),
    })
}

/// Origins as browsers write them: scheme, host and port, in lower case, nothing after.
pub fn origins(key: &str, listed: &[String]) -> Result<Vec<String>, CliError> {
    for origin in listed {
        let parsed = url::Url::parse(origin).ok().map(|url| url.origin().ascii_serialization());
        if parsed.as_deref() != Some(origin) || !(origin.starts_with("https://") || origin.starts_with("http://")) {
            let says = format!("{key}: `{origin}` is no origin");
            return Err(CliError::input("bad_config", says).hint("for example https://app.example, without a path"));
        }
    }
    Ok(listed.to_vec())
}

/// Who may introspect.
pub fn resource_servers(listed: &[ResourceServerEntry]) -> Result<Vec<ResourceServer>, CliError> {
    let read = |entry: &ResourceServerEntry| {
        let credential = credential("resource_servers", &entry.name, &entry.sha256)?;
        Ok(ResourceServer { name: entry.name.clone(), credential })
    };
    listed.iter().map(read).collect()
}

/// Which proxies may ask, for which origins. One without origins could let nobody in: it is a mistake.
pub fn forward_auth(listed: &[ForwardAuthEntry]) -> Result<Vec<Proxy>, CliError> {
    let read = |entry: &ForwardAuthEntry| {
        let credential = credential("forward_auth", &entry.name, &entry.sha256)?;
        let key = format!("`forward_auth`: `origins` of `{}`", entry.name);
        if entry.origins.is_empty() {
            let says = format!("{key}: there is none");
            return Err(CliError::input("bad_config", says).hint("for example [\"https://app.example\"]"));
        }
        Ok(Proxy { name: entry.name.clone(), credential, origins: origins(&key, &entry.origins)? })
    };
    let read: Vec<Proxy> = listed.iter().map(read).collect::<Result<_, _>>()?;
    for (nth, proxy) in read.iter().enumerate() {
        if read.iter().skip(nth.saturating_add(1)).any(|other| other.credential == proxy.credential) {
            let says = format!("`forward_auth`: another proxy has the credential of `{}`", proxy.name);
            return Err(CliError::input("bad_config", says).hint("make one for each, or one table with all origins"));
        }
    }
    Ok(read)
}

/// Whose pages may ask. An origin is one app's.
pub fn apps(listed: &[AppEntry]) -> Result<Vec<RegisteredApp>, CliError> {
    let read = |entry: &AppEntry| {
        let key = format!("`apps`: `origins` of `{}`", entry.name);
        Ok(RegisteredApp { name: entry.name.clone(), origins: origins(&key, &entry.origins)? })
    };
    let read: Vec<RegisteredApp> = listed.iter().map(read).collect::<Result<_, _>>()?;
    let mut seen = std::collections::HashSet::new();
    match read.iter().flat_map(|app| &app.origins).find(|origin| !seen.insert(origin.as_str())) {
        Some(twice) => Err(CliError::input("bad_config", format!("`apps`: `{twice}` is there twice"))),
        None => Ok(read),
    }
}

fn credential(key: &str, name: &str, sha256: &str) -> Result<TokenHash, CliError> {
    let mut hash = [0; 32];
    let bad = |_| {
        let says = format!("`{key}`: `sha256` of `{name}` is not 64 hex digits");
        CliError::input("bad_config", says).hint("`hallpass logins credential` makes one")
    };
    hex::decode_to_slice(sha256, &mut hash).map_err(bad)?;
    Ok(TokenHash::from_bytes(hash))
}
