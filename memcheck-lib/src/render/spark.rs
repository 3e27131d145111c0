//! The course of a figure in eight characters.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const WIDTH: usize = 8;

/// The readings of all windows, drawn over the iterations' order in at most eight bars from lowest
/// to highest.
///
/// ```
/// let windows = [vec![0, 10], vec![20, 30], vec![40, 50], vec![60, 70]];
/// assert_eq!(memcheck::render::sparkline(&windows), "▁▂▃▄▅▆▇█");
/// ```
pub fn sparkline(windows: &[Vec<i64>]) -> String {
    let readings: Vec<i64> = windows.iter().flatten().copied().collect();
    let (Some(&low), Some(&high)) = (readings.iter().min(), readings.iter().max()) else {
        return String::new();
    };
    let span = (i128::from(high) - i128::from(low)).max(1);
    let bars = readings.len().min(WIDTH);
    (0..bars)
        .map(|bar| {
            // The last reading of each bar's share, so that the line ends where the run ended.
            let at = (bar + 1) * readings.len() / bars - 1;
            let above = i128::from(readings[at]) - i128::from(low);
            BARS[(above * (BARS.len() as i128 - 1) / span) as usize]
        })
        .collect()
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
    }
}
