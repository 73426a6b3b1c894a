//! Windows and sums: what a call charges, on top of what was charged before.

use super::{Call, Code, Denial, OpBounds, rule::decode, rule::word_at};
use crate::grant::{Amount, CallRule, Grant, Meter};
use crate::ledger::{Cost, Ledger, Spent};
use alloy_primitives::U256;
use core::num::NonZeroU32;
use hallpass_types::UnixSeconds;

/// What stands against each meter while a batch is judged.
#[derive(Debug, Clone)]
pub struct Tally<'a> {
    grant: &'a Grant,
    from: UnixSeconds,
    until: UnixSeconds,
    spent: Vec<Spent>,
    costs: Vec<Cost>,
}

impl<'a> Tally<'a> {
    /// Starts from the ledger.
    #[must_use]
    pub fn new(grant: &'a Grant, ledger: &Ledger, op: &OpBounds) -> Self {
        Self { grant, from: op.valid_from, until: op.valid_until, spent: ledger.meters.clone(), costs: Vec::new() }
    }

    /// Charges every meter that the rule uses for this call.
    ///
    /// # Errors
    /// [`Code::WindowCrossed`], [`Code::WindowPast`] or [`Code::MeterExceeded`], at the first use that fails.
    pub fn charge(&self, rule: &CallRule, call: &Call) -> Result<Self, Denial> {
        let mut after = self.clone();
        for (i, used) in rule.uses.iter().enumerate() {
            let at = format!("uses[{i}]");
            let bad = || Denial::new(Code::BadGrant, at.clone());
            let meter = self.grant.meters.iter().find(|m| m.id == used.meter).ok_or_else(bad)?;
            let amount = match &used.amount {
                Amount::One => U256::from(1),
                Amount::Value => call.value,
                Amount::Path(path) => word_at(&decode(rule, &call.data)?, path).ok_or_else(bad)?.uint(),
            };
            after.add(meter, amount, &at)?;
        }
        Ok(after)
    }

    /// At most one cost for each meter.
    #[must_use]
    pub fn into_costs(self) -> Vec<Cost> {
        self.costs
    }

    fn add(&mut self, meter: &Meter, amount: U256, at: &str) -> Result<(), Denial> {
        let window = self.window(meter, at)?;
        let place = self.spent.iter().position(|s| s.meter == meter.id);
        let before = match place.and_then(|i| self.spent.get(i)) {
            Some(s) if s.window > window => {
                return Err(Denial::new(Code::WindowPast, at).found(window).bound(s.window));
            }
            Some(s) if s.window == window => s.spent,
            _ => 0,
        };
        let exceeded = || {
            let left = meter.cap.saturating_sub(before);
            Denial::new(Code::MeterExceeded, at).found(amount).bound(left)
        };
        let amount_small = u128::try_from(amount).map_err(|_| exceeded())?;
        let total = before.checked_add(amount_small).filter(|t| *t <= meter.cap).ok_or_else(exceeded)?;
        let now = Spent { meter: meter.id, window, spent: total };
        match place.and_then(|i| self.spent.get_mut(i)) {
            Some(slot) => *slot = now,
            None => self.spent.push(now),
        }
        match self.costs.iter_mut().find(|c| c.meter == meter.id) {
            Some(cost) => cost.amount += amount,
            None => self.costs.push(Cost { meter: meter.id, window, amount }),
        }
        Ok(())
    }

    fn window(&self, meter: &Meter, at: &str) -> Result<u32, Denial> {
        let last = self.until.minus(1);
        let bad = || Denial::new(Code::BadGrant, at);
        let first = window_of(meter.anchor, meter.period, self.from).ok_or_else(bad)?;
        let end = window_of(meter.anchor, meter.period, last).ok_or_else(bad)?;
        if first != end {
            return Err(Denial::new(Code::WindowCrossed, at).found(end).bound(first));
        }
        Ok(first)
    }
}

/// `floor((t - anchor) / period)`, or 0 for a lifetime meter; `None` before the anchor or past 2^32 windows.
#[must_use]
pub fn window_of(anchor: UnixSeconds, period: Option<NonZeroU32>, t: UnixSeconds) -> Option<u32> {
    let since = t.get().checked_sub(anchor.get())?;
    match period {
        None => Some(0),
        Some(period) => u32::try_from(since / u64::from(period.get())).ok(),
    }
}

/// The first second after the window that `t` lies in; `None` for a lifetime meter or a `t` before the anchor.
#[must_use]
pub fn window_end(meter: &Meter, t: UnixSeconds) -> Option<UnixSeconds> {
    let period = u64::from(meter.period?.get());
    let since = t.get().checked_sub(meter.anchor.get())?;
    meter.anchor.plus((since / period + 1).checked_mul(period)?)
}
