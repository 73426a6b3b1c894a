//! `hallpass logout`

use super::Context;
use crate::client::{Client, token_file};
use crate::error::CliError;
use std::process::ExitCode;

/// Ends the login of this command line; its token is forgotten here too.
pub async fn run(context: &Context) -> Result<ExitCode, CliError> {
    let client = Client::logged_in(&context.config)?;
    let _: serde_json::Value = client.post("/v1/logout", &()).await?;
    if std::env::var_os("HALLPASS_TOKEN").is_none() {
        let _ = std::fs::remove_file(token_file()?);
    }
    context.show(&serde_json::json!({ "logged_out": true }), || {
        "logged out: its token is good for nothing any more".to_owned()
    })?;
    Ok(ExitCode::SUCCESS)
}
