//! The same code on an embedded store and on a client.

use std::time::Duration;

use purekv::{Cache, Store, TryKv, Ttl};

use crate::served;

/// Written once, for whatever it is.
fn story<S: TryKv>(store: &S) -> Result<(), S::Error> {
    let minute = Duration::from_secs(60);
    store.clear()?;
    store.insert(b"a", b"1")?;
    store.insert_with_ttl(b"b", b"2", minute)?;
    assert!(!store.insert_if_absent(b"a", b"3")?);
    assert!(store.insert_if_absent_with_ttl(b"c", b"4", minute)?);
    assert_eq!(store.get(b"a")?.as_deref(), Some(&b"1"[..]));
    assert_eq!(store.get_many(&[b"b", b"d"])?, [Some(b"2".to_vec()), None]);
    assert!(matches!(store.ttl(b"b")?, Some(Ttl::Remaining(left)) if left <= minute));
    assert!(store.persist(b"b")? && store.persist(b"b")? && !store.persist(b"d")?);
    assert_eq!(store.ttl(b"b")?, Some(Ttl::Never));
    assert!(store.set_ttl(b"b", minute)? && !store.set_ttl(b"d", minute)?);
    assert_eq!(store.len()?, 3);
    assert!(store.set_ttl(b"b", Duration::ZERO)?);
    assert!(!store.contains_key(b"b")?);
    // Due at once.
    store.insert_with_ttl(b"a", b"5", Duration::ZERO)?;
    assert!(store.insert_if_absent_with_ttl(b"a", b"6", Duration::ZERO)?);
    assert_eq!(store.ttl(b"a")?, None);
    assert_eq!(store.remove(b"c")?.as_deref(), Some(&b"4"[..]));
    assert_eq!(store.remove(b"c")?, None);
    assert!(store.is_empty()?);
    Ok(())
}

#[test]
fn one_story_on_all_of_them() {
    story(&Store::new()).unwrap();
    story(&Cache::<Vec<u8>, Vec<u8>>::new()).unwrap();
    served::each(|served| story(&served.client()).unwrap());
}
