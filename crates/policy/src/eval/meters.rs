//! Windows and sums: what an action charges, on top of what was charged before.

use super::Code;
use super::fail::{Fail, Found};
use crate::grant::{FEE_METER, Meter};
use crate::ledger::{Cost, Ledger};
use alloy_primitives::U256;
use core::num::NonZeroU32;
use hallpass_types::UnixSeconds;
use smallvec::SmallVec;

/// The seconds for which the action is good, as meters see them.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// The first; its window is charged.
    pub from: UnixSeconds,
    /// The last that must lie in the same window: the last of the operation, or the moment of the decision.
    pub last: UnixSeconds,
}

/// What stands against each meter while an action is judged.
#[derive(Debug, Clone)]
pub struct Tally<'a> {
    ledger: &'a Ledger,
    frame: Frame,
    charged: SmallVec<[Charged; 8]>,
}

/// A meter that this action has charged.
#[derive(Debug, Clone, Copy)]
struct Charged {
    meter: u16,
    window: u32,
    /// With what stood before.
    spent: u128,
    /// By this action alone.
    amount: u128,
}

impl<'a> Tally<'a> {
    /// Starts from the ledger.
    #[must_use]
    pub fn new(ledger: &'a Ledger, frame: Frame) -> Self {
        Self { ledger, frame, charged: SmallVec::new() }
    }

    /// Charges `amount` to a meter.
    ///
    /// # Errors
    /// [`Code::WindowCrossed`], [`Code::WindowPast`] or [`Code::MeterExceeded`], without a place; then the tally is to be
    /// thrown away.
    pub fn charge(&mut self, meter: &Meter, amount: U256) -> Result<(), Fail> {
        let window = self.window(meter)?;
        let before = match self.charged.iter().find(|c| c.meter == meter.id) {
            Some(charged) => charged.spent,
            None => match self.ledger.meters.iter().find(|s| s.meter == meter.id) {
                Some(s) if s.window > window => {
                    return Err(Fail::new(Code::WindowPast).found(window.into()).bound(s.window.into()));
                }
                Some(s) if s.window == window => s.spent,
                _ => 0,
            },
        };
        let sum = u128::try_from(amount).ok().and_then(|n| Some((n, before.checked_add(n)?)));
        let Some((amount, spent)) = sum.filter(|(_, spent)| *spent <= meter.cap) else {
            return Err(Fail::new(Code::MeterExceeded)
                .found(Found::Number(amount))
                .bound(meter.cap.saturating_sub(before).into()));
        };
        match self.charged.iter_mut().find(|c| c.meter == meter.id) {
            Some(charged) => {
                charged.spent = spent;
                charged.amount += amount;
            }
            None => self.charged.push(Charged { meter: meter.id, window, spent, amount }),
        }
        Ok(())
    }

    /// At most one cost for each meter, in the order of first use; and that of a fee, last.
    #[must_use]
    pub fn into_costs(self, fee: u128) -> SmallVec<[Cost; 8]> {
        let cost = |c: &Charged| Cost { meter: c.meter, window: c.window, amount: U256::from(c.amount) };
        let mut costs: SmallVec<[Cost; 8]> = self.charged.iter().map(cost).collect();
        if fee > 0 {
            costs.push(Cost { meter: FEE_METER, window: 0, amount: U256::from(fee) });
        }
        costs
    }

    fn window(&self, meter: &Meter) -> Result<u32, Fail> {
        let bad = Fail::new(Code::BadGrant);
        let first = window_of(meter.anchor, meter.period, self.frame.from).ok_or(bad)?;
        let last = window_number(meter.anchor, meter.period, self.frame.last).ok_or(bad)?;
        if u64::from(first) != last {
            return Err(Fail::new(Code::WindowCrossed).found(u128::from(last).into()).bound(first.into()));
        }
        Ok(first)
    }
}

/// `floor((t - anchor) / period)`, or 0 for a lifetime meter; `None` before the anchor or past 2^32 windows.
#[must_use]
pub fn window_of(anchor: UnixSeconds, period: Option<NonZeroU32>, t: UnixSeconds) -> Option<u32> {
    u32::try_from(window_number(anchor, period, t)?).ok()
}

fn window_number(anchor: UnixSeconds, period: Option<NonZeroU32>, t: UnixSeconds) -> Option<u64> {
    let since = t.get().checked_sub(anchor.get())?;
    Some(period.map_or(0, |period| since / u64::from(period.get())))
}

/// The first second after the window that `t` lies in; `None` for a lifetime meter or a `t` before the anchor.
#[must_use]
pub fn window_end(meter: &Meter, t: UnixSeconds) -> Option<UnixSeconds> {
    let period = u64::from(meter.period?.get());
    let since = t.get().checked_sub(meter.anchor.get())?;
    meter.anchor.plus((since / period + 1).checked_mul(period)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::What;

    fn t(seconds: u64) -> UnixSeconds {
        UnixSeconds::new(seconds).unwrap()
    }

    #[test]
    fn a_window_ends_where_the_next_begins() {
        let meter = |period| Meter { id: 0, what: What::Calls, cap: 1, period: NonZeroU32::new(period), anchor: t(7) };
        let ends = |seconds| window_end(&meter(60), t(seconds)).map(UnixSeconds::get);
        assert_eq!((ends(7), ends(66), ends(67), ends(187)), (Some(67), Some(67), Some(127), Some(247)));
        assert_eq!(ends(6), None, "before the first");
        assert_eq!(window_end(&meter(0), t(8)), None, "a whole life has no windows");
        for at in [7, 66, 67, 186, 187] {
            let end = window_end(&meter(60), t(at)).unwrap();
            let window = |t| window_of(meter(60).anchor, meter(60).period, t);
            assert_eq!((window(end.minus(1)), window(end)), (window(t(at)), window(t(at)).map(|n| n + 1)), "{at}");
        }
    }
}
