//! A signer in a process of its own, over a file: killed at every moment between a request and its answer, and asked by
//! clients in other processes.
//!
//! Without libtest: the program starts itself once more for each of those processes, and `HALLPASS_ROLE` says which it is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod child;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod kill;
mod many;
mod wire;

fn main() {
    match std::env::var("HALLPASS_ROLE").as_deref() {
        Ok("signer") => child::run(),
        Ok("clients") => many::clients(),
        _ => {
            run("a_signer_killed_at_every_moment_keeps_its_promises", kill::every_moment);
            run("four_processes_of_sixteen_threads_spend_the_cap_and_no_more", many::spend_the_cap);
        }
    }
}

fn run(name: &str, test: fn()) {
    let only = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    if only.is_none_or(|only| name.contains(&only)) {
        test();
        println!("test {name} ... ok");
    }
}
