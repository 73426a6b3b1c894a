//! A login from where its owner never was: another network, or another device.

use crate::App;
use crate::webhook::alert::Data;
use hallpass_session::LoginSession;
use hallpass_store::StoreError;

/// Looks beside the request, which waits for nothing: compares the login with all the owner's earlier ones that are still
/// listed. Somebody's first login is from nowhere new.
pub fn look(app: &App, login: &LoginSession) {
    let (app, login) = (app.clone(), login.clone());
    tokio::spawn(async move {
        match earlier(&app, &login).await {
            Ok(earlier) if is_new(&login, &earlier) => {
                let data = Data {
                    session: Some(login.id.to_string()),
                    user: Some(login.user.to_string()),
                    network: login.ip.clone(),
                    ..Data::default()
                };
                app.alerts.tell("alert.new_device", login.created, data);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(code = error.code(), "earlier logins could not be looked at"),
        }
    });
}

async fn earlier(app: &App, login: &LoginSession) -> Result<Vec<LoginSession>, StoreError> {
    let mut all = app.store.read().await?.logins().list(login.user).await?;
    all.retain(|other| other.id != login.id);
    Ok(all)
}

/// Whether none of them was from the same network, or none of the same device.
fn is_new(login: &LoginSession, earlier: &[LoginSession]) -> bool {
    let known = |same: fn(&LoginSession, &LoginSession) -> bool| earlier.iter().any(|other| same(login, other));
    let seen = known(|a, b| a.ip == b.ip) && known(|a, b| a.device == b.device);
    !(earlier.is_empty() || seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_store::testing::sample::login;

    fn from(ip: &str, device: &str) -> LoginSession {
        LoginSession { ip: Some(ip.to_owned()), device: Some(device.to_owned()), ..login(1, 1) }
    }

    #[test]
    fn a_network_or_a_device_that_was_never_seen_is_new() {
        let home = [from("203.0.113.0/24", "a"), from("198.51.100.0/24", "b")];
        assert!(!is_new(&from("203.0.113.0/24", "a"), &[]), "the first login");
        assert!(!is_new(&from("203.0.113.0/24", "a"), &home));
        assert!(!is_new(&from("203.0.113.0/24", "b"), &home), "each was seen");
        assert!(is_new(&from("192.0.2.0/24", "a"), &home));
        assert!(is_new(&from("203.0.113.0/24", "c"), &home));
        assert!(is_new(&LoginSession { ip: None, ..from("", "a") }, &home));
    }
}
