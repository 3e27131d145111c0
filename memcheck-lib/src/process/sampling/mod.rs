//! Readings of a process that are cheap enough to repeat: at each checkpoint, and many times a
//! second while the process runs.

#[cfg(target_os = "linux")]
mod memory_monitor;
mod sample;
#[cfg(target_os = "linux")]
mod sampler;

#[cfg(target_os = "linux")]
pub(crate) use memory_monitor::MemoryMonitor;
pub use sample::Sample;
#[cfg(target_os = "linux")]
pub use sampler::Sampler;
