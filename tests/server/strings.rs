use std::time::Duration;

use purekv::Store;
use purekv::server::{Database, Server, Settings};

use crate::driver::{Client, both, server};

#[test]
fn whole_values() {
    both(&[
        ("GET k", "_|"),
        ("SET k hello", "+OK|"),
        ("GET k", "$5|hello|"),
        ("get k", "$5|hello|"),
        ("GETSET k world", "$5|hello|"),
        ("GETSET other x", "_|"),
        ("MGET k nope other k", "*4|$5|world|_|$1|x|$5|world|"),
        ("GETDEL k", "$5|world|"),
        ("GETDEL k", "_|"),
        ("SETNX k 1", ":1|"),
        ("SETNX k 2", ":0|"),
        ("GET k", "$1|1|"),
        ("MSET a 1 b 2 a 3", "+OK|"),
        ("MGET a b", "*2|$1|3|$1|2|"),
        ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command|"),
        ("MSET a", "-ERR wrong number of arguments for 'mset' command|"),
        ("SET '' ''", "+OK|"),
        ("GET ''", "$0||"),
        ("GET", "-ERR wrong number of arguments for 'get' command|"),
        ("GET a b", "-ERR wrong number of arguments for 'get' command|"),
    ]);
}

#[test]
fn set_with_options() {
    both(&[
        ("SET k 1 XX", "_|"),
        ("SET k 1 NX", "+OK|"),
        ("SET k 2 NX", "_|"),
        ("SET k 2 XX GET", "$1|1|"),
        ("SET k 3 NX GET", "$1|2|"),
        ("SET k 3 GET", "$1|2|"),
        ("SET new 1 GET", "_|"),
        ("SET k 1 EX 100", "+OK|"),
        ("TTL k", ":100|"),
        ("SET k 2 KEEPTTL", "+OK|"),
        ("PTTL k", ":100000|"),
        ("SET k 3", "+OK|"),
        ("TTL k", ":-1|"),
        ("SET k 3 px 1500", "+OK|"),
        ("PTTL k", ":1500|"),
        ("TTL k", ":2|"),
        ("SET k 3 EX 1 EX 20", "+OK|"),
        ("TTL k", ":20|"),
        ("SET k 3 PXAT 32503680000000", "+OK|"),
        ("GET k", "$1|3|"),
        ("SET k 3 EXAT 4102444800", "+OK|"),
        ("EXPIRETIME k", ":4102444800|"),
        ("PEXPIRETIME k", ":4102444800000|"),
        ("SET k 3 EXAT 1", "+OK|"),
        ("GET k", "_|"),
        ("SET k 1 EX 1 PX 1", "-ERR syntax error|"),
        ("SET k 1 EX 1 KEEPTTL", "-ERR syntax error|"),
        ("SET k 1 NX XX", "-ERR syntax error|"),
        ("SET k 1 EX", "-ERR syntax error|"),
        ("SET k 1 PERSIST", "-ERR syntax error|"),
        ("SET k 1 EX 0", "-ERR invalid expire time in 'set' command|"),
        ("SET k 1 EX -1", "-ERR invalid expire time in 'set' command|"),
        ("SET k 1 EX 9223372036854775807", "-ERR invalid expire time in 'set' command|"),
        ("SET k 1 EX x", "-ERR value is not an integer or out of range|"),
        ("SETEX k 0 v", "-ERR invalid expire time in 'setex' command|"),
        ("SETEX k 10 v", "+OK|"),
        ("TTL k", ":10|"),
        ("PSETEX k 2500 v", "+OK|"),
        ("PTTL k", ":2500|"),
        ("PSETEX k 0 v", "-ERR invalid expire time in 'psetex' command|"),
    ]);
}

#[test]
fn getex() {
    both(&[
        ("GETEX k EX 0", "_|"),
        ("GETEX k EX x", "_|"),
        ("GETEX k FOO", "-ERR syntax error|"),
        ("SET k v", "+OK|"),
        ("GETEX k", "$1|v|"),
        ("GETEX k EX 10", "$1|v|"),
        ("TTL k", ":10|"),
        ("GETEX k EX 0", "-ERR invalid expire time in 'getex' command|"),
        ("GETEX k", "$1|v|"),
        ("TTL k", ":10|"),
        ("GETEX k PERSIST", "$1|v|"),
        ("TTL k", ":-1|"),
        ("GETEX k PERSIST EX 1", "-ERR syntax error|"),
        ("GETEX k NX", "-ERR syntax error|"),
        ("GETEX k PXAT 1", "$1|v|"),
        ("EXISTS k", ":0|"),
    ]);
}

