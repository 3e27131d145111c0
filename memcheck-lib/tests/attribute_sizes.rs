//! The attribute reads sizes as the library does.

/// The parsers of the attribute, which cannot depend on this library.
#[path = "../macros/src/values.rs"]
mod values;

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
