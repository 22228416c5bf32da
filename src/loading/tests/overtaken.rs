//! A load and somebody who changes its key: nobody waits, and what was loaded before does not stay.

use super::*;

const BOUND: usize = 5;

/// Stores, settles, and takes it back; against who overtakes, looks, and removes.
#[test]
fn loom_loading_what_was_overtaken_does_not_stay() {
    check(BOUND, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let remover = spawn(&world, |world| {
            world.loads.overtake(0, &epoch::pin());
            // As a removal: what it does not find it does not remove.
            if world.look().is_some() {
                world.cached.store(0, Ordering::Relaxed);
            }
        });
        if !lead.fate().is_overtaken() {
            world.cached.store(5, Ordering::Relaxed);
            if !lead.fate().settle() {
                world.cached.store(0, Ordering::Relaxed);
            }
        }
        lead.succeed(&5);
        remover.join().unwrap();
        assert_eq!(world.look(), None);
        world.assert_nothing_pending();
    });
}

/// Whoever asks after a removal does not get what was being loaded before it.
#[test]
fn loom_loading_who_comes_after_a_removal_does_not_join() {
    check(BOUND, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let other = spawn(&world, |world| {
            world.loads.overtake(0, &epoch::pin());
            world.fetch(|| Some(6))
        });
        if !lead.fate().is_overtaken() {
            lead.fate().settle();
        }
        lead.succeed(&5);
        assert_eq!(other.join().unwrap(), Some(6));
        world.assert_nothing_pending();
    });
}

/// Loads come and go while somebody goes through the list.
#[test]
fn loom_loading_a_list_that_changes_while_it_is_read() {
    check(BOUND, || {
        let watch = Arc::new(Watch::new());
        let fates = [(); 3].map(|()| std::sync::Arc::new(Fate::new()));
        watch.add(signature(0), fates[0].clone());
        watch.add(signature(1), fates[1].clone());
        let reader = thread::spawn({
            let watch = watch.clone();
            move || {
                let guard = epoch::pin();
                assert!(watch.has(signature(0), &guard), "it is there throughout");
                watch.overtake(Some(signature(0)), &guard);
                drop(guard);
                assert!(!watch.has(signature(0), &epoch::pin()));
            }
        });
        let remove = |fate: &Fate| {
            let guard = epoch::pin();
            let watched = watch.remove(fate, &guard).expect("it is in the list");
            // SAFETY: unlinked just now.
            unsafe { guard.retire(watched, 1) };
        };
        remove(&fates[1]);
        watch.add(signature(2), fates[2].clone());
        remove(&fates[2]);
        reader.join().unwrap();
        assert!(fates[0].is_overtaken() && !fates[1].is_overtaken() && !fates[2].is_overtaken());
    });
}

#[test]
fn loom_loading_all_are_overtaken() {
    check(BOUND, || {
        let world = World::new();
        let Entered::Lead(lead) = world.enter() else { unreachable!("nobody else is here yet") };
        let other = spawn(&world, |world| world.loads.overtake_all(&epoch::pin()));
        other.join().unwrap();
        assert!(lead.fate().is_overtaken());
        assert!(!lead.fate().settle());
        drop(lead);
        world.assert_nothing_pending();
    });
}
