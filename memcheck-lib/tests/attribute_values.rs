<<<<<<< HEAD
//! The attribute and the library read option values in the same way; the library reads those of the
//! file and of variables.
=======
//! The documentation of the attribute lists the options of the table.
>>>>>>> 539e102 (Define the options and their grammar in one crate)

use memcheck_options::{Grammar, OPTIONS};

#[test]
fn the_documentation_has_a_row_for_each_option() {
    let page = include_str!("../src/attribute.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(
        rows.iter().map(|row| row[1]).collect::<Vec<_>>(),
        OPTIONS.iter().map(|spec| format!("`{}`", spec.name)).collect::<Vec<_>>()
    );
    for (row, spec) in rows.iter().zip(OPTIONS) {
        let value = match spec.grammar {
            Grammar::Count { .. } => "whole number",
            Grammar::Size { .. } => "size",
            Grammar::Duration => "duration",
            _ => continue,
        };
<<<<<<< HEAD
        attribute.push((row.name, kind));
    }
    let sorted = |mut rows: Vec<(&'static str, Kind)>| {
        rows.sort_by_key(|(name, _)| *name);
        rows
    };
    assert_eq!(sorted(file), sorted(attribute));
    // Both suggest the same option for a similar name.
    let names: Vec<&str> = OPTION_TABLE.iter().map(|row| row.name).collect();
    for word in ["rss", "max_memory", "allocs", "budget", "handles", "iters", "group", "leaks"] {
        let here = option_table::nearest(word).map(|row| row.name);
        assert_eq!(tool::nearest(word, &names), here, "{word}");
        assert_eq!(option_table::find(word).map(|row| row.name), None);
    }
}

#[test]
fn durations_mean_the_same_in_the_attribute_and_in_the_library() {
    for number in ["", "0", "1", "1.5", "1.", ".5", "1..2", "1_0", "-1", "18446744073709551615"] {
        for unit in ["", "ns", "us", "µs", "ms", "s", "sec", "m", "min", "h", "hours", "d", "S"] {
            for text in [format!("{number}{unit}"), format!(" {number} {unit} 1s ")] {
                assert_eq!(values::duration(&text), memcheck::units::duration(&text), "{text:?}");
            }
        }
    }
}

#[test]
fn sizes_mean_the_same_in_the_attribute_and_in_the_library() {
    let numbers =
        ["", "0", "1", "12", "1.5", "0.1", ".5", "1.", "1..2", "1_024", "1,024", "-1", "+1"];
    let huge =
        ["18446744073709551615", "18446744073709551616", "1e3", "20000000", "NaN", "inf", "_"];
    let units = [
        "", "B", "b", "k", "K", "KiB", "kib", "kB", "KB", "M", "MiB", "MB", "g", "GiB", "GB", "T",
        "TiB", "TB", "PiB", "EB", "bytes", "parsec", "µ",
    ];
    for number in numbers.iter().chain(&huge) {
        for unit in units {
            for text in [format!("{number}{unit}"), format!(" {number} {unit} ")] {
                let library = text.parse::<memcheck::Bytes>().ok().map(|bytes| bytes.0);
                assert_eq!(values::size(&text), library, "{text:?}");
            }
        }
=======
        assert_eq!(row[2], value, "{}", spec.name);
>>>>>>> 539e102 (Define the options and their grammar in one crate)
    }
}
