//! What can be keys and values of a cache that is dumped.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use purekv::{Cache, DumpError, Snapshot};

use crate::folder::Folder;

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, PartialEq, Eq, Hash, Clone, Debug)]
#[rkyv(compare(PartialEq), derive(Debug))]
enum Shape {
    Point,
    Circle { radius: u64 },
    Text(String),
}

#[test]
fn types_with_derived_archives_can_be_keys_and_values() {
    let folder = Folder::new("derived");
    let path = folder.file("derived");
    let cache = Cache::new();
    let text = Shape::Text("a long text that is not kept within its place".to_owned());
    cache.insert(Shape::Point, text.clone());
    cache.insert(Shape::Circle { radius: 7 }, Shape::Point);
    cache.insert(text.clone(), Shape::Circle { radius: 9 });
    cache.dump(&path).unwrap();
    let snapshot = Snapshot::<Shape, Shape>::open(&path).unwrap();
    snapshot.verify().unwrap();
    assert!(*snapshot.get(&Shape::Point).unwrap().unwrap() == text);
    assert!(*snapshot.get(&text).unwrap().unwrap() == Shape::Circle { radius: 9 });
    assert!(snapshot.get(&Shape::Circle { radius: 8 }).unwrap().is_none());
    let loaded = Cache::<Shape, Shape>::new();
    loaded.load(&path).unwrap();
    assert_eq!(loaded.get(&Shape::Circle { radius: 7 }), Some(Shape::Point));
}

#[test]
fn units_and_large_alignments_are_values_too() {
    let folder = Folder::new("odd");
    let cache = Cache::<u8, ()>::new();
    (0..100).for_each(|key| cache.insert(key, ()));
    cache.dump(folder.file("units")).unwrap();
    let snapshot = Snapshot::<u8, ()>::open(folder.file("units")).unwrap();
    snapshot.verify().unwrap();
    assert!((0..=255).all(|key: u8| snapshot.get(&key).unwrap().is_some() == (key < 100)));

    let cache = Cache::<u8, (u8, u128)>::new();
    (0..100).for_each(|key| cache.insert(key, (key, u128::MAX - u128::from(key))));
    cache.dump(folder.file("wide")).unwrap();
    let snapshot = Snapshot::<u8, (u8, u128)>::open(folder.file("wide")).unwrap();
    snapshot.verify().unwrap();
    let value = snapshot.get(&9).unwrap().unwrap();
    assert_eq!((value.0, value.1.to_native()), (9, u128::MAX - 9));
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize)]
#[rkyv(serialize_bounds(__S: rkyv::ser::Writer))]
#[rkyv(deserialize_bounds(__D::Error: rkyv::rancor::Source))]
#[rkyv(bytecheck(bounds(__C: rkyv::validation::ArchiveContext, __C::Error: rkyv::rancor::Source)))]
struct Nested(#[rkyv(omit_bounds)] Option<Box<Nested>>);

/// Who reads a dump does not go as deep as its file says; so nothing is written that would not be read.
#[test]
fn values_that_are_nested_too_deep_are_refused() {
    let folder = Folder::new("nested");
    let cache = Cache::<u8, Nested>::new();
    let nested =
        |depth: u32| (0..depth).fold(Nested(None), |inner, _| Nested(Some(Box::new(inner))));
    cache.insert(1, nested(300));
    cache.dump(folder.file("nested")).unwrap();
    Snapshot::<u8, Nested>::open(folder.file("nested")).unwrap().verify().unwrap();
    cache.insert(2, nested(600));
    let error = cache.dump(folder.file("nested")).unwrap_err();
    assert!(matches!(error, DumpError::Archive { .. }), "{error}");
    assert_eq!(Snapshot::<u8, Nested>::open(folder.file("nested")).unwrap().len(), 1);
}

#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, PartialEq, Eq)]
#[rkyv(compare(PartialEq))]
struct Fickle(u64);

static SALT: AtomicU64 = AtomicU64::new(0);

impl Hash for Fickle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 + SALT.load(Ordering::Relaxed));
    }
}

/// An interval, whose archive is good only if its ends are in order.
#[derive(rkyv::Archive, rkyv::Serialize, rkyv::Deserialize, Clone, PartialEq, Debug)]
#[rkyv(bytecheck(verify))]
struct Interval {
    low: u32,
    high: u32,
}

// SAFETY: it looks at two numbers that were found good.
unsafe impl<C: rkyv::rancor::Fallible + ?Sized> rkyv::bytecheck::Verify<C> for ArchivedInterval
where
    C::Error: rkyv::rancor::Source,
{
    fn verify(&self, _: &mut C) -> Result<(), C::Error> {
        if self.low > self.high {
            rkyv::rancor::fail!(std::fmt::Error);
        }
        Ok(())
    }
}

/// It would take the others of its section with it, in the place of the last good dump.
#[test]
fn a_value_that_could_not_be_read_is_not_written() {
    let folder = Folder::new("unreadable");
    let path = folder.file("dump");
    let cache = Cache::<u64, Interval>::new();
    (0..1000).for_each(|key| cache.insert(key, Interval { low: 1, high: 2 }));
    cache.dump(&path).unwrap();
    cache.insert(7, Interval { low: 2, high: 1 });
    let refused = cache.dump(&path).unwrap_err();
    assert!(matches!(refused, DumpError::Archive { .. }), "{refused}");
    let loaded = Cache::<u64, Interval>::new();
    assert_eq!(loaded.load(&path).unwrap().loaded, 1000);
    assert_eq!(loaded.get(&7), Some(Interval { low: 1, high: 2 }));
}

#[test]
fn keys_that_hash_to_something_else_are_an_error_and_not_absent() {
    let folder = Folder::new("fickle");
    let path = folder.file("fickle");
    let cache = Cache::<Fickle, u64>::new();
    (0..1000).for_each(|key| cache.insert(Fickle(key), key));
    cache.dump(&path).unwrap();
    let open = || Snapshot::<Fickle, u64>::open(&path).unwrap();
    assert!(open().get(&Fickle(7)).unwrap().is_some());
    SALT.store(1 << 40, Ordering::Relaxed);
    assert!(matches!(open().get(&Fickle(7)), Err(DumpError::KeyHash { .. })));
    assert!(matches!(open().verify(), Err(DumpError::KeyHash { .. })));
    // What needs no hash of then goes on.
    assert_eq!(open().iter().count(), 1000);
    let loaded = Cache::<Fickle, u64>::new();
    assert_eq!(loaded.load(&path).unwrap().loaded, 1000);
    assert_eq!(loaded.get(&Fickle(7)), Some(7));
}

/// One snapshot serves all threads.
#[test]
fn snapshots_are_for_many_threads() {
    fn assert_shared<T: Send + Sync>() {}
    // Whatever its keys and values are: they are never made.
    assert_shared::<Snapshot<std::rc::Rc<u8>, *const u8>>();
    assert_shared::<purekv::StoreSnapshot>();

    let folder = Folder::new("threads");
    let cache = Cache::<u64, String>::new();
    (0..20_000).for_each(|key| cache.insert(key, key.to_string()));
    cache.dump(folder.file("threads")).unwrap();
    let snapshot = Snapshot::<u64, String>::open(folder.file("threads")).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let snapshot = &snapshot;
            scope.spawn(move || {
                for key in (thread..20_000_u64).step_by(3) {
                    let value = snapshot.get(&key).unwrap().unwrap();
                    assert_eq!(value.as_str(), key.to_string());
                }
            });
        }
    });
}
