//! Limits on what one iteration allocates.

use crate::options::Options;
use crate::report::{AllocationLimit, AllocationProfile, ExceededLimit, IterationRange};

/// The user's limits that an iteration of the profile exceeded.
pub(in crate::observer) fn exceeded(
    options: &Options,
    profile: &AllocationProfile,
) -> Vec<ExceededLimit> {
    let limits = [
        (AllocationLimit::Allocations, options.allocations, Some(profile.allocations)),
        (AllocationLimit::Bytes, options.bytes.map(|bytes| bytes.0), Some(profile.bytes)),
        (AllocationLimit::Peak, options.peak.map(|bytes| bytes.0), profile.peak),
    ];
    let over = |(what, limit, range): (AllocationLimit, Option<u64>, Option<IterationRange>)| {
        let (limit, IterationRange { max: value, at: iteration, .. }) = (limit?, range?);
        (value > limit).then_some(ExceededLimit { what, limit, value, iteration })
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

    fn profile() -> AllocationProfile {
        AllocationProfile {
            iterations: 64,
            allocations: IterationRange { min: 2, max: 3, at: 20 },
            bytes: IterationRange { min: 10, max: 10, at: 1 },
            peak: Some(IterationRange { min: 5, max: 9, at: 7 }),
            ..AllocationProfile::default()
        }
    }

    #[test]
    fn only_exceeded_limits_are_listed() {
        let options = Options::new().allocations(2u64).bytes(Bytes(10)).peak(Bytes(8));
        let exceeded = exceeded(&options, &profile());
        let expected = [
            ExceededLimit { what: AllocationLimit::Allocations, limit: 2, value: 3, iteration: 20 },
            ExceededLimit { what: AllocationLimit::Peak, limit: 8, value: 9, iteration: 7 },
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
