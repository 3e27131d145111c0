//! The attribute and the library read option values in the same way; the library reads those of the
//! file and of variables.

/// The parsers of the attribute, which cannot depend on this library.
#[path = "../macros/src/values.rs"]
mod values;

/// The options of the attribute.
#[path = "../macros/src/option_table.rs"]
mod option_table;

use memcheck::tool::{self, Kind, OPTION_TABLE};

#[test]
fn the_options_of_the_attribute_are_those_of_the_file() {
    let file: Vec<(&str, Kind)> = OPTION_TABLE.iter().map(|row| (row.name, row.kind)).collect();
    let mut attribute = Vec::new();
    for row in option_table::TABLE {
        assert!(!row.example.is_empty());
        if row.taker != option_table::Taker::Check {
            assert!(tool::find_option(row.name).is_none(), "{}", row.name);
            continue;
        }
        let kind = match row.kind {
            option_table::Kind::Count { least } => Kind::Count { least },
            option_table::Kind::Size { least } => Kind::Size { least },
            option_table::Kind::Duration => Kind::Duration,
            option_table::Kind::Text => Kind::Text,
            option_table::Kind::Group => Kind::Group,
            other => panic!("{}: {other:?} is not for a check", row.name),
        };
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
    }
}
