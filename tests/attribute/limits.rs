//! Limits on what an iteration allocates, and known leaks.

use crate::support::Project;

#[test]
fn allocation_limits_name_the_iteration_and_a_known_leak_must_leak() {
    let project = Project::new("limits").file(
        "src/lib.rs",
        r#"
        #[cfg(test)]
        mod tests {
            use memcheck::{memcheck, Workload};
            use std::hint::black_box;

            #[memcheck(allocations = 0, bytes = 0, peak = 0)]
            fn allocates_nothing() {
                black_box([0u8; 100]);
            }

            #[memcheck(allocations = 0)]
            fn allocates_once(workload: Workload) {
                let mut iteration = 0;
                workload.iterate(|| {
                    iteration += 1;
                    if iteration == 40 {
                        drop(black_box(vec![1u8; 10]));
                    }
                });
            }

            #[memcheck(allocations = 2, bytes = "300 B", peak = "200 B")]
            fn within() {
                drop(black_box(vec![1u8; 100]));
                drop(black_box(vec![1u8; 200]));
            }

            #[memcheck(bytes = "299 B")]
            fn too_many_bytes() {
                drop(black_box(vec![1u8; 100]));
                drop(black_box(vec![1u8; 200]));
            }

            #[memcheck(peak = "299 B")]
            fn too_high() {
                let both = (black_box(vec![1u8; 100]), black_box(vec![1u8; 200]));
                drop(both);
            }

            #[memcheck(known_leak = "issue 7", iterations = 500)]
            fn leaks_as_known() {
                Box::leak(black_box(Box::new(1u8)));
            }

            #[memcheck(known_leak = "issue 8", iterations = 500)]
            fn does_not_leak_any_more() {}

            /// Keeps up to 4 KiB of the heap, a different amount in each iteration.
            #[memcheck(heap = "1 B", iterations = 500)]
            fn a_limit_in_noise(workload: Workload) {
                let (mut kept, mut random) = (vec![1u8; 10], 1u32);
                workload.iterate(|| {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    kept = black_box(vec![1u8; (random >> 20) as usize]);
                });
                drop(kept);
            }
        }
        "#,
    );
    let output = project.memcheck(&["-j", "1"]).code(100);
    // The footprint varies by a few pages.
    let filters = vec![(r"resident [+-][0-9.]+ [KM]?i?B", "resident <size>")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(output.redacted());
    });
    assert!(output.stdout.contains("warning[limit-below-sensitivity]"), "{}", output.stdout);
    // The same tests pass under `cargo test`.
    let output = project.cargo_test(&[]).code(101);
    for (test, result) in [
        ("allocates_nothing", "ok"),
        ("allocates_once", "FAILED"),
        ("within", "ok"),
        ("too_many_bytes", "FAILED"),
        ("too_high", "FAILED"),
        ("leaks_as_known", "ok"),
        ("does_not_leak_any_more", "FAILED"),
        ("a_limit_in_noise", "ok"),
    ] {
        let line = format!("test tests::{test} ... {result}");
        assert!(output.stdout.contains(&line), "{line}\n{}", output.stdout);
    }
}
