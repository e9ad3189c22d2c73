//! The time a template sees, and `strftime` for it.

use std::fmt::Write as _;

/// A moment and the zone to tell it in; comes in from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix_seconds: i64,
    /// East of Greenwich.
    pub utc_offset_seconds: i32,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Longest format, in bytes.
const MAX_FORMAT: usize = 1024;

impl Clock {
    /// The moment as `strftime` of C's locale writes it, with `%a %A %b %B %d %e %H %I %j %m %M %p %S %y %Y %Z %z %F %T %D
    /// %-d %-m %-H %-I %-M %-S %-j %%`; any other directive stays as it is.
    pub fn format(self, format: &str) -> String {
        let seconds = self.unix_seconds.saturating_add(i64::from(self.utc_offset_seconds));
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let weekday = (days + 4).rem_euclid(7) as usize;
        let year_day = days - day_number(year, 1, 1) + 1;
        let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let mut out = String::new();
        let mut characters = format.chars().take(MAX_FORMAT).peekable();
        while let Some(character) = characters.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            let plain = characters.next_if_eq(&'-').is_some();
            let mut number = |value: i64, width: usize| {
                let width = if plain { 0 } else { width };
                let _ = write!(out, "{value:0width$}");
            };
            let month_name = MONTHS[(month - 1).clamp(0, 11) as usize];
            match characters.next() {
                Some('d') => number(day, 2),
                Some('m') => number(month, 2),
                Some('Y') => number(year, 4),
                Some('y') => number(year.rem_euclid(100), 2),
                Some('H') => number(hour, 2),
                Some('I') => number(hour12, 2),
                Some('M') => number(minute, 2),
                Some('S') => number(second, 2),
                Some('j') => number(year_day, 3),
                Some('e') => {
                    let _ = write!(out, "{day:2}");
                }
                Some('B') => out.push_str(month_name),
                Some('b' | 'h') => out.push_str(&month_name[..3]),
                Some('A') => out.push_str(DAYS[weekday]),
                Some('a') => out.push_str(&DAYS[weekday][..3]),
                Some('p') => out.push_str(if hour < 12 { "AM" } else { "PM" }),
                Some('F') => {
                    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
                }
                Some('T') => {
                    let _ = write!(out, "{hour:02}:{minute:02}:{second:02}");
                }
                Some('D') => {
                    let _ = write!(out, "{month:02}/{day:02}/{:02}", year.rem_euclid(100));
                }
                // A naive time, as `datetime.now()` is: no zone to name.
                Some('Z' | 'z') => {}
                Some('%') | None => out.push('%'),
                Some(other) => {
                    out.push('%');
                    out.push(other);
                }
            }
        }
        out
    }
}

/// Year, month and day of a day counted from 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`date`], `days_from_civil` of the same source.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_strftime() {
        let clock = Clock { unix_seconds: 1_709_210_096, utc_offset_seconds: 0 };
        assert_eq!(
            clock.format("%d %b %Y %H:%M:%S %A %j %I%p %-d/%-m %% %e"),
            "29 Feb 2024 12:34:56 Thursday 060 12PM 29/2 % 29"
        );
        let before = Clock { unix_seconds: -1, utc_offset_seconds: 0 };
        assert_eq!(before.format("%F %T %a"), "1969-12-31 23:59:59 Wed");
        let east = Clock { unix_seconds: 1_735_689_599, utc_offset_seconds: 3600 };
        assert_eq!(east.format("%B %-d, %y"), "January 1, 25");
    }
}
