//! Recorded call stacks: the blocks and bytes per iteration of bodies with a known leak, and accounts
//! whose sums are right. A program without libtest, because every body needs a worker.
#![expect(clippy::print_stdout, reason = "a harness of its own speaks for itself")]

#[cfg(target_os = "linux")]
mod bodies;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod children;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod descriptors;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod mapped;
#[cfg(target_os = "linux")]
mod not_heap;
#[cfg(target_os = "linux")]
mod observed;
#[cfg(target_os = "linux")]
mod rotating;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod threads;

fn main() {
    #[cfg(all(
        target_os = "linux",
        feature = "sites",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    {
        let mut cases = bodies::cases();
        cases.extend(rotating::cases());
        cases.extend(not_heap::cases());
        #[cfg(target_env = "gnu")]
        for more in [descriptors::cases(), mapped::cases(), threads::cases(), children::cases()] {
            cases.extend(more);
        }
        observed::run(&cases);
        println!("sites: {} checks, {} passed", cases.len(), cases.len());
    }
    #[cfg(not(all(
        target_os = "linux",
        feature = "sites",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )))]
    println!("sites: nothing is recorded on this target");
}
