//! For tests: the conformance suite that every [`Store`](crate::Store) runs, sample data, exact randomness, and a disk
//! that loses power.
//!
//! A store's crate runs the suite with [`conformance!`](crate::conformance): one test for each promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a broken promise must stop the test"
)]

pub mod disk;
pub mod logins;
pub mod operations;
pub mod people;
pub mod requests;
pub mod sample;
pub mod transactions;

use hallpass_types::{Rng, RngError};
use std::sync::Mutex;

/// Numbers that look random and are the same for a seed (SplitMix64). Never for secrets.
#[derive(Debug)]
pub struct SeededRng(Mutex<u64>);

impl SeededRng {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// The next number.
    #[must_use]
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `bound`, which is not 0.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }
}

impl Rng for SeededRng {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Makes a test of every promise. `$fresh` is an expression that makes an empty, unlocked `Arc<dyn Store>`, anew for
/// each test; it may `await`. The crate needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance!(@ $fresh, people:
            what_is_stored_reads_back,
            an_account_is_known_once,
            listings_are_oldest_first_and_a_users_own,
            an_ended_session_is_never_revived,
            a_state_read_in_another_transaction_is_not_saved,
            a_holder_is_known_by_its_newest_token_alone,
            a_grant_is_answered_once,
            what_an_owner_was_shown_is_kept_with_their_answer,
            sessions_are_found_by_their_key,
            a_holders_token_is_one_sessions_and_is_handed_on_or_forgotten,
            what_a_restored_store_ends_is_found,
            deleted_data_is_gone_and_live_data_is_not_deleted,
        );
        $crate::conformance!(@ $fresh, logins:
            a_login_is_known_by_every_token_it_ever_had,
            a_token_is_one_logins,
            what_is_noted_of_a_login_is_no_transition,
            a_login_changes_in_what_moves_alone,
            logins_that_have_not_ended_are_found_by_user_and_by_their_end,
            an_ended_logins_tokens_are_remembered_until_its_absolute_end,
            an_ended_login_is_forgotten_in_time_and_a_live_one_never,
        );
        $crate::conformance!(@ $fresh, operations:
            an_idempotency_key_makes_one_reservation,
            a_reservation_goes_forward_alone,
            what_is_held_outlives_its_settlement_until_the_ledger_has_it,
            what_was_compared_is_kept_for_its_grant,
            a_nonce_is_used_once_by_a_hundred_tasks,
            old_nonces_are_pruned,
        );
        $crate::conformance!(@ $fresh, requests:
            a_request_reads_back_in_every_way,
            a_request_is_answered_once,
            a_session_asks_once_with_a_key,
            an_open_request_keeps_its_owners_data,
        );
        $crate::conformance!(@ $fresh, transactions:
            dropping_a_transaction_undoes_it,
            a_reading_transaction_writes_nothing,
            a_reading_transaction_sees_one_moment,
            the_audit_trail_strictly_increases_and_pages,
            an_audit_event_tells_of_its_change,
            the_audit_trail_is_a_chain_whatever_is_undone_and_deleted,
            origins_are_forgotten_in_time_and_the_chain_stays_whole,
            a_generation_is_a_commit,
            the_vaults_bytes_are_kept,
        );
    };
    (@ $fresh:expr, $module:ident: $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::testing::$module::$name($fresh).await;
            }
        )+
    };
}
