//! The published schema matches the types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{REPORT_VERSION, RunReport};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/reference/report.schema.json");

fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<RunReport>();
    schema.insert("title".into(), "Results of a run of cargo memcheck".into());
    schema.insert(
        "description".into(),
        "What `cargo memcheck --report FILE` writes, and, with one test in it, each file in the \
         folder of MEMCHECK_REPORT_DIR. Durations are seconds and nanoseconds, sizes bytes."
            .into(),
    );
    // Each layout version has its own schema.
    if let Some(version) = schema.pointer_mut("/properties/version").and_then(Value::as_object_mut)
    {
        version.insert("const".into(), REPORT_VERSION.into());
    }
    let mut schema = Value::from(schema);
    first_paragraphs(&mut schema);
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}

/// Keeps the first paragraph of each description; the others are for readers of the Rust docs.
fn first_paragraphs(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description")
                && let Some(end) = text.find("\n\n")
            {
                text.truncate(end);
            }
            fields.values_mut().for_each(first_paragraphs);
        }
        Value::Array(items) => items.iter_mut().for_each(first_paragraphs),
        _ => {}
    }
}

#[test]
fn published_schema_matches_the_types() {
    let schema = schema();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FILE, &schema).expect("docs/ can be written");
    }
    let published = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        published == schema,
        "docs/src/reference/report.schema.json is not that of the types; `BLESS=1 cargo test -p memcheck-lib \
         --lib schema` rewrites it. A change that a reader of version {REPORT_VERSION} cannot \
         read needs another version"
    );
}