#[test]
fn parts_of_values() {
    both(&[
        ("STRLEN k", ":0|"),
        ("APPEND k Hello", ":5|"),
        ("APPEND k ' World'", ":11|"),
        ("STRLEN k", ":11|"),
        ("GETRANGE k 0 3", "$4|Hell|"),
        ("GETRANGE k -3 -1", "$3|rld|"),
        ("SUBSTR k 0 -1", "$11|Hello World|"),
        ("GETRANGE k 10 100", "$1|d|"),
        ("GETRANGE k 5 2", "$0||"),
        ("GETRANGE nope 0 -1", "$0||"),
        ("GETRANGE k x 1", "-ERR value is not an integer or out of range|"),
        ("SETRANGE k 6 Redis", ":11|"),
        ("GET k", "$11|Hello Redis|"),
        ("SETRANGE k 12 !", ":13|"),
        ("GET k", "$13|Hello Redis\0!|"),
        ("SETRANGE nope 5 ''", ":0|"),
        ("EXISTS nope", ":0|"),
        ("SETRANGE k 1 ''", ":13|"),
        ("SETRANGE k -1 x", "-ERR offset is out of range|"),
        (
            "SETRANGE k 536870911 xx",
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|",
        ),
        (
            "SETRANGE k 9223372036854775807 xx",
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|",
        ),
        ("APPEND empty ''", ":0|"),
        ("EXISTS empty", ":1|"),
    ]);
}

#[test]
fn numbers() {
    both(&[
        ("INCR n", ":1|"),
        ("INCRBY n 41", ":42|"),
        ("DECR n", ":41|"),
        ("DECRBY n 51", ":-10|"),
        ("GET n", "$3|-10|"),
        ("SET n 9223372036854775807", "+OK|"),
        ("INCR n", "-ERR increment or decrement would overflow|"),
        ("GET n", "$19|9223372036854775807|"),
        ("DECRBY n -9223372036854775808", "-ERR decrement would overflow|"),
        ("INCRBY n 1.5", "-ERR value is not an integer or out of range|"),
        ("SET n ' 1'", "+OK|"),
        ("INCR n", "-ERR value is not an integer or out of range|"),
        ("SET n 10 EX 100", "+OK|"),
        ("INCR n", ":11|"),
        ("TTL n", ":100|"),
        ("SET f 10.50", "+OK|"),
        ("INCRBYFLOAT f 0.1", "$4|10.6|"),
        ("INCRBYFLOAT f -5", "$3|5.6|"),
        ("SET f 5.0e3", "+OK|"),
        ("INCRBYFLOAT f 2.0e2", "$4|5200|"),
        ("INCRBYFLOAT f x", "-ERR value is not a valid float|"),
        ("INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity|"),
        ("SET f x", "+OK|"),
        ("INCRBYFLOAT f 1", "-ERR value is not a valid float|"),
        ("INCRBYFLOAT new 3.0", "$1|3|"),
    ]);
}

