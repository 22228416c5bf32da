//! Models of a watch: the store is one word, and relaxed, so that it is seen only by who has been told of it by the gate.

use super::*;
use crate::server::gate::{Gate, Seat};
use crate::sync::{AtomicU64, check, thread};

/// A client watches, reads, and changes the value by what it has read, unless somebody else has written meanwhile.
#[test]
fn loom_watch_no_write_is_lost() {
    check(4, || {
        let gate = Arc::new(Gate::default());
        let watches = Watches::new();
        let value = Arc::new(AtomicU64::new(0));
        let mut seat = Seat::new(&gate);
        let other = {
            let (watches, value, mut seat) = (watches.clone(), value.clone(), Seat::new(&gate));
            thread::spawn(move || {
                let _inside = seat.enter();
                value.fetch_add(10, Ordering::Relaxed);
                watches.touch(b"k");
            })
        };
        let mut watching = Watching::new(&watches);
        let mut inside = seat.enter();
        inside.alone(|| watching.add(b"k", true));
        let seen = value.load(Ordering::Relaxed);
        let is_done = inside.alone(|| {
            let is_done = !watching.is_touched(|_| true);
            if is_done {
                value.store(seen + 1, Ordering::Relaxed);
            }
            is_done
        });
        drop(inside);
        other.join().unwrap();
        assert_eq!(value.load(Ordering::Relaxed), 10 + u64::from(is_done));
    });
}

#[test]
fn who_watches_is_told() {
    check(0, || {
        let watches = Watches::new();
        let (mut one, mut two) = (Watching::new(&watches), Watching::new(&watches));
        one.add(b"a", true);
        one.add(b"a", false);
        two.add(b"a", true);
        two.add(b"b", false);
        watches.touch(b"c");
        assert!(!one.is_marked() && !two.is_marked());
        watches.touch(b"b");
        assert!(!one.is_marked() && two.is_marked());
        drop(two);
        assert!(!one.is_touched(|_| true), "what it was when it was added first counts");
        assert!(one.is_touched(|_| false));
        watches.touch(b"a");
        assert!(one.is_marked());
        drop(one);
        assert_eq!(watches.count.load(Ordering::Relaxed), 0);
        assert!(watches.stripes.iter().all(|stripe| stripe.keys().is_empty()));
    });
}
