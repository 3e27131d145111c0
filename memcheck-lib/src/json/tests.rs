//! Both directions, compared with `serde_json`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JsonError, from_slice, to_string};
use crate::report::RunReport;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Tagged {
    UnitVariant,
    Struct { number: Option<i64>, float: f64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Unit {
    A,
    B,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum External {
    Unit,
    Newtype(u8),
    Tuple(i32, bool),
    Struct { text: String },
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Flat {
    extra: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    text: String,
    letter: char,
    unit: (),
    tuple: (u8, i8, f64),
    tagged: Vec<Tagged>,
    external: Vec<External>,
    map: BTreeMap<Unit, Vec<Option<bool>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<String>,
    #[serde(flatten)]
    flat: Flat,
}

fn everything(text: String, number: i64, float: f64, extra: u64) -> Everything {
    Everything {
        letter: text.chars().next().unwrap_or('é'),
        text: text.clone(),
        unit: (),
        tuple: (u8::MAX, i8::MIN, float),
        tagged: vec![Tagged::UnitVariant, Tagged::Struct { number: Some(number), float }],
        external: vec![
            External::Unit,
            External::Newtype(7),
            External::Tuple(-1, false),
            External::Struct { text },
        ],
        map: BTreeMap::from([(Unit::A, vec![None, Some(true)]), (Unit::B, Vec::new())]),
        absent: None,
        flat: Flat { extra },
    }
}

proptest! {
    // Other numbers have several shortest notations, and versions of `serde_json` differ in their choice.
    #[test]
    fn values_are_written_as_serde_json_writes_them(
        text in any::<String>(), number in any::<i64>(), extra in any::<u64>(),
        float in (1e-4..1e9f64).prop_union(-1e9..-1e-4f64),
    ) {
        let value = everything(text, number, float, extra);
        prop_assert_eq!(to_string(&value).unwrap(), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn values_are_read_back(
        text in any::<String>(), number in any::<i64>(), extra in any::<u64>(),
        float in prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL,
    ) {
        let value = everything(text, number, float, extra);
        let json = to_string(&value).unwrap();
        prop_assert_eq!(from_slice::<Everything>(json.as_bytes()).unwrap(), value);
        prop_assert!(serde_json::from_str::<Everything>(&json).is_ok());
    }

    #[test]
    fn changed_texts_are_read_as_serde_json_reads_them(
        at in 0.0..1.0, byte in prop::sample::select(&b"{}[]\",:\\0-.eEtfn \n\x01\xff"[..]),
    ) {
        let value = everything("a\"\n\u{1f600}\u{1}".into(), -3, 0.5, 9);
        let mut text = to_string(&value).unwrap().into_bytes();
        let place = (at * text.len() as f64) as usize;
        text[place] = byte;
        let ours = from_slice::<Everything>(&text).ok();
        prop_assert_eq!(ours, serde_json::from_slice(&text).ok());
    }
}

#[test]
fn escapes_numbers_and_white_space_are_those_of_json() {
    for text in [
        r#""\u0041\u00e9\ud83d\ude00\/\b\f\n\r\t\\\"""#,
        r#""\ud83d""#,
        r#""\ud83d\u0041""#,
        r#""\udc00""#,
        r#""\x""#,
        "\"\n\"",
        "\"open",
        " [ 1 , 2 ] ",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:1}",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+5",
        "-0",
        "-",
        "+1",
        "1e999",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "nul",
        "nulls",
        "true false",
        "",
        "NaN",
    ] {
        let theirs = serde_json::from_str::<Value>(text).ok();
        assert_eq!(from_slice::<Value>(text.as_bytes()).ok(), theirs, "{text}");
    }
    assert_eq!(to_string(&[f64::NAN, f64::INFINITY, 1e16, 1e-7, 0.1, -0.0]).unwrap(), {
        "[null,null,1e16,1e-7,0.1,-0.0]"
    });
}

#[test]
fn an_error_has_its_position() {
    let text = |text: &str| from_slice::<BTreeMap<String, u8>>(text.as_bytes()).unwrap_err();
    assert_eq!(text("{\n  \"a\": x}").to_string(), "expected a value at line 2 column 8");
    assert!(text("{\"a\": 300}").to_string().starts_with("invalid value: integer `300`"));
    assert_eq!(text("{").to_string(), "the text ends within a value at line 1 column 2");
    let keys = to_string(&BTreeMap::from([(1, 2)])).unwrap_err();
    assert_eq!(keys, JsonError::new("the key of an object is not a text"));
}

#[test]
fn deep_texts_are_refused() {
    for text in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
        assert!(from_slice::<Value>(text.as_bytes()).is_err());
        assert!(from_slice::<serde::de::IgnoredAny>(text.as_bytes()).is_err());
    }
}

/// The reports that the repository keeps are read and written as by `serde_json`.
#[test]
fn kept_reports_are_read_and_written_as_before() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/reports");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let ours: RunReport = from_slice(&text).unwrap();
        assert_eq!(ours, serde_json::from_slice(&text).unwrap(), "{}", path.display());
        assert_eq!(to_string(&ours).unwrap(), serde_json::to_string(&ours).unwrap());
        read += 1;
    }
    assert!(read > 0);
}
