//! PROTOCOL's settlement table, line by line.

use super::*;

const OURS: B256 = B256::repeat_byte(0xd1);

fn at(s: u64) -> UnixSeconds {
    UnixSeconds::new(s).unwrap()
}

pub(crate) fn reserved(route: Route) -> Reservation {
    Reservation {
        id: ReservationId::from_bytes([1; 16]),
        session: SessionId::from_bytes([2; 16]),
        grant: GrantId::repeat_byte(3),
        idempotency: IdempotencyKey::try_from("k".to_owned()).unwrap(),
        request_hash: B256::repeat_byte(4),
        route,
        op: Bytes::from_static(b"op"),
        digest: OURS,
        sequence: 7,
        counter: Counter::Own,
        valid_from: at(100),
        valid_until: at(200),
        costs: vec![],
        state: ReservationState::Reserved,
    }
}

/// The three states that a signature may be out in.
fn lives(route: Route) -> [Reservation; 3] {
    let signed = reserved(route).signed(Bytes::from_static(b"sig")).unwrap();
    [reserved(route), signed.clone(), signed.submitted(B256::repeat_byte(9)).unwrap()]
}

fn view(time: u64, nonce: NonceState, grant: GrantState) -> FinalView {
    FinalView { block: FinalBlock { number: 50, time: at(time) }, nonce, grant }
}

fn why(route: Route, view: FinalView) -> Vec<Option<Release>> {
    lives(route)
        .into_iter()
        .map(|r| match r.clone().settle(view).unwrap() {
            Reservation { state: ReservationState::Released { why, .. }, .. } => Some(why),
            same => {
                assert_eq!(same, r, "neither released nor left alone");
                None
            }
        })
        .collect()
}

#[test]
fn success_spends_from_every_live_state_even_after_the_grant_ended() {
    for route in [Route::Direct, Route::EntryPoint, Route::Plain] {
        for grant in [GrantState::Live, GrantState::Ended, GrantState::EpochMoved] {
            for r in lives(route) {
                let end = r.settle(view(999, NonceState::UsedBy(OURS), grant)).unwrap();
                assert!(matches!(end.state, ReservationState::Spent { .. }), "{route:?} {grant:?}");
            }
        }
    }
}

#[test]
fn a_nonce_used_by_another_operation_releases() {
    let other = view(150, NonceState::UsedBy(B256::ZERO), GrantState::Live);
    for route in [Route::Direct, Route::EntryPoint, Route::Plain] {
        assert_eq!(why(route, other), [Some(Release::NonceUsed); 3]);
    }
    assert_eq!(why(Route::Direct, view(150, NonceState::BelowBase, GrantState::Live)), [Some(Release::BelowBase); 3]);
}

#[test]
fn an_unused_nonce_releases_at_valid_until_by_the_final_blocks_time_and_not_before() {
    assert_eq!(why(Route::Direct, view(199, NonceState::Unused, GrantState::Live)), [None; 3]);
    assert_eq!(why(Route::Direct, view(200, NonceState::Unused, GrantState::Live)), [Some(Release::Expired); 3]);
    assert_eq!(why(Route::EntryPoint, view(200, NonceState::Unused, GrantState::Live)), [Some(Release::Expired); 3]);
}

/// Reverted, dropped, relayer silent: a final block then shows the nonce unused.
#[test]
fn a_failure_on_the_direct_route_changes_nothing() {
    assert_eq!(why(Route::Direct, view(150, NonceState::Unused, GrantState::Live)), [None; 3]);
}

#[test]
fn an_ended_grant_or_a_moved_epoch_releases() {
    assert_eq!(why(Route::Direct, view(150, NonceState::Unused, GrantState::Ended)), [Some(Release::GrantEnded); 3]);
    assert_eq!(
        why(Route::EntryPoint, view(150, NonceState::Unused, GrantState::EpochMoved)),
        [Some(Release::EpochMoved); 3]
    );
}

#[test]
fn a_plain_transaction_is_ended_by_its_nonce_alone() {
    for grant in [GrantState::Live, GrantState::Ended, GrantState::EpochMoved] {
        for nonce in [NonceState::Unused, NonceState::BelowBase] {
            assert_eq!(why(Route::Plain, view(9_999, nonce, grant)), [None; 3]);
        }
    }
}

#[test]
fn what_is_settled_stays_settled() {
    let spent = reserved(Route::Direct).settle(view(150, NonceState::UsedBy(OURS), GrantState::Live)).unwrap();
    let released = reserved(Route::Direct).settle(view(300, NonceState::Unused, GrantState::Live)).unwrap();
    for end in [spent, released] {
        assert!(!end.is_live());
        assert!(end.clone().signed(Bytes::new()).is_err());
        assert!(end.clone().submitted(B256::ZERO).is_err());
        assert_eq!(end.settle(view(300, NonceState::Unused, GrantState::Live)), Err(SettleError::NotAllowed));
    }
}

#[test]
fn one_reservation_has_one_signature_and_each_transaction_once() {
    let [fresh, signed, sent] = lives(Route::Direct);
    assert!(fresh.submitted(B256::ZERO).is_err(), "sent without a signature");
    assert_eq!(signed.clone().signed(Bytes::from_static(b"sig")), Ok(signed.clone()));
    assert!(signed.signed(Bytes::from_static(b"other")).is_err());
    let twice = sent.submitted(B256::repeat_byte(9)).unwrap().submitted(B256::repeat_byte(8)).unwrap();
    let ReservationState::Submitted { txs, .. } = twice.state else { panic!("not submitted") };
    assert_eq!(txs, [B256::repeat_byte(9), B256::repeat_byte(8)]);
}

#[test]
fn an_idempotency_key_stands_for_one_request() {
    let r = reserved(Route::Direct);
    assert!(r.same_request(B256::repeat_byte(4)).is_ok());
    assert_eq!(r.same_request(B256::ZERO).unwrap_err().code(), "idempotency_conflict");
}

#[test]
fn a_reservation_reads_back_from_its_json() {
    for r in lives(Route::EntryPoint) {
        let text = serde_json::to_string(&r).unwrap();
        assert_eq!(serde_json::from_str::<Reservation>(&text).unwrap(), r);
    }
}

#[test]
fn a_row_from_before_entry_points_is_read_and_a_new_one_of_a_direct_operation_is_written_as_before() {
    let text = serde_json::to_string(&reserved(Route::Direct)).unwrap();
    assert!(!text.contains("counter"), "{text}");
    assert_eq!(serde_json::from_str::<Reservation>(&text).unwrap(), reserved(Route::Direct));
    let key = crate::EntryKey::new(hallpass_policy::EntryPoint::V07, GrantId::repeat_byte(3), crate::Lane::default());
    let by_entry_point = Reservation { counter: Counter::EntryPoint(key), ..reserved(Route::EntryPoint) };
    let text = serde_json::to_string(&by_entry_point).unwrap();
    assert!(text.contains("\"0.7\""), "{text}");
    assert_eq!(serde_json::from_str::<Reservation>(&text).unwrap(), by_entry_point);
}
