//! Carries commands out and shows what comes back; the same for a prompt, a pipe and a single command.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use purekv::resp::frame::Frame;

use super::failure::Failure;
use super::help::help;
use super::line::Line;
use super::print::Form;
use super::session::{Session, is};

/// From here on, how long a command took is said.
const LONG: Duration = Duration::from_millis(500);

pub(crate) struct Shell {
    pub(crate) session: Session,
    pub(crate) form: Form,
    /// Whether to show what the server says without having been asked.
    pub(crate) shows_pushes: bool,
    /// Between two times of the same command, or two steps of a scan.
    pub(crate) interval: Duration,
    /// There was an error reply.
    pub(crate) had_error: bool,
}

/// What is to be done after a line.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    Line,
    Clear,
    Exit,
}

pub(crate) fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::Output)
}

impl Shell {
    /// Does what a line says.
    pub(crate) fn line(&mut self, line: &[u8]) -> Result<Next, Failure> {
        match Line::read(line) {
            Line::Empty => {}
            Line::Wrong(told) => {
                self.had_error = true;
                print(format!("{told}\n").as_bytes())?;
            }
            Line::Exit => return Ok(Next::Exit),
            Line::Clear => return Ok(Next::Clear),
            Line::Help(words) => {
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                print(help(&words).as_bytes())?;
            }
            Line::Connect(place) => self.session.go_to(place)?,
            Line::Command(args, times) => {
                let start = Instant::now();
                self.command(&args, Some(times))?;
                let took = start.elapsed();
                if took >= LONG && self.form == Form::Pretty {
                    print(format!("({:.2}s)\n", took.as_secs_f64()).as_bytes())?;
                }
            }
        }
        Ok(Next::Line)
    }

    /// Sends a command so many times, or for ever.
    pub(crate) fn command(&mut self, args: &[Vec<u8>], times: Option<u32>) -> Result<(), Failure> {
        let mut done = 0;
        while times.is_none_or(|times| done < times) {
            if done > 0 {
                self.rest();
            }
            self.once(args)?;
            done = done.saturating_add(1);
        }
        Ok(())
    }

    fn once(&mut self, args: &[Vec<u8>]) -> Result<(), Failure> {
        let form = self.form;
        let subscribes =
            ["subscribe", "psubscribe", "ssubscribe"].iter().any(|name| is(args, name));
        if subscribes || is(args, "monitor") {
            if subscribes && form != Form::Raw {
                print(b"Reading messages... (press Ctrl-C to quit)\n")?;
            }
            return self.session.follow(args, &mut |reply| print(&form.text(&reply)));
        }
        let shows_pushes = self.shows_pushes;
        let mut push = |items: Vec<Frame>| match shows_pushes {
            true => print(&form.push(&items)),
            false => Ok(()),
        };
        let Some(reply) = self.session.call(args, &mut push)? else {
            return Ok(());
        };
        self.had_error |= matches!(reply, Frame::Error(_) | Frame::BulkError(_));
        print(&form.text_for(args, &reply))
    }

    /// Waits as long as is to be waited between two commands.
    pub(crate) fn rest(&self) {
        let end = Instant::now() + self.interval;
        let left = || end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        // It may wake up early.
        while let Some(left) = left() {
            thread::park_timeout(left);
        }
    }
}
