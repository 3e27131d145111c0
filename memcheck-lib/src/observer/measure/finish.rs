//! Phase: the snapshot, and the end of the test.

use super::run::{MeasuredWorker, Run};
use crate::observer::worker_handle::interruption::Interruption;

pub(super) fn finish<W: MeasuredWorker>(run: &mut Run<'_, W>) -> Result<(), Interruption> {
    if run.measured.lost_while_recording {
        return Ok(());
    }
    if run.asserts_snapshot
        && let Some(text) = (run.request.snapshot_text)(run.measured.clone())
    {
        run.worker.send_profile(&text)?;
    }
    run.worker.finish()?;
    run.measured.completed = true;
    Ok(())
}
