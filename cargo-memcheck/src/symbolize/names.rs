//! Demangled names of functions, of both manglings of rustc.

/// The crate of a function: the first name in its path. It is `alloc` for `<alloc::vec::Vec<T>>::push`
/// and `my` for `<&my::A as core::fmt::Debug>::fmt`; a C function has none.
pub(super) fn crate_of(function: &str) -> Option<&str> {
    let start = function.trim_start_matches(|c: char| "<&*([ ".contains(c));
    let start = ["mut ", "const ", "dyn "]
        .iter()
        .fold(start, |start, word| start.strip_prefix(word).unwrap_or(start));
    let (first, _) = start.split_once("::")?;
    // v0 symbols may carry the crate's disambiguator: `my[1a2b]`.
    let first = first.split('[').next().unwrap_or(first);
    let is_name = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(first)
}

/// Whether a function connects the language with its allocator. rustc gives it the place of the
/// `#[global_allocator]`, which may be in the user's code.
pub(super) fn is_allocator(function: &str) -> bool {
    const GLUE: [&str; 5] = ["__rust_", "__rg_", "__rdl_", "__rustc", "__libc_"];
    let last = function.rsplit("::").next().unwrap_or(function);
    GLUE.iter().any(|glue| last.starts_with(glue) || function.starts_with(glue))
        || function.contains("GlobalAlloc>::")
}

/// A function name for messages: without the crate `own`, without closures (the line identifies them),
/// and shortened.
pub(crate) fn readable(function: &str, own: Option<&str>) -> String {
    const LONGEST: usize = 100;
    let mut name = function;
    // Only at the end: in the middle of a path, a closure is part of the name.
    while let Some(rest) = without_closure(name) {
        name = rest;
    }
    if let Some(own) = own
        && let Some(rest) = name.strip_prefix(own)
        && let Some(rest) = rest.strip_prefix("::")
    {
        name = rest;
    }
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// `a::b` of `a::b::{{closure}}` and of `a::b::{closure#0}`.
fn without_closure(name: &str) -> Option<&str> {
    let (before, last) = name.rsplit_once("::")?;
    let is_closure = last.starts_with("{{closure}}")
        || last.starts_with("{closure#")
        || last.starts_with("{async_fn_env#")
        || last.starts_with("{async_block#");
    is_closure.then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_the_first_name_of_the_path() {
        for (function, name) in [
            ("alloc::vec::Vec<T,A>::push", Some("alloc")),
            ("<alloc::vec::Vec<T> as core::ops::Drop>::drop", Some("alloc")),
            ("<&mut my_crate::A as core::fmt::Debug>::fmt", Some("my_crate")),
            ("<dyn my::T>::f", Some("my")),
            ("my[5f3c]::f", Some("my")),
            ("my::tests::a::{{closure}}", Some("my")),
            ("malloc", None),
            ("{{closure}}::x", None),
        ] {
            assert_eq!(crate_of(function), name, "{function}");
        }
    }

    #[test]
    fn allocator_functions_are_recognized() {
        for function in [
            "__rust_alloc",
            "__rustc::__rust_realloc",
            "my::_::__rust_alloc_zeroed",
            "__rustc[7d]::__rust_alloc",
            "<my::Counting as core::alloc::global::GlobalAlloc>::alloc",
        ] {
            assert!(is_allocator(function), "{function}");
        }
        assert!(!is_allocator("my::rust_alloc") && !is_allocator("malloc"));
    }

    #[test]
    fn readable_names_are_short() {
        assert_eq!(readable("my::tests::a::{{closure}}::{{closure}}", Some("my")), "tests::a");
        assert_eq!(readable("my::tests::a::{closure#0}", None), "my::tests::a");
        assert_eq!(readable("mystic::a", Some("my")), "mystic::a");
        assert_eq!(readable(&"é".repeat(200), None).chars().count(), 101);
    }
}
