//! What the owner reads: why they are asked, what the asker claims, and what the signature would allow.

use crate::app::{record_id, sealed_key};
use crate::work::stored_grant;
use crate::{ApiError, App};
use hallpass_policy::abi::signature::selector;
use hallpass_policy::diff::{Diff, diff};
use hallpass_policy::known::KNOWN;
use hallpass_policy::words::{Line, Tone, catalogue, explain, to_text};
use hallpass_policy::{Draft, Grant};
use hallpass_session::{Asked, KeySession, OwnerRequest};
use hallpass_types::UnixSeconds;

/// A request in plain words, and what they are about.
#[derive(Debug)]
pub struct Words {
    /// The lines.
    pub lines: Vec<Line>,
    /// For a renewal: what changes against the present grant.
    pub difference: Option<Diff>,
    /// The session that would stand on the grant.
    pub session: KeySession,
    /// The grant that would be signed.
    pub grant: Grant,
    /// Whether its key is held outside the vault.
    pub outside: bool,
}

impl Words {
    /// As one text; red lines begin with `!`.
    #[must_use]
    pub fn to_text(&self) -> String {
        to_text(&self.lines)
    }
}

/// Says what a request asks.
///
/// # Errors
/// As the store.
pub async fn of(app: &App, request: &OwnerRequest) -> Result<Words, ApiError> {
    let mut tx = app.store.read().await?;
    let missing = || ApiError::missing("session");
    let asking = tx.sessions().find_key(request.session).await?.ok_or_else(missing)?;
    let session = tx.sessions().find_key(request.proposal).await?.ok_or_else(missing)?;
    let (_, present) = stored_grant(tx.as_mut(), &asking).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let outside = sealed_key(tx.as_mut(), &record_id("session", request.proposal)).await?.is_none();
    drop(tx);
    let (old, new) = (Draft::from(&present), Draft::from(&grant));
    let mut lines = vec![line(Tone::Heading, "What you are asked")];
    let mut difference = None;
    match &request.asked {
        Asked::OneOff { met, data, .. } => {
            lines.push(line(Tone::Plain, &format!("to allow one call, once, for session {}", request.session)));
            let at = if met.at.is_empty() { String::new() } else { format!(" at {}", met.at) };
            let why = format!("the pass of that session does not allow it by itself: {} [{}{at}]", met.says, met.code);
            lines.push(line(Tone::Plain, &why));
            let stays = "that pass stays as it is: its budgets neither grow nor count this call";
            lines.push(line(Tone::Plain, stays));
            if !is_named(&present, data) {
                let claimed = "the asker names the function of this call, and nobody has checked that name";
                lines.push(line(Tone::Red, claimed));
            }
        }
        Asked::Renewal { .. } => {
            let says = format!("to hand out the pass of session {} once more, for a later time", request.session);
            lines.push(line(Tone::Plain, &says));
            let anew = "it is a pass of its own: its budgets begin anew, and what is left of the old one is lost";
            lines.push(line(Tone::Plain, anew));
        }
    }
    if let Some(why) = &request.why {
        let claim = format!("the asker says it is for \"{why}\"; nobody has checked that");
        lines.push(line(Tone::Plain, &claim));
    }
    lines.push(line(Tone::Plain, &until(request.made, request.deadline)));
    if matches!(request.asked, Asked::Renewal { .. }) {
        let found = diff(&old, &new);
        lines.push(line(Tone::Heading, "What changes against the present pass"));
        lines.push(line(Tone::Plain, &format!("{}: {}", found.summary.name(), found.summary.says())));
        lines.extend(found.changes.iter().map(|c| line(Tone::Detail, &format!("{}: {}", c.at, c.says))));
        difference = Some(found);
    }
    lines.push(line(Tone::Heading, "What you would sign"));
    lines.extend(explain(&new, &app.settings.lists));
    if outside {
        lines.push(line(Tone::Red, catalogue::OUTSIDE));
    }
    Ok(Words { lines, difference, session, grant, outside })
}

/// Whether somebody else than the asker says which function has this selector: the standards, or a grant that was signed.
fn is_named(present: &Grant, data: &[u8]) -> bool {
    let Some(wanted) = data.first_chunk::<4>() else { return true };
    let signed = present.calls.iter().filter(|r| r.arguments.is_some()).map(|r| selector(&r.signature));
    KNOWN.iter().map(|known| selector(known.signature)).chain(signed).any(|found| found == *wanted)
}

fn line(tone: Tone, text: &str) -> Line {
    Line { tone, text: text.to_owned() }
}

fn until(made: UnixSeconds, deadline: UnixSeconds) -> String {
    let seconds = deadline.get().saturating_sub(made.get());
    format!("without an answer within {seconds} seconds of the question, it is a no (Unix time {})", deadline.get())
}
