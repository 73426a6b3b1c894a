//! The meters of a rule as caps of a delegation: one of each kind, with the smallest cap.

use super::caveat::Period;
use super::rule::{Made, Shape, TRANSFER};
use alloy_primitives::U256;
use core::num::NonZeroU32;
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{Amount, Meter, Path, What};
use hallpass_policy::known;

impl Made<'_> {
    /// Takes every meter of the rule.
    pub(super) fn meters(&mut self) {
        for (i, used) in self.rule.uses.iter().enumerate() {
            let part = format!(".uses[{i}]");
            let Some(meter) = self.meter(used.meter) else {
                self.lack(&part, "bad_grant", "there is no such meter");
                continue;
            };
            let rules = self.grant.calls.iter().filter(|r| r.uses.iter().any(|u| u.meter == used.meter)).count();
            if rules > 1 {
                self.lack(
                    &part,
                    "shared_meter",
                    format!("meter {} is charged by several rules, and each delegation counts for itself", meter.id),
                );
                continue;
            }
            let cap = U256::from(meter.cap);
            match &used.amount {
                Amount::One if meter.period.is_some() => {
                    self.lack(&part, "rate", "calls are counted over the whole life alone, not in windows");
                }
                Amount::One => self.calls = least(self.calls, cap),
                Amount::Value => self.native(&part, meter, cap),
                Amount::Path(path) => self.amount(&part, meter, cap, path),
            }
        }
    }

    fn native(&mut self, part: &str, meter: &Meter, cap: U256) {
        match meter.period {
            // A cap of 0 in each window is one over the whole life; the enforcer refuses to count to 0.
            Some(_) if cap.is_zero() => self.value = U256::ZERO,
            Some(seconds) => {
                let period = self.period(part, meter, cap, seconds, self.native_period);
                self.native_period = period.or(self.native_period);
            }
            None => self.native = least(self.native, cap),
        }
    }

    fn amount(&mut self, part: &str, meter: &Meter, cap: U256, path: &Path) {
        if let What::Token(token) = meter.what {
            let owner = known::spends(self.rule.target, &self.rule.signature, token).and_then(|s| s.owner);
            let foreign = owner.is_some_and(|place| self.pin(place) != Some(Word::from_address(self.grant.account)));
            if foreign {
                self.lack(part, "foreign_owner", "the owner of the tokens is not pinned to the account");
            }
        }
        if self.shape == Shape::Transfer && *path == Path::argument(1) {
            match meter.period {
                Some(seconds) if !cap.is_zero() => {
                    let period = self.period(part, meter, cap, seconds, self.amount_period);
                    self.amount_period = period.or(self.amount_period);
                }
                _ => self.amount = least(self.amount, cap),
            }
            return;
        }
        match (self.pins.as_ref().and_then(|pins| pins.at(path)), meter.period) {
            // The amount of each call is known, so the cap is a number of calls.
            (Some(amount), None) if amount.uint().is_zero() => {}
            (Some(amount), None) => {
                self.calls = least(self.calls, cap.checked_div(amount.uint()).unwrap_or_default());
            }
            (Some(_), Some(_)) => {
                self.lack(part, "rate", "amounts are counted in windows for native value and `transfer` alone");
            }
            (None, _) => {
                self.lack(part, "amount", format!("no caveat counts a free argument of any function but `{TRANSFER}`"))
            }
        }
    }

    /// Our windows and theirs are the same, but that theirs must begin at second 1 or later.
    fn period(
        &mut self,
        part: &str,
        meter: &Meter,
        cap: U256,
        seconds: NonZeroU32,
        before: Option<Period>,
    ) -> Option<Period> {
        let seconds = u64::from(seconds.get());
        let first = self.grant.not_before.get();
        let mut start = meter.anchor.get();
        if start == 0 {
            start = first - first % seconds;
        }
        let last = self.grant.not_after.get().saturating_sub(1).saturating_sub(meter.anchor.get()) / seconds;
        if before.is_some() {
            self.lack(part, "two_windows", "one cap in windows is counted for each rule");
        } else if start == 0 || last > u64::from(u32::MAX) {
            self.lack(
                part,
                "window",
                "windows counted from Unix second 0 cannot be written, nor more than 2^32 of them",
            );
        }
        Some(Period { cap, seconds, start })
    }
}

fn least(a: Option<U256>, b: U256) -> Option<U256> {
    Some(a.map_or(b, |a| a.min(b)))
}
