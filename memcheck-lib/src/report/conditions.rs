//! The machine and the build that a test ran on.

use serde::{Deserialize, Serialize};

/// The machine and the build that a test ran on: what its metrics depend on besides the code. A value
/// that could not be read is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Conditions {
    /// Release of the kernel: `6.1.0-18-amd64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The C library of the observer and its version: `glibc 2.36`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libc: Option<String>,
    /// Architecture, as Rust names it: `x86_64`.
    pub architecture: String,
    /// CPUs that the observer may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u64>,
    /// Bytes of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u64>,
    /// Setting of transparent huge pages: `always`, `madvise`, `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent_huge_pages: Option<String>,
    /// Build profile, by its folder in the target directory: `debug`, `release`, or a custom name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whether the global allocator is memcheck's or wrapped by it, so that the Rust heap is
    /// counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rust_heap_counted: Option<bool>,
    /// Whether the C heap is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_heap_counted: Option<bool>,
}

#[cfg(target_os = "linux")]
pub(crate) use here::here;

#[cfg(target_os = "linux")]
mod here {
    use std::path::Path;

    use super::Conditions;

    /// The conditions on this machine, of a test in `program`.
    pub(crate) fn here(program: &Path) -> Conditions {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let cpus = std::thread::available_parallelism().ok();
        Conditions {
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            libc: libc_version(),
            architecture: std::env::consts::ARCH.to_owned(),
            cpus: cpus.and_then(|cpus| u64::try_from(cpus.get()).ok()),
            page_size: u64::try_from(rustix::param::page_size()).ok(),
            transparent_huge_pages: read("/sys/kernel/mm/transparent_hugepage/enabled")
                .and_then(|text| chosen(&text).map(str::to_owned)),
            profile: profile(program).map(str::to_owned),
            rust_heap_counted: None,
            c_heap_counted: None,
        }
    }

    /// The selected value in a list of the kernel: `madvise` of `always [madvise] never`.
    fn chosen(text: &str) -> Option<&str> {
        let (_, rest) = text.split_once('[')?;
        Some(rest.split_once(']')?.0)
    }

    /// The profile folder of a test binary that cargo built.
    fn profile(program: &Path) -> Option<&str> {
        let folder = program.parent()?;
        let kind = folder.file_name()?;
        (kind == "deps" || kind == "examples").then_some(())?;
        folder.parent()?.file_name()?.to_str()
    }

    #[cfg(target_env = "gnu")]
    fn libc_version() -> Option<String> {
        // SAFETY: the function has no arguments and returns a string that is never freed.
        let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        Some(format!("glibc {}", version.to_str().ok()?))
    }

    #[cfg(not(target_env = "gnu"))]
    fn libc_version() -> Option<String> {
        cfg!(target_env = "musl").then(|| "musl".to_owned())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn selected_value_is_in_brackets() {
            assert_eq!(chosen("always [madvise] never\n"), Some("madvise"));
            assert_eq!(chosen("always\n"), None);
        }

        #[test]
        fn profile_is_the_name_of_a_folder() {
            let of = |path| profile(Path::new(path));
            assert_eq!(of("/home/u/p/target/debug/deps/p-0123"), Some("debug"));
            assert_eq!(of("/home/u/p/target/x86_64-unknown-linux-gnu/ci/examples/e"), Some("ci"));
            assert_eq!(of("/usr/bin/p"), None);
        }

        #[test]
        fn kernel_and_page_size_of_this_machine_are_known() {
            let here = here(Path::new("/t/release/deps/p"));
            assert!(here.kernel.is_some_and(|kernel| !kernel.is_empty()));
            assert!(here.page_size.is_some_and(|size| size.is_power_of_two()));
            assert_eq!(here.profile.as_deref(), Some("release"));
        }
    }
}
