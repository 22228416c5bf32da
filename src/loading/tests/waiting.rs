//! Who waits is woken, whatever becomes of the load; and there is one.

use super::*;

const BOUND: usize = 5;

#[test]
fn loom_loading_one_load_for_two_who_ask() {
    check(BOUND, || {
        let world = World::new();
        let other = spawn(&world, |world| world.fetch(|| Some(5)));
        assert_eq!(world.fetch(|| Some(5)), Some(5));
        assert_eq!(other.join().unwrap(), Some(5));
        assert_eq!(world.loaded(), 1);
        world.assert_nothing_pending();
    });
}

#[test]
fn loom_loading_one_load_for_three_who_ask() {
    check(3, || {
        let world = World::new();
        let others = [(); 2].map(|()| spawn(&world, |world| world.fetch(|| Some(5))));
        assert_eq!(world.fetch(|| Some(5)), Some(5));
        for other in others {
            assert_eq!(other.join().unwrap(), Some(5));
        }
        assert_eq!(world.loaded(), 1);
        world.assert_nothing_pending();
    });
}

/// The loader of one panics, if it runs at all; the other has the value, from its own.
#[test]
fn loom_loading_is_handed_over_on_a_panic() {
    check(BOUND, || {
        let world = World::new();
        let other = spawn(&world, |world| world.fetch(|| None));
        assert_eq!(world.fetch(|| Some(5)), Some(5));
        assert!(matches!(other.join().unwrap(), None | Some(5)));
        world.assert_nothing_pending();
    });
}

#[test]
fn loom_loading_is_handed_over_twice() {
    check(3, || {
        let world = World::new();
        let others = [(); 2].map(|()| spawn(&world, |world| world.fetch(|| None)));
        assert_eq!(world.fetch(|| Some(5)), Some(5));
        for other in others {
            assert!(matches!(other.join().unwrap(), None | Some(5)));
        }
        world.assert_nothing_pending();
    });
}

/// Of two who wait one goes away, at whatever moment; the other is woken.
#[test]
fn loom_loading_a_waiter_goes_away() {
    check(3, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let stays = spawn(&world, |world| world.fetch(|| Some(6)));
        let goes = spawn(&world, |world| {
            if let Entered::Joined(waiting) = world.enter() {
                let mut waiting = pin!(waiting);
                if let Poll::Ready(Outcome::Value(value)) = poll_once(waiting.as_mut()) {
                    assert_eq!(*value, 5);
                }
            }
        });
        world.cached.store(5, Ordering::Relaxed);
        lead.succeed(&5);
        assert_eq!(stays.join().unwrap(), Some(5));
        goes.join().unwrap();
        world.assert_nothing_pending();
    });
}

/// A leader's future is dropped after its first step.
#[test]
fn loom_loading_is_handed_over_when_it_is_cancelled() {
    check(BOUND, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let other = spawn(&world, |world| world.fetch(|| Some(6)));
        let step: Poll<()> = lead.run(|| Poll::Pending);
        assert!(step.is_pending());
        drop(lead);
        assert_eq!(other.join().unwrap(), Some(6));
        assert_eq!(world.loaded(), 1);
        world.assert_nothing_pending();
    });
}

#[test]
fn loom_loading_an_error_goes_to_who_waits() {
    check(BOUND, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let other = spawn(&world, |world| match world.enter() {
            Entered::Joined(waiting) => match block_on(waiting) {
                Outcome::Failed(error) => assert_eq!(error.downcast_ref(), Some(&"error")),
                // It joined, and began to wait too late.
                Outcome::Value(_) | Outcome::Abandoned => panic!("it is an error"),
            },
            // It came too late to join.
            Entered::Lead(lead) => drop(lead),
        });
        lead.fail(std::sync::Arc::new("error"));
        other.join().unwrap();
        world.assert_nothing_pending();
    });
}

/// A leader whose value nobody waits for keeps it to itself; who has joined and did not wait yet begins anew, and finds it.
#[test]
fn loom_loading_one_joins_as_it_ends() {
    check(BOUND, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let other = spawn(&world, |world| world.fetch(|| Some(6)));
        world.cached.store(5, Ordering::Relaxed);
        lead.succeed(&5);
        assert_eq!(other.join().unwrap(), Some(5));
        assert_eq!(world.loaded(), 0);
        world.assert_nothing_pending();
    });
}

/// Two keys of one hash: neither is taken for the other, and neither waits for the other.
#[test]
fn loom_loading_two_keys_of_one_hash() {
    check(BOUND, || {
        let world = World::new();
        let other = spawn(&world, |world| {
            assert!(matches!(world.loads.enter(0, |&key| key == 8, || 8), Entered::Lead(_)));
        });
        assert!(matches!(world.enter(), Entered::Lead(_)));
        other.join().unwrap();
        world.assert_nothing_pending();
    });
}

#[cfg(not(purekv_loom))]
#[test]
fn who_waits_for_itself_is_told_so() {
    let world = World::new();
    let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here") };
    let wait = || {
        let Entered::Joined(waiting) = world.enter() else { unreachable!("it is being loaded") };
        poll_once(pin!(waiting)).is_ready()
    };
    let inside = std::panic::AssertUnwindSafe(|| lead.run(|| Poll::Ready(wait())));
    let panic = std::panic::catch_unwind(inside).unwrap_err();
    assert!(panic.downcast_ref::<&str>().is_some_and(|text| text.contains("itself")));
    // Between two steps of the loader its thread may as well poll somebody who waits.
    assert!(!wait());
    drop(lead);
    world.assert_nothing_pending();
}

#[cfg(not(purekv_loom))]
#[test]
fn a_waker_is_kept_while_somebody_waits_and_no_longer() {
    use std::sync::Arc;
    use std::task::Wake;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn join(world: &World) -> Waiting<u8, usize> {
        match world.enter() {
            Entered::Joined(waiting) => waiting,
            Entered::Lead(_) => unreachable!("it is being loaded"),
        }
    }

    fn poll(waiting: &mut Waiting<u8, usize>, bell: &Arc<Bell>) -> bool {
        let waker = Waker::from(bell.clone());
        Pin::new(waiting).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    let world = World::new();
    let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here") };
    let bells: [Arc<Bell>; 3] = Default::default();
    let (mut stays, mut goes) = (join(&world), join(&world));
    assert!(!poll(&mut goes, &bells[0]));
    assert!(!poll(&mut stays, &bells[1]));
    // A task may be polled with another waker each time: the last one counts.
    assert!(!poll(&mut stays, &bells[2]));
    drop(goes);
    assert_eq!(bells.each_ref().map(Arc::strong_count), [1, 1, 2]);
    lead.succeed(&5);
    assert_eq!(bells.each_ref().map(|bell| bell.0.load(Ordering::Relaxed)), [0, 0, 1]);
    assert_eq!(bells.each_ref().map(Arc::strong_count), [1, 1, 1]);
    assert!(poll(&mut stays, &bells[0]));
}
