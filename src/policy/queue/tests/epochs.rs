//! One small model for the real crossbeam-epoch (`--cfg crossbeam_loom`).

use super::super::segment::FEWEST;
use super::*;
use crate::sync::{Arc, check, epoch, thread};

/// A popper retires the segment in which a pusher looks for a cell.
#[test]
fn loom_epoch_segment_retired_under_a_pusher() {
    check(2, || {
        let queue = Arc::new(Queue::new());
        (1..FEWEST as u64).for_each(|word| push(&queue, word));
        let pusher = thread::spawn({
            let queue = queue.clone();
            move || (FEWEST as u64..FEWEST as u64 + 2).for_each(|word| push(&queue, word))
        });
        let mut words: Vec<_> = std::iter::from_fn(|| pop(&queue)).collect();
        epoch::collect();
        pusher.join().unwrap();
        words.extend(std::iter::from_fn(|| pop(&queue)));
        assert!(words.into_iter().eq(1..FEWEST as u64 + 2));
    });
}
