//! PROPERTY: on every case about the fixed grants our evaluator gives the verdict, the rules, the costs, the code and the
//! place that the reference evaluator gives.

#![no_main]

use hallpass_fuzz::judged::agree;
use hallpass_fuzz::{Feed, case, grants, planted};
use hallpass_policy::json::ask::Case;

// Input: the number of the grant, with the high bit for a case as JSON text; then the case, or what it is made from.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut feed = Feed(data);
    let which = feed.byte();
    let Some(fixed) = grants::ALL.get(usize::from(which & 0x7f)) else { return };
    let written = which & 0x80 != 0;
    let case = if written {
        let Ok(text) = std::str::from_utf8(feed.0) else { return };
        let Ok(case) = hallpass_policy::json::strict::parse(text) else { return };
        case
    } else {
        case::case(fixed, &mut feed)
    };
    agree(&fixed.ready, &case, !written);
    if let Ok(read) = Case::read(&case, fixed.ready.grant) {
        planted(&case::calldata(&read.action));
    }
});
