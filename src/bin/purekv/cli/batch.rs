//! Commands from a pipe, one on each line; ends at the first that has no reply.

use std::io::{self, BufRead};

use super::failure::Failure;
use super::shell::{Next, Shell};

pub(crate) fn run(shell: &mut Shell) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(Failure::Input)? == 0 {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if shell.line(&line)? == Next::Exit {
            return Ok(());
        }
    }
}
