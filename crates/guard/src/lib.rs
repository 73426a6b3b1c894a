//! Logins of Hallpass in an axum app: who is not logged in does not reach a route.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use hallpass_guard::{Guard, GuardError, Login};
//!
//! async fn notes(login: Login) -> String {
//!     format!("the notes of {}, who is {}", login.account, login.roles.join(" and "))
//! }
//!
//! fn app(credential: &str) -> Result<Router, GuardError> {
//!     let guard = Guard::new("https://hallpass.example", credential, "https://api.example")?;
//!     let members = Router::new().route("/members", get(notes)).layer(guard.require_role("member"));
//!     Ok(Router::new().route("/notes", get(notes)).layer(guard.require_login()).merge(members))
//! }
//! ```
//!
//! The app is a resource server of Hallpass: `hallpass logins credential NAME` makes its credential, and Hallpass lists its hash
//! under `[[resource_servers]]`. Programs show it their access token, `Authorization: Bearer hps_...` or `DPoP hpd_...` with a
//! proof for the app's own address; it asks Hallpass what that is (RFC 7662), and checks the proof (RFC 9449) itself. Browsers'
//! cookies are for Hallpass's own host: a browser's app stands behind a proxy, see docs/guides/forward-auth.md.
//!
//! - An answer is good for 5 seconds, or as many as [`Guard::remembering`] says, 0 for none: **a login that ends is out within as
//!   many seconds**. A token that is not good is never remembered.
//! - Roles are those of the configuration of Hallpass: [`Login::roles`] has them, [`Guard::require_role`] asks for one. Nobody has
//!   one that is not configured there. One that is lost is out within as many seconds, and Hallpass's own `role_seconds`.
//! - Where Hallpass does not answer within 5 seconds, or not as expected, the answer is 503: nobody is let in on trust.
//! - Each proof is good once, here: an app that runs as several processes takes it once in each, within two minutes.
//!
//! | code | status | |
//! | --- | --- | --- |
//! | `not_logged_in` | 401 | no token, or none that is good; the same words for every reason |
//! | `two_credentials` | 400 | |
//! | `invalid_dpop_proof`, `use_dpop_nonce` | 401 | as RFC 9449 has it; the nonce is in `DPoP-Nonce` |
//! | `role_required` | 403 | the account has not the role |
//! | `too_many_proofs` | 429 | 500,000 proofs a minute, 60,000 of one key |
//! | `login_check_unavailable` | 503 | Hallpass does not answer, or not to this app's credential; the log says why |
//! | `no_guard` | 500 | an extractor on a route without [`RequireLogin`] |
//!
//! Here: [`guard`] decides; [`ask`] asks Hallpass; [`remembered`] keeps its answers; [`layer`] and [`extract`] are for axum;
//! [`refusal`] is what is answered.

pub mod ask;
pub mod extract;
pub mod guard;
pub mod layer;
pub mod refusal;
pub mod remembered;

pub use extract::Account;
pub use guard::{Guard, GuardError, Login};
pub use layer::RequireLogin;
pub use refusal::Refusal;
