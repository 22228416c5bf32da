use purekv::resp::frame::Frame;
use purekv::resp::{glob, number};

use crate::random::Random;
use crate::server::Server;

fn any_of(random: &mut Random, bytes: &[u8], length: u64) -> Vec<u8> {
    let length = random.below(length + 1);
    (0..length).map(|_| bytes[random.below(bytes.len() as u64) as usize]).collect()
}

#[test]
fn patterns_match_what_they_match_in_redis() {
    let Some(server) = Server::start("patterns") else { return };
    let mut client = server.client();
    let mut random = Random::new(11);
    for _ in 0..300 {
        client.call(&[b"FLUSHALL"]);
        let keys: Vec<_> = (0..4).map(|_| any_of(&mut random, b"abcABC-]\\^[*", 6)).collect();
        for key in &keys {
            client.call(&[b"SET", key, b""]);
        }
        for _ in 0..20 {
            let pattern = any_of(&mut random, b"ab*?[]^-\\c*", 8);
            let Frame::Array(found) = client.call(&[b"KEYS", &pattern]) else { panic!("no array") };
            for key in &keys {
                let is_found = found.contains(&Frame::Bulk(key.clone()));
                let (shown, key_shown) = (pattern.escape_ascii(), key.escape_ascii());
                assert_eq!(glob::matches(&pattern, key), is_found, "{shown} {key_shown}");
            }
        }
    }
}

#[test]
fn integers_are_what_redis_takes() {
    let Some(server) = Server::start("integers") else { return };
    let mut client = server.client();
    let mut random = Random::new(13);
    let mut taken = 0;
    let fixed = [
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "0",
        "-0",
        "",
    ];
    let random = (0..2000).map(|_| any_of(&mut random, b"-0123456789123456789+ x", 4));
    for text in fixed.into_iter().map(|text| text.as_bytes().to_vec()).chain(random) {
        client.call(&[b"SET", b"k", b"0"]);
        let expected = match number::integer(&text) {
            Some(value) => Frame::Integer(value),
            None => Frame::Error(number::NOT_AN_INTEGER.into()),
        };
        taken += u32::from(matches!(expected, Frame::Integer(_)));
        assert_eq!(client.call(&[b"INCRBY", b"k", &text]), expected, "{}", text.escape_ascii());
    }
    assert!((200..1900).contains(&taken), "{taken}");
    client.call(&[b"SET", b"k", b"1"]);
    let overflow = client.call(&[b"INCRBY", b"k", b"9223372036854775807"]);
    assert_eq!(overflow, Frame::Error(number::INTEGER_OVERFLOW.into()));
}

#[test]
fn floats_are_what_redis_takes() {
    let Some(server) = Server::start("floats") else { return };
    let mut client = server.client();
    let mut random = Random::new(17);
    let fixed =
        ["inf", "-Infinity", "nan", "1e5", "1E-5", "-0", "0.1", "1e17", "123456.789", "", "."];
    let random = (0..2000).map(|_| any_of(&mut random, b"0123456789+-.e x", 6));
    for text in fixed.into_iter().map(|text| text.as_bytes().to_vec()).chain(random) {
        client.call(&[b"DEL", b"k"]);
        let said = client.call(&[b"INCRBYFLOAT", b"k", &text]);
        let value = number::float(&text);
        // Beyond a float's range and not beyond a long double's: see `number`.
        if value.is_none() && matches!(&said, Frame::Bulk(_)) && text.contains(&b'e') {
            continue;
        }
        let expected = match value {
            Some(value) if value.is_infinite() => Frame::Error(number::FLOAT_OVERFLOW.into()),
            Some(value) => {
                let mut text = Vec::new();
                number::write_human(&mut text, value);
                Frame::Bulk(text)
            }
            None => Frame::Error(number::NOT_A_FLOAT.into()),
        };
        // A long double shows more digits than a float has, where it is not a short number.
        assert_eq!(is_near(&said, &expected), Ok(()), "{}", text.escape_ascii());
    }
}

/// Whether both are the same, or the same number to 15 digits.
fn is_near(said: &Frame, expected: &Frame) -> Result<(), String> {
    let (Frame::Bulk(text), Frame::Bulk(ours)) = (said, expected) else {
        return if said == expected { Ok(()) } else { Err(format!("{said:?} {expected:?}")) };
    };
    let [there, here] =
        [text, ours].map(|text| str::from_utf8(text).unwrap().parse::<f64>().unwrap());
    if (there - here).abs() <= here.abs() * 1e-15 + 1e-17 {
        Ok(())
    } else {
        Err(format!("{said:?} {expected:?}"))
    }
}
