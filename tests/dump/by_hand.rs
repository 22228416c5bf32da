//! Dumps that are written entry by entry, without a store.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purekv::{DumpError, Store, StoreDumpWriter, StoreSnapshot};

use crate::folder::Folder;

type Entry = (Vec<u8>, Vec<u8>, Option<SystemTime>, Option<SystemTime>);

fn entries(snapshot: &StoreSnapshot) -> Vec<Entry> {
    let mut entries = Vec::new();
    let walked: Result<(), DumpError> = snapshot.try_for_each(|entry| {
        let (key, value) = (entry.key.to_vec(), entry.value.to_vec());
        entries.push((key, value, entry.expires_at, entry.expires_at_latest));
        Ok(())
    });
    walked.unwrap();
    entries
}

/// Whatever is written is there, those that are due included, in the order in which it was written.
#[test]
fn what_is_written_is_in_it() {
    let folder = Folder::new("by-hand");
    let path = folder.file("dump");
    let at = |nanos| Some(UNIX_EPOCH + Duration::from_nanos(nanos));
    let (soon, later) = (at(u64::MAX - 70), at(u64::MAX - 2));
    let mut written: Vec<Entry> = vec![
        (b"stays".to_vec(), b"1".to_vec(), None, None),
        (b"due".to_vec(), b"".to_vec(), at(1_000_000_007), at(1_000_000_007)),
        (b"".to_vec(), vec![7; 3 << 20], soon, soon),
        (b"idle".to_vec(), b"2".to_vec(), soon, later),
        (b"idle for ever".to_vec(), b"3".to_vec(), soon, None),
        (b"the first instant".to_vec(), b"4".to_vec(), at(0), at(0)),
    ];
    for number in 0..70_000_u32 {
        // Mixed, and beyond what a section may have.
        let latest = if number % 3 == 0 { later } else { soon };
        written.push((number.to_le_bytes().to_vec(), vec![1; 20], soon, latest));
    }
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    for (key, value, expires_at, latest) in &written {
        match expires_at == latest {
            true => dump.write(key, value, *expires_at).unwrap(),
            false => dump.write_idle(key, value, *expires_at, *latest).unwrap(),
        }
    }
    assert!(dump.progress().entries > 0);
    let done = dump.finish().unwrap();
    assert_eq!(done.entries, written.len() as u64);
    assert_eq!(folder.names(), ["dump"]);
    let snapshot = StoreSnapshot::open(&path).unwrap();
    snapshot.verify().unwrap();
    assert_eq!(entries(&snapshot), written);
    assert_eq!(snapshot.iter().count(), written.len() - 2);
    assert_eq!(
        (snapshot.get(b"due").unwrap(), snapshot.get(b"stays").unwrap()),
        (None, Some(&b"1"[..]))
    );
    assert_eq!(Store::new().load(&path).unwrap().expired, 2);
    let ended = snapshot.try_for_each(|_| Err::<(), _>(DumpError::Busy { path: path.clone() }));
    assert!(matches!(ended, Err(DumpError::Busy { .. })));
}

#[test]
fn an_instant_that_no_file_can_name_becomes_one_that_it_can() {
    let folder = Folder::new("instants");
    let path = folder.file("dump");
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    let (before, beyond) = (UNIX_EPOCH - Duration::from_secs(7), Duration::from_secs(1 << 40));
    dump.write(b"before", b"", Some(before)).unwrap();
    dump.write(b"beyond", b"", Some(UNIX_EPOCH + beyond)).unwrap();
    dump.write_idle(b"later than the latest", b"", None, Some(UNIX_EPOCH)).unwrap();
    dump.finish().unwrap();
    let found = entries(&StoreSnapshot::open(&path).unwrap());
    let (first, last) = (Some(UNIX_EPOCH), Some(UNIX_EPOCH + Duration::from_nanos(u64::MAX - 1)));
    let instants: Vec<_> = found.iter().map(|(_, _, at, latest)| (*at, *latest)).collect();
    assert_eq!(instants, [(first, first), (last, last), (first, first)]);
}

#[test]
fn a_key_that_is_there_twice_is_an_error_and_the_old_file_stays() {
    let folder = Folder::new("twice");
    let path = folder.file("dump");
    let old = Store::new();
    old.insert(b"old", b"1");
    old.dump(&path).unwrap();
    for (first, again) in [(0_u64, 1_u64), (0, 29_999), (777, 25_000), (29_998, 29_999)] {
        let mut dump = StoreDumpWriter::create(&path).unwrap();
        for number in 0..30_000 {
            let number = if number == again { first } else { number };
            dump.write(format!("key\n{number}").as_bytes(), &[7; 100], None).unwrap();
        }
        let error = dump.finish().unwrap_err();
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        let DumpError::Duplicate { key, first: one, again: other, .. } = error else {
            panic!("{text}");
        };
        assert_eq!((key, one, other), (format!("key\n{first}").into_bytes(), first, again));
        assert_eq!(folder.names(), ["dump"]);
        assert_eq!(StoreSnapshot::open(&path).unwrap().get(b"old").unwrap(), Some(&b"1"[..]));
    }
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    (0..100_000).for_each(|_| dump.write(b"the same", b"", None).unwrap());
    assert!(matches!(dump.finish(), Err(DumpError::Duplicate { first: 0, again: 1, .. })));
}

#[test]
fn what_is_too_large_is_left_out() {
    let folder = Folder::new("too-large");
    let path = folder.file("dump");
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    dump.write(b"one", b"1", None).unwrap();
    let error = dump.write(b"k", &vec![0; 1 << 30], None).unwrap_err();
    assert!(matches!(error, DumpError::TooLarge { .. }), "{error}");
    dump.write(b"two", b"2", None).unwrap();
    assert_eq!(dump.finish().unwrap().entries, 2);
    StoreSnapshot::open(&path).unwrap().verify().unwrap();
}

#[test]
fn one_that_is_dropped_leaves_nothing_and_two_do_not_meet() {
    let folder = Folder::new("dropped");
    let path = folder.file("dump");
    let mut dump = StoreDumpWriter::create(&path).unwrap();
    (0..5000_u32).for_each(|n| dump.write(&n.to_le_bytes(), &[7; 1000], None).unwrap());
    assert!(matches!(StoreDumpWriter::create(&path), Err(DumpError::Busy { .. })));
    assert!(matches!(Store::new().dump(&path), Err(DumpError::Busy { .. })));
    drop(dump);
    assert_eq!(folder.names(), [""; 0]);
    StoreDumpWriter::create(&path).unwrap().finish().unwrap();
    assert!(StoreSnapshot::open(&path).unwrap().is_empty());
}
