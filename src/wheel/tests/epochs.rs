//! One small model for the real crossbeam-epoch (`--cfg crossbeam_loom`).

use super::*;
use crate::sync::{Arc, check, epoch, thread};

/// A pusher writes to a chunk that the ticker takes, empties and retires.
#[test]
fn loom_epoch_push_against_the_ticker() {
    check(1, || {
        let wheel = Arc::new(Wheel::new(0));
        push(&wheel, 0, 1);
        let pusher = thread::spawn({
            let wheel = wheel.clone();
            move || push(&wheel, 1, 1)
        });
        let mut fired = advance(&wheel, 1, usize::MAX);
        epoch::collect();
        pusher.join().unwrap();
        // A second record, of a pusher that was overtaken, comes with the slot's next turn at the latest.
        fired.extend(advance(&wheel, 5, usize::MAX));
        let count = |number| fired.iter().filter(|due| due.signature == signature(number)).count();
        assert_eq!(count(0), 1);
        assert!((1..=2).contains(&count(1)), "{fired:?}");
    });
}
