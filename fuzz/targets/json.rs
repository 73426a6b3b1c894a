//! PROPERTY: a JSON text that reads is, value by value, the canonical form of what was read, and no name stands in it twice;
//! printed, it reads back unchanged; and what holds of every draft holds of it.

#![no_main]

use hallpass_fuzz::{drafts, planted};
use hallpass_policy::json;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let strict = json::strict::parse(text);
    // `serde_json` takes the last of two members of one name; apart from that the two readers agree.
    match (&strict, serde_json::from_str::<Value>(text)) {
        (Ok(strict), loose) => {
            assert_eq!(Some(strict), loose.ok().as_ref(), "the strict reader reads as the loose one")
        }
        (Err(e), Ok(_)) => assert!(e.to_string().contains("stands twice"), "{e}"),
        (Err(_), Err(_)) => {}
    }
    if let Ok(read) = &strict {
        planted(read["calls"][0]["signature"].as_str().unwrap_or("").as_bytes());
    }
    let Ok(draft) = json::parse(text) else { return };
    let printed = json::print(&draft);
    let canonical: Value = serde_json::from_str(&printed).expect("what is printed is JSON");
    assert_eq!(strict.expect("what was accepted is JSON"), canonical, "accepted, and not the canonical form");
    let again = json::parse(&printed).expect("the canonical form reads");
    assert_eq!(again, draft);
    assert_eq!(json::print(&again), printed);
    drafts::holds(&draft);
});
