//! What of the configuration is about limits and alerts.

use super::Config;
use crate::error::CliError;
use hallpass_server::alerts;
use hallpass_server::limits::Rates;

/// How much may be asked in a minute.
pub fn rates(config: &Config) -> Result<Rates, CliError> {
    let proxy = |text: &String| {
        text.parse().map_err(|e| CliError::input("bad_config", format!("`trusted_proxies`: `{text}`: {e}")))
    };
    Ok(Rates {
        client: checked("client_per_minute", config.client_per_minute)?,
        account: checked("account_per_minute", config.account_per_minute)?,
        app: checked("app_per_minute", config.app_per_minute)?,
        proofs: checked("proofs_per_minute", config.proofs_per_minute)?,
        proxies: config.trusted_proxies.iter().map(proxy).collect::<Result<_, _>>()?,
    })
}

/// What the operator is told of at once.
pub fn alerts(config: &Config) -> Result<alerts::Bounds, CliError> {
    Ok(alerts::Bounds {
        refusals: checked("alert_refusals", config.alert_refusals)?,
        per_minute: checked("alerts_per_minute", config.alerts_per_minute)?,
    })
}

/// In seconds; at least a day.
pub fn retention(config: &Config) -> Result<u64, CliError> {
    Ok(u64::from(checked("retention_days", config.retention_days)?).saturating_mul(86_400))
}

/// At least 1, so that none of them means "never" or "no limit".
fn checked(name: &str, value: u32) -> Result<u32, CliError> {
    if (1..=1_000_000).contains(&value) {
        Ok(value)
    } else {
        Err(CliError::input("bad_config", format!("`{name}` is 1 to 1000000")))
    }
}
