//! `kill -9` while clients ask, execute and revoke: what was acknowledged is there after the restart, what was not is
//! done once when it is asked for again, and the chain shows neither more nor less.
//!
//! The moment is chosen by the server's own requests to its node: it dies just before the node hears of one, or just
//! after the node has done it and before the server learns so. Seeded; a failure names its round.
//!
//! - [`story`]: what a client has sent and been told in one round, and what must hold after it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
mod story;

use common::World;
use common::chain::Chain;
use common::people::Owner;
use common::proxy::{Proxy, When};
use story::Story;

/// A server on a line that can be trapped.
struct Stage {
    world: World,
    owner: Owner,
    line: Proxy,
}

impl Stage {
    async fn new(name: &str) -> Self {
        let chain = Chain::start().await;
        let line = Proxy::to(&chain.url);
        let world = World::on(name, chain, &line.url).await;
        let owner = world.owner(name).await;
        Self { world, owner, line }
    }

    /// One round: the server dies at the chosen request, or at the round's end where that never comes.
    async fn round(&mut self, name: &str, method: Option<&'static str>, count: u32, when: When) -> Story {
        let killer = self.world.server.killer();
        self.line.trap(method, count, when, move || killer.kill());
        let mut story = Story::new(name);
        story.live(&self.world, &self.owner).await;
        self.line.disarm();
        self.world.server.restart(&self.world.folder).await;
        story.check_acknowledged(&self.world, &self.owner).await;
        story.complete(&self.world, &self.owner).await;
        story.check_acknowledged(&self.world, &self.owner).await;
        story.check_chain(&self.world, &self.owner).await;
        story
    }
}

/// splitmix64.
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Every transaction of a round: the first installs, the next execute, the last ends.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_a_transaction_before_or_after_the_node_has_it() {
    let mut stage = Stage::new("kill-sending").await;
    let mut stories = Vec::new();
    for when in [When::After, When::Before] {
        for count in [1, 2, 4, 1 + story::PAYMENTS + 1] {
            let name = format!("transaction {count}, {when:?}");
            println!("{name}");
            let story = stage.round(&name, Some("eth_sendRawTransaction"), count, when).await;
            assert!(story.was_cut(), "{name}: the server did not die");
            stories.push(story);
        }
    }
    for story in &stories {
        story.check_acknowledged(&stage.world, &stage.owner).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_request_to_the_node() {
    let mut stage = Stage::new("kill-anywhere").await;
    let mut stories = Vec::new();
    for round in 0..12 {
        let count = 1 + (random(round) % 110) as u32;
        let when = if random(round + 1000).is_multiple_of(2) { When::Before } else { When::After };
        let name = format!("round {round}, request {count}, {when:?}");
        println!("{name}");
        stories.push(stage.round(&name, None, count, when).await);
    }
    assert!(stories.iter().filter(|s| s.was_cut()).count() >= 8, "the server hardly ever died");
    for story in &stories {
        story.check_acknowledged(&stage.world, &stage.owner).await;
    }
}
