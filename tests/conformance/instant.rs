//! An entry that is due is absent for every method from its very instant; until then it is there for every one.

use crate::*;

tests![
    until_its_instant_it_is_there_for_every_method,
    get,
    read,
    get_many,
    contains_key,
    remove,
    insert,
    insert_with_ttl,
    insert_if_absent,
    insert_if_absent_with_ttl,
    compute_put,
    compute_put_with_ttl,
    compute_put_keep_ttl,
    compute_keep,
    compute_remove,
    update,
    ttl,
    set_ttl,
    persist,
    for_each,
    retain,
    clear,
];

/// A cache that holds `key`, due in this very instant and still in memory, and `other`, that stays.
fn at_the_instant<S: Subject>() -> S::Cache {
    let (cache, time) = S::fresh();
    cache.insert(b"other", b"stays");
    cache.insert_with_ttl(b"key", b"value", SECOND);
    time.advance(SECOND - NANOSECOND);
    assert_eq!(cache.advance(), 0);
    assert!(cache.contains_key(b"key"));
    time.advance(NANOSECOND);
    cache
}

fn value(cache: &impl Kv) -> Option<Vec<u8>> {
    assert!(cache.contains_key(b"other"));
    cache.get(b"key")
}

fn until_its_instant_it_is_there_for_every_method<S: Subject>() {
    let (cache, time) = S::fresh();
    cache.insert_with_ttl(b"key", b"value", SECOND);
    time.advance(SECOND - NANOSECOND);
    let wanted = Some(b"value".to_vec());
    assert_eq!(cache.get(b"key"), wanted);
    assert_eq!(cache.read(b"key", <[u8]>::to_vec), wanted);
    assert_eq!(cache.get_many(&[b"key"]), std::slice::from_ref(&wanted));
    assert!(cache.contains_key(b"key"));
    assert!(!cache.insert_if_absent(b"key", b"new"));
    assert!(!cache.insert_if_absent_with_ttl(b"key", b"new", SECOND));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(NANOSECOND)));
    assert_eq!(contents(&cache), [(b"key".to_vec(), b"value".to_vec())]);
    cache.retain(|_, _| true);
    assert_eq!(cache.compute(b"key", |_| Op::Keep), Computed::Kept);
    assert!(cache.update(b"key", <[u8]>::to_vec));
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.remove(b"key"), wanted);
}

fn get<S: Subject>() {
    assert_eq!(at_the_instant::<S>().get(b"key"), None);
}

fn read<S: Subject>() {
    assert_eq!(at_the_instant::<S>().read(b"key", |_| panic!("it is due")), None::<()>);
}

fn get_many<S: Subject>() {
    let found = at_the_instant::<S>().get_many(&[b"key", b"other", b"key"]);
    assert_eq!(found, [None, Some(b"stays".to_vec()), None]);
}

fn contains_key<S: Subject>() {
    assert!(!at_the_instant::<S>().contains_key(b"key"));
}

fn remove<S: Subject>() {
    let cache = at_the_instant::<S>();
    assert_eq!(cache.remove(b"key"), None);
    assert_eq!(value(&cache), None);
}

fn insert<S: Subject>() {
    let cache = at_the_instant::<S>();
    cache.insert(b"key", b"new");
    assert_eq!(value(&cache).as_deref(), Some(&b"new"[..]));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Never));
    assert_eq!(cache.len(), 2);
}

fn insert_with_ttl<S: Subject>() {
    let cache = at_the_instant::<S>();
    cache.insert_with_ttl(b"key", b"new", 2 * SECOND);
    assert_eq!(value(&cache).as_deref(), Some(&b"new"[..]));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(2 * SECOND)));
    assert_eq!(cache.len(), 2);
}

fn insert_if_absent<S: Subject>() {
    let cache = at_the_instant::<S>();
    assert!(cache.insert_if_absent(b"key", b"new"));
    assert_eq!(value(&cache).as_deref(), Some(&b"new"[..]));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Never));
    assert_eq!(cache.len(), 2);
}

fn insert_if_absent_with_ttl<S: Subject>() {
    let cache = at_the_instant::<S>();
    assert!(cache.insert_if_absent_with_ttl(b"key", b"new", SECOND));
    assert_eq!(value(&cache).as_deref(), Some(&b"new"[..]));
    assert_eq!(cache.ttl(b"key"), Some(Ttl::Remaining(SECOND)));
}

/// Computes on the due key; what the cache then says of it.
fn compute<S: Subject>(op: Op<Vec<u8>>) -> (Computed, Option<Vec<u8>>, Option<Ttl>) {
    let cache = at_the_instant::<S>();
    let computed = cache.compute(b"key", |value| {
        assert_eq!(value, None);
        op.clone()
    });
    (computed, value(&cache), cache.ttl(b"key"))
}

fn compute_put<S: Subject>() {
    let wanted = (Computed::Inserted, Some(b"new".to_vec()), Some(Ttl::Never));
    assert_eq!(compute::<S>(Op::Put(b"new".to_vec())), wanted);
}

fn compute_put_with_ttl<S: Subject>() {
    let wanted = (Computed::Inserted, Some(b"new".to_vec()), Some(Ttl::Remaining(SECOND)));
    assert_eq!(compute::<S>(Op::PutWithTtl(b"new".to_vec(), SECOND)), wanted);
}

fn compute_put_keep_ttl<S: Subject>() {
    // There is no deadline to keep: what is due is not there.
    let wanted = (Computed::Inserted, Some(b"new".to_vec()), Some(Ttl::Never));
    assert_eq!(compute::<S>(Op::PutKeepTtl(b"new".to_vec())), wanted);
}

fn compute_keep<S: Subject>() {
    assert_eq!(compute::<S>(Op::Keep), (Computed::Absent, None, None));
}

fn compute_remove<S: Subject>() {
    assert_eq!(compute::<S>(Op::Remove), (Computed::Absent, None, None));
}

fn update<S: Subject>() {
    let cache = at_the_instant::<S>();
    assert!(!cache.update(b"key", |_| panic!("it is due")));
    assert_eq!(value(&cache), None);
}

fn ttl<S: Subject>() {
    assert_eq!(at_the_instant::<S>().ttl(b"key"), None);
}

fn set_ttl<S: Subject>() {
    let cache = at_the_instant::<S>();
    assert!(!cache.set_ttl(b"key", SECOND), "nothing rises from the dead");
    assert_eq!(value(&cache), None);
}

fn persist<S: Subject>() {
    let cache = at_the_instant::<S>();
    assert!(!cache.persist(b"key"), "nothing rises from the dead");
    assert_eq!(value(&cache), None);
}

fn for_each<S: Subject>() {
    let found = contents(&at_the_instant::<S>());
    assert_eq!(found, [(b"other".to_vec(), b"stays".to_vec())]);
}

fn retain<S: Subject>() {
    let cache = at_the_instant::<S>();
    let mut asked = Vec::new();
    cache.retain(|key, _| {
        asked.push(key.to_vec());
        true
    });
    assert_eq!(asked, [b"other".to_vec()]);
    assert_eq!(value(&cache), None);
}

fn clear<S: Subject>() {
    let cache = at_the_instant::<S>();
    cache.clear();
    assert_eq!(cache.len(), 0, "what is due is cleared, too");
    assert_eq!(cache.advance(), 0);
}
