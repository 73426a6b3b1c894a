//! `hallpass demo`: the whole way on a local chain, nothing of it recorded or mocked.
//!
//! - [`setup`]: anvil, contracts, the server: real processes on loopback, kept by [`processes`].
//! - [`players`]: two owners, one for each home of an account; logging in and handing out passes.
//! - [`play`]: moves and purchases by session key.
//! - [`attacks`]: what must not be done, at the signer and past it; [`endings`]: expiry and revocation; [`rows`]: trying.
//! - [`stolen`], [`forge`]: a session key outside the vault, and operations made with it past the signer.
//! - [`report`]: the table.

mod attacks;
mod endings;
mod forge;
mod play;
mod players;
mod processes;
mod report;
mod rows;
mod setup;
mod stolen;

use crate::commands::Context;
use crate::error::CliError;
use clap::Parser;
use report::Report;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass demo`.
#[derive(Parser)]
pub struct Args {
    /// The anvil program (npm package @foundry-rs/anvil)
    #[arg(long, env = "HALLPASS_ANVIL", value_name = "FILE")]
    anvil: PathBuf,
    /// Where the demo keeps its files; a folder for each run
    #[arg(long, default_value = ".demo", value_name = "FOLDER")]
    folder: PathBuf,
    /// Leave server and chain running at the end
    #[arg(long)]
    stay: bool,
}

/// Runs the demo; exit status 0 only if every row of the table is as expected.
pub async fn run(context: &Context, args: Args) -> Result<ExitCode, CliError> {
    let world = setup::World::start(&args.folder, &args.anvil).await?;
    let mut report = Report::new(context.json);
    let result = scenes(&world, &mut report).await;
    if let Err(error) = result {
        world.stop();
        return Err(error);
    }
    report.print()?;
    if args.stay {
        world.leave(context.json)?;
    } else {
        world.stop();
    }
    Ok(if report.all_as_expected() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn scenes(world: &setup::World, report: &mut Report) -> Result<(), CliError> {
    let players = [players::Player::delegated(world).await?, players::Player::pocket(world).await?];
    // Five-second passes first: they run out while the rest goes on.
    let mut short = Vec::new();
    let mut passes = Vec::new();
    for player in &players {
        report.scene(&format!("{}: a pass to play for an hour", player.name));
        let pass = player.hand_out(world, setup::ARENA, report, true).await?;
        play::moves_and_purchases(world, player, &pass, report).await?;
        play::gas(world, player, report).await?;
        short.push(endings::short_pass(world, player, report).await?);
        passes.push(pass);
    }
    for ((player, pass), short) in players.iter().zip(passes).zip(short) {
        report.scene(&format!("{}: what must not be done", player.name));
        attacks::all(world, player, &pass, report).await?;
        endings::waited_out(world, player, short, report).await?;
        report.scene(&format!("{}: the end", player.name));
        endings::revoked(world, player, &pass, report).await?;
    }
    Ok(())
}
