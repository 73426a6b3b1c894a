//! Tries something and writes down what came of it.

use super::forge::Forged;
use super::play::execute;
use super::players::{Pass, Player};
use super::report::{Report, Row};
use super::setup::World;
use crate::error::CliError;
use hallpass_server::endpoints::shapes::ActionBody;

/// Where rows go, and whom they are about.
pub struct Rows<'a> {
    /// The world.
    pub world: &'a World,
    /// The owner.
    pub player: &'a Player,
    /// The pass at the signer.
    pub pass: &'a Pass,
    /// The report.
    pub report: &'a mut Report,
}

impl Rows<'_> {
    /// A row that is known already.
    pub fn row(&mut self, action: &str, expected: &str, signer: &str, chain: &str, gas: Option<u64>) {
        let text = |t: &str| t.to_owned();
        let home = self.player.name;
        self.report.row(Row {
            home,
            action: text(action),
            expected: text(expected),
            signer: text(signer),
            chain: text(chain),
            gas,
        });
    }

    /// Tries an action at the signer.
    pub async fn at_signer(
        &mut self,
        action: &str,
        expected: &str,
        body: ActionBody,
        sequence: Option<u32>,
    ) -> Result<(), CliError> {
        let (said, gas) = signer(self.player, self.pass, body, sequence).await?;
        self.row(action, expected, &said, "-", gas);
        Ok(())
    }

    /// Tries an operation past the signer.
    pub async fn past(&mut self, action: &str, expected: &str, forged: Forged<'_>) -> Result<(), CliError> {
        let answer = forged.send(self.world, self.player).await?;
        self.row(action, expected, "-", &answer.said, Some(answer.gas));
        Ok(())
    }
}

/// What the signer says of an action: `executed`, or a code.
async fn signer(
    player: &Player,
    pass: &Pass,
    action: ActionBody,
    sequence: Option<u32>,
) -> Result<(String, Option<u64>), CliError> {
    match execute(player, &pass.session, action, sequence).await {
        Ok(done) if done.success => Ok(("executed".to_owned(), Some(done.gas_used))),
        Ok(_) => Ok(("reverted".to_owned(), None)),
        Err(error) if error.exit == 1 => Ok((error.code, None)),
        Err(error) => Err(error),
    }
}
