//! `--scan`: all keys, or those that match, each on a line; a little at a time, so that the server does other things in between.

use purekv::resp::frame::Frame;

use super::failure::Failure;
use super::shell::{Shell, print};

/// Ends early if a reply is an error, which is shown.
pub(crate) fn run(shell: &mut Shell, pattern: Option<&str>, count: u32) -> Result<(), Failure> {
    let mut cursor = b"0".to_vec();
    loop {
        let mut args = vec![b"SCAN".to_vec(), cursor];
        args.extend(pattern.iter().flat_map(|pattern| [b"MATCH".to_vec(), (*pattern).into()]));
        args.extend([b"COUNT".to_vec(), count.to_string().into_bytes()]);
        let Some(reply) = shell.session.call(&args, &mut |_| Ok(()))? else {
            return Ok(());
        };
        let (next, keys) = match reply {
            Frame::Array(parts) => match <[Frame; 2]>::try_from(parts) {
                Ok([Frame::Bulk(next), Frame::Array(keys)]) => (next, keys),
                other => {
                    return wrong(shell, &Frame::Array(other.map_or_else(|all| all, Vec::from)));
                }
            },
            other => return wrong(shell, &other),
        };
        let lines: Vec<u8> = keys.iter().flat_map(|key| shell.form.text(key)).collect();
        print(&lines)?;
        if next == b"0" {
            return Ok(());
        }
        cursor = next;
        shell.rest();
    }
}

fn wrong(shell: &mut Shell, reply: &Frame) -> Result<(), Failure> {
    shell.had_error = true;
    print(&shell.form.text(reply))
}
