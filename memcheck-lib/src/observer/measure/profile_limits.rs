//! Limits on what one iteration allocates.

use crate::options::Options;
use crate::report::{Exceeded, Profile, ProfileLimit, Range};

/// The user's limits that an iteration of the profile exceeded.
pub(in crate::observer) fn exceeded(options: &Options, profile: &Profile) -> Vec<Exceeded> {
    let limits = [
        (ProfileLimit::Allocations, options.allocations, Some(profile.allocations)),
        (ProfileLimit::Bytes, options.bytes.map(|bytes| bytes.0), Some(profile.bytes)),
        (ProfileLimit::Peak, options.peak.map(|bytes| bytes.0), profile.peak),
    ];
    let over = |(what, limit, range): (ProfileLimit, Option<u64>, Option<Range>)| {
        let (limit, Range { max: value, at: iteration, .. }) = (limit?, range?);
        (value > limit).then_some(Exceeded { what, limit, value, iteration })
    };
    limits.into_iter().filter_map(over).collect()
}

/// Whether a limit of the user needs the profile.
pub(in crate::observer) fn any(options: &Options) -> bool {
    options.allocations.is_some() || options.bytes.is_some() || options.peak.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bytes;

    fn profile() -> Profile {
        Profile {
            iterations: 64,
            allocations: Range { min: 2, max: 3, at: 20 },
            bytes: Range { min: 10, max: 10, at: 1 },
            peak: Some(Range { min: 5, max: 9, at: 7 }),
            ..Profile::default()
        }
    }

    #[test]
    fn only_exceeded_limits_are_listed() {
        let options = Options::new().allocations(2u64).bytes(Bytes(10)).peak(Bytes(8));
        let exceeded = exceeded(&options, &profile());
        let expected = [
            Exceeded { what: ProfileLimit::Allocations, limit: 2, value: 3, iteration: 20 },
            Exceeded { what: ProfileLimit::Peak, limit: 8, value: 9, iteration: 7 },
        ];
        assert_eq!(exceeded, expected);
    }

    #[test]
    fn nothing_is_exceeded_without_a_limit() {
        assert!(exceeded(&Options::new(), &profile()).is_empty());
        assert!(!any(&Options::new()));
        assert!(any(&Options::new().peak(Bytes(1))));
    }
}
