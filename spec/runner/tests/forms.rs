//! Random grants of every kind of rule say the same in each form: text, JSON, the EIP-712 message.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::draft::Fill;
use hallpass_policy::words::{Lists, explain, to_text};
use hallpass_policy::{Draft, Grant, json, text};
use hallpass_spec::random::{Rng, grants};

#[test]
fn every_form_reads_back() {
    let mut rng = Rng::new(3);
    for i in 0..3000 {
        let grant = grants::make(&mut rng);
        let draft = Draft::from(&grant);
        let printed = text::print(&draft);
        let read = text::parse(&printed).unwrap_or_else(|e| panic!("{i}: {e}\n{printed}"));
        assert_eq!(json::print(&read), json::print(&draft), "{printed}");
        assert_eq!(read.complete(&Fill::default()).unwrap(), grant, "{printed}");
        assert_eq!(json::parse(&json::print(&draft)).unwrap(), draft);
        assert_eq!(Grant::from_message(&grant.message(), grant.rest.labels.clone()).unwrap(), grant);
        let words = to_text(&explain(&draft, &Lists::default()));
        for target in grant.calls.iter().map(|r| r.target.to_checksum(None)) {
            assert!(words.contains(&target), "{target} is shortened or missing\n{words}");
        }
    }
}
