//! Delivers events, in their order: no redirects, a time limit, a few attempts.

use super::{Told, Webhook};
use crate::outward::{self, Checked, LooksLikeKey};
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use core::time::Duration;
use hallpass_types::Clock;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long before the next attempt.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25), Duration::from_secs(120)];
/// Most deliveries at a time, so that one that is tried again holds up no other.
const AT_ONCE: usize = 8;

/// Delivers what comes, until nobody is left who could send more.
pub async fn task(webhook: Webhook, clock: Arc<dyn Clock>, mut waiting: mpsc::Receiver<Told>) {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .no_proxy()
        .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION")))
        .build();
    let Ok(client) = client else {
        tracing::error!("there is no HTTP client, so the webhook is told nothing");
        return;
    };
    let room = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    while let Some(event) = waiting.recv().await {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let (client, webhook, clock) = (client.clone(), webhook.clone(), Arc::clone(&clock));
        tokio::spawn(async move {
            deliver(&client, &webhook, clock.as_ref(), &event).await;
            drop(permit);
        });
    }
}

async fn deliver(client: &reqwest::Client, webhook: &Webhook, clock: &dyn Clock, event: &Told) {
    let id = event.id();
    // What an asker claims may look like a key; that silences the words, not the event.
    let body = outward(event).or_else(|why| {
        tracing::error!(%id, %why, "the words of an event are not told: they hold what must not leave");
        outward(&event.without_words())
    });
    let Ok(body) = body else { return };
    for pause in PAUSES.into_iter().map(Some).chain([None]) {
        let timestamp = clock.now().get().to_string();
        let Some(signature) = signature(&webhook.secret, &id, &timestamp, body.as_bytes()) else { return };
        let sent = client
            .post(webhook.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", signature)
            .body(body.as_bytes().to_vec())
            .send()
            .await;
        // The URL is in the error's text, and often holds a token.
        let why = match sent {
            Ok(answer) if answer.status().is_success() => return,
            // Gone: it wants nothing any more.
            Ok(answer) if answer.status() == reqwest::StatusCode::GONE => {
                tracing::warn!(%id, "the webhook is gone (410)");
                return;
            }
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.without_url().to_string(),
        };
        tracing::warn!(%id, %why, again = pause.is_some(), "the webhook did not take an event");
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return,
        }
    }
}

/// Every body that leaves passes here.
///
/// # Errors
/// Where it looks as if it held a key.
pub fn outward(event: &Told) -> Result<Checked, LooksLikeKey> {
    outward::bytes(serde_json::to_vec(event).unwrap_or_default())
}

/// `v1,` and the Base64 of HMAC-SHA256 over id, time and body.
fn signature(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for part in [id, ".", timestamp, "."] {
        mac.update(part.as_bytes());
    }
    mac.update(body);
    Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
}

/// Base64 (RFC 4648, section 4): written padded, read padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads Base64; `None` for anything else.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

    use super::*;
    use crate::webhook::WebhookError;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_signature_is_the_specifications() {
        let secret = from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let made = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body.as_bytes()).unwrap();
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_may_lack_its_padding_and_nothing_else() {
        assert_eq!(from_base64("Zm9vYg==").unwrap(), from_base64("Zm9vYg").unwrap());
        for bad in ["A", "Zg-_", "Zh==", "Z g=", "Zm9=", "=Zg"] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_webhook_is_http_with_a_secret_and_shows_neither() {
        let secret = format!("whsec_{}", BASE64.encode([7; 24]));
        let made = |url: &str, secret: &str| Webhook::new(url, secret).map(|w| format!("{w:?}"));
        assert_eq!(made("https://hooks.example/T0KEN", &secret), Ok("Webhook(redacted)".to_owned()));
        for url in ["ftp://a.example", "file:///etc/passwd", "https://me:secret@a.example", "a.example", ""] {
            assert_eq!(made(url, &secret), Err(WebhookError::BadUrl), "{url}");
        }
        for bad in ["", "whsec_", "whsec_Zg==", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"] {
            assert_eq!(made("http://a.example", bad), Err(WebhookError::BadSecret), "{bad}");
        }
    }
}
