//! Calls that go together.

use purekv::client::{Error, call};

use crate::served;

#[test]
fn each_call_has_its_own_result() {
    served::each(|served| {
        let client = served.client();
        let (done, refused, value, sums) = client
            .run((
                call::insert(b"a", b"word"),
                call::add(b"a", 1),
                call::get(b"a"),
                [call::add(b"n", 2), call::add(b"n", 3)],
            ))
            .unwrap();
        done.unwrap();
        assert!(matches!(refused, Err(Error::Server { operation: "add", .. })));
        assert_eq!(value.unwrap().as_deref(), Some(&b"word"[..]));
        assert_eq!(sums.map(Result::unwrap), [2, 5]);
    });
}

#[test]
fn calls_of_any_number_of_commands_keep_their_places() {
    served::each(|served| {
        let client = served.client();
        let minute = std::time::Duration::from_secs(60);
        let (nothing, done, values, none, sum) = client
            .run((
                call::get_many(&[]),
                call::insert_many_with_ttl(&[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")], minute),
                call::get_many(&[b"c", b"a"]),
                call::insert_many(&[]),
                call::add(b"b", 40),
            ))
            .unwrap();
        assert_eq!(nothing.unwrap(), Vec::<Option<Vec<u8>>>::new());
        done.unwrap();
        assert_eq!(values.unwrap(), [Some(b"3".to_vec()), Some(b"1".to_vec())]);
        none.unwrap();
        assert_eq!(sum.unwrap(), 42);
        assert!(client.run(Vec::<call::Call<()>>::new()).unwrap().is_empty());
    });
}

/// Requests and replies of many megabytes: neither side may wait for the other to read.
#[test]
fn more_than_the_buffers_hold() {
    served::each(|served| {
        let client = served.client();
        let value = |number: u32| {
            let mut value = number.to_string().into_bytes();
            value.resize(10_000, b'.');
            value
        };
        let keys: Vec<_> = (0..2000_u32).map(|number| number.to_string().into_bytes()).collect();
        let inserts = keys.iter().zip(0..).map(|(key, number)| call::insert(key, &value(number)));
        let gets: Vec<_> = keys.iter().map(|key| call::get(key)).collect();
        // The large ones come back while small and large ones are on their way.
        let again: Vec<_> =
            keys.iter().map(|key| (call::get(key), call::insert(key, &value(7)))).collect();
        let (inserted, got, changed) =
            client.run((inserts.collect::<Vec<_>>(), gets, again)).unwrap();
        assert!(inserted.into_iter().all(|result| result.is_ok()));
        for ((number, got), (again, changed)) in (0..).zip(got).zip(changed) {
            assert_eq!(got.unwrap(), Some(value(number)));
            assert_eq!(again.unwrap(), Some(value(number)));
            changed.unwrap();
        }
    });
}
