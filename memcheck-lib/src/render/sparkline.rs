//! The readings of a metric in eight characters.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const WIDTH: usize = 8;

/// The readings of all windows in at most eight bars from lowest to highest, evenly over the
/// iterations.
///
/// Each window counts as twice as long as the one before, as in a real run, so that steady growth is a
/// straight line.
///
/// ```
/// let windows = [vec![1], vec![2, 3], vec![4, 5, 6, 7], (8..=15).collect()];
/// assert_eq!(memcheck::tool::render::sparkline(&windows), "▁▂▃▄▅▆▇█");
/// ```
pub fn sparkline(windows: &[Vec<i64>]) -> String {
    let readings = || windows.iter().flatten().copied();
    let (Some(low), Some(high)) = (readings().min(), readings().max()) else {
        return String::new();
    };
    let span = (i128::from(high) - i128::from(low)).max(1);
    let bars = readings().count().min(WIDTH);
    let end = windows.iter().fold(0.0, |start, _| window_end(start));
    (1..=bars)
        .map(|bar| {
            let reading = reading_at(windows, end * bar as f64 / bars as f64).unwrap_or(low);
            let above = i128::from(reading) - i128::from(low);
            BARS[(above * (BARS.len() as i128 - 1) / span) as usize]
        })
        .collect()
}

/// Where a window ends that starts at `start`; the first is one long.
fn window_end(start: f64) -> f64 {
    2.0 * start + 1.0
}

/// The reading at a place, else the last one before it, else the first.
fn reading_at(windows: &[Vec<i64>], place: f64) -> Option<i64> {
    // Tolerates rounding errors.
    let place = place * (1.0 + 1e-9);
    let mut found = None;
    let mut start = 0.0;
    for window in windows {
        let end = window_end(start);
        for (at, &reading) in window.iter().enumerate() {
            let here = start + (end - start) * (at + 1) as f64 / window.len() as f64;
            if found.is_none() || here <= place {
                found = Some(reading);
            }
        }
        start = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn draws_extremes_and_nothing() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[vec![5, 5, 5]]), "▁▁▁");
        assert_eq!(sparkline(&[vec![i64::MIN, i64::MAX]]), "▁█");
        assert_eq!(sparkline(&[(0..64).collect()]), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[vec![1], vec![]]), "▁");
    }

    #[test]
    fn steady_growth_is_a_straight_line() {
        // Windows of 16, 32 … iterations with 8 readings each, one item an iteration.
        let windows: Vec<Vec<i64>> = (4..14)
            .map(|power: u32| {
                let (start, length) = ((1i64 << power) - 16, 1i64 << power);
                (1..=8).map(|reading| start + length * reading / 8).collect()
            })
            .collect();
        assert_eq!(sparkline(&windows), "▁▂▃▄▅▆▇█");
    }
}