#[test]
fn bits() {
    both(&[
        ("SETBIT b 7 1", ":0|"),
        ("SETBIT b 7 0", ":1|"),
        ("GET b", "$1|\0|"),
        ("GETBIT b 7", ":0|"),
        ("GETBIT b 700", ":0|"),
        ("GETBIT nope 7", ":0|"),
        ("SETBIT b -1 0", "-ERR bit offset is not an integer or out of range|"),
        ("SETBIT b 4294967296 0", "-ERR bit offset is not an integer or out of range|"),
        ("SETBIT b 1 2", "-ERR bit is not an integer or out of range|"),
        ("SET b foobar", "+OK|"),
        ("BITCOUNT b", ":26|"),
        ("BITCOUNT b 0 0", ":4|"),
        ("BITCOUNT b 1 1", ":6|"),
        ("BITCOUNT b 1 1 BYTE", ":6|"),
        ("BITCOUNT b 5 30 BIT", ":17|"),
        ("BITCOUNT b 1", "-ERR syntax error|"),
        ("BITCOUNT nope 1", ":0|"),
        (r#"SET b "\xff\xf0\x00""#, "+OK|"),
        ("BITPOS b 0", ":12|"),
        ("BITPOS b 1 2", ":-1|"),
        (r#"SET b "\x00\xff\xf0""#, "+OK|"),
        ("BITPOS b 1 0", ":8|"),
        ("BITPOS b 1 2", ":16|"),
        ("BITPOS b 1 2 -1 BYTE", ":16|"),
        ("BITPOS b 1 7 15 BIT", ":8|"),
        ("BITPOS b 2", "-ERR The bit argument must be 1 or 0.|"),
        (r#"SET b "\xff\xff""#, "+OK|"),
        ("BITPOS b 0", ":16|"),
        ("BITPOS b 0 0 -1", ":-1|"),
        ("BITPOS nope 1", ":-1|"),
        ("BITPOS nope 0", ":0|"),
    ]);
}

#[test]
fn common_subsequences() {
    both(&[
        ("LCS a b", "$0||"),
        ("MSET a ohmytext b mynewtext", "+OK|"),
        ("LCS a b", "$6|mytext|"),
        ("LCS a b LEN", ":6|"),
        ("LCS a nope LEN", ":0|"),
        ("LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX.|"),
        ("LCS a b FOO", "-ERR syntax error|"),
        ("LCS a b MINMATCHLEN", "-ERR syntax error|"),
        ("LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range|"),
    ]);
    let mut client = Client::alone();
    client.check(&[
        ("MSET a ohmytext b mynewtext", "+OK|"),
        ("LCS a b IDX", "*4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|len|:6|"),
        (
            "LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
            "*4|$7|matches|*1|*3|*2|:4|:7|*2|:5|:8|:4|$3|len|:6|",
        ),
    ]);
    let long = "x".repeat(20_000);
    client.check(&[
        (&format!("MSET a {long} b {long}"), "+OK|"),
        (
            "LCS a b",
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len|",
        ),
    ]);
}

#[test]
fn keys_expire() {
    both(&[
        ("EXPIRE k 10", ":0|"),
        ("TTL k", ":-2|"),
        ("EXPIRETIME k", ":-2|"),
        ("SET k v", "+OK|"),
        ("TTL k", ":-1|"),
        ("PEXPIRETIME k", ":-1|"),
        ("PERSIST k", ":0|"),
        ("EXPIRE k 10 XX", ":0|"),
        ("EXPIRE k 10 GT", ":0|"),
        ("EXPIRE k 10 NX", ":1|"),
        ("EXPIRE k 10 NX", ":0|"),
        ("EXPIRE k 10 GT", ":0|"),
        ("EXPIRE k 11 GT", ":1|"),
        ("EXPIRE k 11 LT", ":0|"),
        ("EXPIRE k 9 LT", ":1|"),
        ("EXPIRE k 12 XX GT", ":1|"),
        ("TTL k", ":12|"),
        ("PEXPIRE k 1500", ":1|"),
        ("PTTL k", ":1500|"),
        ("PERSIST k", ":1|"),
        ("EXPIRE k 10 LT", ":1|"),
        ("EXPIREAT k 4102444800", ":1|"),
        ("EXPIRETIME k", ":4102444800|"),
        ("PEXPIREAT k 4102444800123", ":1|"),
        ("PEXPIRETIME k", ":4102444800123|"),
        ("EXPIRE k 1 FOO", "-ERR Unsupported option FOO|"),
        (
            "EXPIRE k 1 NX GT",
            "-ERR NX and XX, GT or LT options at the same time are not compatible|",
        ),
        ("EXPIRE k 1 LT GT", "-ERR GT and LT options at the same time are not compatible|"),
        ("EXPIRE k x", "-ERR value is not an integer or out of range|"),
        ("EXPIRE k 9223372036854775", "-ERR invalid expire time in 'expire' command|"),
        ("EXPIREAT k 92233720368547758", "-ERR invalid expire time in 'expireat' command|"),
        ("EXPIRE k -1", ":1|"),
        ("EXISTS k", ":0|"),
    ]);
}

#[test]
fn what_is_due_is_absent() {
    let (server, hand) = server();
    let mut client = Client::new(&server);
    client.check(&[("SET k v PX 1000", "+OK|"), ("SET keep v", "+OK|")]);
    hand.advance(Duration::from_millis(999));
    client.check(&[("GET k", "$1|v|"), ("PTTL k", ":1|"), ("TTL k", ":0|")]);
    hand.advance(Duration::from_millis(2));
    client.check(&[
        ("GET k", "$-1|"),
        ("TTL k", ":-2|"),
        ("KEYS *", "*1|$4|keep|"),
        ("SETNX k w", ":1|"),
        ("TTL k", ":-1|"),
    ]);
}

#[test]
fn what_is_too_heavy_is_refused_and_leaves_what_there_is() {
    let store = Store::builder().max_memory(1000).build();
    let server = Server::new(Database::new(store), Settings::default());
    let mut client = Client::new(&server);
    let long = "x".repeat(2000);
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.|";
    client.check(&[("SET k v", "+OK|"), ("SET e v EX 10", "+OK|")]);
    for line in [
        format!("SET k {long}"),
        format!("SET k {long} EX 10"),
        format!("SET k {long} GET"),
        format!("MSET k {long}"),
        format!("GETSET k {long}"),
        format!("SETEX k 10 {long}"),
        format!("SETNX other {long}"),
        format!("APPEND k {long}"),
        "SETRANGE k 2000 x".to_owned(),
        "SETBIT k 16000 1".to_owned(),
    ] {
        client.check(&[(&line, oom), ("GET k", "$1|v|"), ("TTL k", ":-1|")]);
    }
    client.check(&[("EXISTS other", ":0|"), ("TTL e", ":10|")]);
}
