//! The moment as a value: the host reads its clock and its time zone once for each turn, and hands both in.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone};
use uuid::Uuid;

/// A time zone by its rules, so that any moment can be said in it.
pub type Zone = chrono_tz::Tz;

/// The moment of one turn, and where it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Unix time in milliseconds, as the device believes.
    pub ms: u64,
    /// The time zone in which its person reads days and times.
    pub zone: Zone,
}

impl Now {
    /// A moment in Unix seconds; before 1970 is taken for 1970.
    pub fn at(unix: i64, zone: Zone) -> Now {
        Now { ms: u64::try_from(unix).unwrap_or(0).saturating_mul(1_000), zone }
    }

    /// Unix time in seconds.
    pub fn unix(&self) -> i64 {
        i64::try_from(self.ms / 1_000).unwrap_or(i64::MAX)
    }

    /// Day and time by this zone.
    pub fn local(&self) -> NaiveDateTime {
        local(self.unix(), self.zone).unwrap_or_default()
    }

    /// Today by this zone.
    pub fn day(&self) -> NaiveDate {
        self.local().date()
    }

    /// Today, `YYYY-MM-DD`, as the roster writes days.
    pub fn today(&self) -> String {
        self.day().format("%Y-%m-%d").to_string()
    }
}

/// Day and time of a moment in Unix seconds, by a zone. `None` beyond what the calendar holds.
pub fn local(unix: i64, zone: Zone) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(unix, 0).map(|at| zone.from_utc_datetime(&at.naive_utc()).naive_local())
}

/// Where ids come from that are nobody's yet, for a target, a row, a comment or a signature: random, and so the host's to give.
pub type Fresh<'a> = &'a mut dyn FnMut() -> Uuid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_by_the_zone_and_in_summer_an_hour_earlier() {
        let at = |unix| Now::at(unix, Zone::Europe__London);
        // 23:30 UTC on 30 June is 00:30 on 1 July in England; on 30 November it is still that day.
        assert_eq!(at(1_782_862_200).today(), "2026-07-01");
        assert_eq!(at(1_796_081_400).today(), "2026-11-30");
        assert_eq!(at(-5).unix(), 0);
    }
}
